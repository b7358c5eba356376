from services import tries
from services.backend import Backend
from services.uploads.asking import Asked, Standing, ask_rework, reworks
from tests.posting import ready_upload
from tests.services.outbox_rows import change
from tests.uploading import Uploader, begin_job, change_row, events_of


async def test_each_is_asked_for_once_until_it_is_done(backend: Backend, alice: Uploader, mallory: Uploader) -> None:
    ids = [await ready_upload(backend, owner.id) for owner in (alice, mallory, alice)]
    first = await ask_rework(backend, ids[:2])
    assert (first.upload_ids, first.asked, len(first.event_ids)) == (frozenset(ids[:2]), 2, 2)
    again = await ask_rework(backend, ids)
    assert (again.upload_ids, again.asked) == (frozenset(ids), 1)
    assert first.event_ids < again.event_ids
    assert [await events_of(backend, number) for number in ids] == [["MediaReworkAsked"]] * 3
    assert await reworks(backend, again.event_ids) == Standing(0, 0)
    job = await begin_job(backend, ids[0], "rework_upload")
    assert job is not None
    assert job.payload == {"upload_id": ids[0], "owner_id": alice.id, "byte_size": 1000}
    assert (await ask_rework(backend, ids)).asked == 0  # it runs
    await tries.finish(job)
    assert await reworks(backend, again.event_ids) == Standing(1, 0)
    assert (await ask_rework(backend, ids)).asked == 1


async def test_anew_is_asked_for_in_any_case(backend: Backend, alice: Uploader) -> None:
    upload_id = await ready_upload(backend, alice.id)
    await ask_rework(backend, [upload_id])
    assert (await ask_rework(backend, [upload_id], anew=True)).asked == 1
    job = await begin_job(backend, upload_id, "rework_upload")
    assert job is not None
    assert job.payload["anew"] is True


async def test_what_is_shown_no_more_or_is_not_there_is_not_asked_for(backend: Backend, alice: Uploader) -> None:
    upload_id = await ready_upload(backend, alice.id)
    await change_row(backend, upload_id, "status = 'REJECTED'")
    assert await ask_rework(backend, [upload_id, upload_id + 1]) == Asked(frozenset(), frozenset(), 0)
    assert await reworks(backend, []) == Standing(0, 0)


async def test_what_was_given_up_is_counted(backend: Backend, alice: Uploader) -> None:
    upload_id = await ready_upload(backend, alice.id)
    asked = await ask_rework(backend, [upload_id])
    [event_id] = asked.event_ids
    await change(backend, event_id, "state = 'DEAD'")
    assert await reworks(backend, asked.event_ids) == Standing(0, 1)
