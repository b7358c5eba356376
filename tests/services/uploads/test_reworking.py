"""What was lost comes back at the same place; what is made otherwise now takes the place of what was; and whatever dies
or comes in between, nothing is left over."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import httpx
import pytest

from media.film.runner import FilmRunner
from media.keys import rendition_of
from media.ondemand import OnDemand
from media.runner import ImageRunner
from models.tables import MediaStatus
from services.accounts.profile import update_profile
from services.backend import Backend
from services.outbox import Job, Unfinished
from services.posts.attaching import NewMedia
from services.posts.create import NewPost, create_post
from services.uploads import reworking
from services.uploads.asking import ask_rework
from services.uploads.cancelling import cancel_upload
from services.uploads.filming import process_film
from services.uploads.finishing import finish_upload
from services.uploads.processing import process_upload
from services.uploads.reworking import Runners, rework_upload
from services.uploads.rows import keys_of
from services.uploads.stored import stored_sizes
from tests.factories import make_user
from tests.filming import small_film
from tests.pictures import small_photo
from tests.posting import links, post_row
from tests.uploading import Uploader, begin_job, change_row, is_stored, post_form, row_of, run_job

PHOTO = small_photo()
HANDLER = "rework_upload"


@pytest.fixture(scope="module")
async def runners() -> AsyncIterator[Runners]:
    async with OnDemand(ImageRunner) as photos, OnDemand(FilmRunner) as films:
        yield Runners(photos, films)


Rework = Callable[..., Awaitable[Job]]


@pytest.fixture
def rework(backend: Backend, runners: Runners) -> Rework:
    """Asks for it and does it, as a worker would."""

    async def rework(upload_id: int, *, anew: bool = False) -> Job:
        await ask_rework(backend, [upload_id], anew=anew)
        return await run_job(backend, upload_id, HANDLER, partial(rework_upload, runners))

    return rework


async def photo(backend: Backend, owner: Uploader, runner: ImageRunner, purpose: str = "POST") -> dict[str, Any]:
    """The row of a picture that is READY."""
    upload = await owner.finish(PHOTO, purpose=purpose, alt_text="Coffee")
    await run_job(backend, upload.id, "process_upload", partial(process_upload, runner))
    return dict(await row_of(backend, upload.id))


async def contents(backend: Backend, row: dict[str, Any]) -> dict[str, bytes]:
    """Of all objects of the row's rendition, by key."""
    [token] = {rendition_of(key) for key in keys_of(row["result"])}
    found = {}
    for name in await stored_sizes(backend, str(token)):
        stream = await backend.storage.open(f"variants/{token}/{name}")
        found[f"variants/{token}/{name}"] = b"".join([chunk async for chunk in stream])
        stream.close()
    return found


async def test_what_was_lost_is_back_at_the_same_place(
    backend: Backend, alice: Uploader, runner: ImageRunner, rework: Rework
) -> None:
    before = await photo(backend, alice, runner)
    content = await contents(backend, before)
    keys = keys_of(before["result"])
    await backend.storage.delete(keys[:4])
    await backend.storage.put(keys[4], b"half", "image/jpeg")
    kept = await backend.storage.head(keys[-1])
    await rework(before["id"])
    assert await contents(backend, before) == content
    assert dict(await row_of(backend, before["id"])) == before
    assert (await backend.storage.head(keys[0])).content_type == "image/jpeg"
    assert (await backend.storage.head(keys[-1])).last_modified == kept.last_modified


async def test_what_was_sent_in_its_place_since_is_not_made_anything_of(
    backend: Backend, alice: Uploader, runner: ImageRunner, rework: Rework
) -> None:
    upload = await alice.send(PHOTO)
    await finish_upload(backend, alice.id, upload.id, None)
    await run_job(backend, upload.id, "process_upload", partial(process_upload, runner))
    before = dict(await row_of(backend, upload.id))
    assert before["sha256"] == hashlib.sha256(PHOTO).digest()
    other = small_photo(300, 200)
    assert (await post_form(upload, other.ljust(len(PHOTO), b"\0"))).status_code == httpx.codes.NO_CONTENT
    await backend.storage.delete(keys_of(before["result"])[:1])
    content = await contents(backend, before)
    for anew in (False, True):
        await rework(upload.id, anew=anew)
        assert dict(await row_of(backend, upload.id)) == before
        assert await contents(backend, before) == content
    await backend.storage.put(before["object_key"], PHOTO, "image/jpeg")
    await rework(upload.id)
    assert [await is_stored(backend, key) for key in keys_of(before["result"])] == [True] * 12


async def without(backend: Backend, row: dict[str, Any], *names: str) -> dict[str, Any]:
    """As it was made before there were pictures of these names. The row then."""
    variants = row["result"]["variants"]
    gone = [one["key"] for one in variants if one["key"].rpartition("/")[2] in names]
    await backend.storage.delete(gone)
    left = [one for one in variants if one["key"] not in gone]
    said = json.dumps({**row["result"], "variants": left}).replace("'", "''")
    await change_row(backend, row["id"], f"result = '{said}'::jsonb")
    return dict(await row_of(backend, row["id"]))


async def test_what_is_made_by_now_is_added_wherever_it_is_shown(
    backend: Backend, runner: ImageRunner, rework: Rework
) -> None:
    person = await make_user(backend)
    owner = Uploader(backend, person.id)
    first, second, avatar = [await photo(backend, owner, runner, purpose) for purpose in ("POST", "POST", "AVATAR")]
    older = {row["id"]: await without(backend, row, "150.webp") for row in (first, avatar)}
    media = [NewMedia(second["id"], "Tea"), NewMedia(first["id"], "Milk")]
    post_id = await create_post(backend, links(backend), person.id, NewPost(media=media, caption=""))
    await update_profile(backend, person.viewer, {"avatar_upload_id": avatar["id"]})
    shown = (await post_row(backend, post_id))["media"]
    for row in (first, avatar):
        await rework(row["id"])
        now = dict(await row_of(backend, row["id"]))
        assert now["result"] == row["result"]
        assert now["version"] == older[row["id"]]["version"] + 1
        assert all([await is_stored(backend, key) for key in keys_of(now["result"])])
    after = (await post_row(backend, post_id))["media"]
    assert after[0] == shown[0]
    assert after[1] == shown[1] | {"variants": first["result"]["variants"]}
    assert after[1]["alt_text"] == "Milk"
    sql = "SELECT avatar FROM users WHERE id = $1"
    [user] = await backend.reader().on_shard_of(person.id, sql, person.id)
    assert user["avatar"]["variants"] == avatar["result"]["variants"]
    assert user["avatar"]["id"] == avatar["id"]


async def test_anew_it_gets_another_token_and_the_old_one_is_withdrawn(
    backend: Backend, alice: Uploader, runner: ImageRunner, rework: Rework
) -> None:
    before = await photo(backend, alice, runner)
    await rework(before["id"], anew=True)
    after = dict(await row_of(backend, before["id"]))
    old, new = keys_of(before["result"]), keys_of(after["result"])
    assert set(old).isdisjoint(new)
    assert [await is_stored(backend, key) for key in (*old, *new)] == [False] * len(old) + [True] * len(new)
    sql = "SELECT rendition FROM withdrawn_media WHERE owner_id = $1"
    rows = await backend.reader().on_shard_of(alice.id, sql, alice.id)
    assert [row["rendition"] for row in rows] == [rendition_of(old[0])]


async def test_a_picture_of_another_size_gets_another_token(
    backend: Backend, alice: Uploader, runner: ImageRunner, rework: Rework
) -> None:
    before = await photo(backend, alice, runner)
    await change_row(backend, before["id"], "result = jsonb_set(result, '{width}', '5')")
    await rework(before["id"])
    after = dict(await row_of(backend, before["id"]))
    assert after["result"]["width"] == before["result"]["width"]
    assert set(keys_of(before["result"])).isdisjoint(keys_of(after["result"]))


class Killed(BaseException):
    """Power was lost."""


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("point", ["after_download", "after_render", "after_name", "after_put", "after_replace"])
async def test_killed_at_a_point_the_next_try_goes_on(
    backend: Backend,
    alice: Uploader,
    runner: ImageRunner,
    runners: Runners,
    monkeypatch: pytest.MonkeyPatch,
    *,
    point: str,
    anew: bool,
) -> None:
    whole = await photo(backend, alice, runner)
    await without(backend, whole, "150.webp", "150.jpg")
    await ask_rework(backend, [whole["id"]], anew=anew)

    def die(name: str) -> None:
        if name == f"rework_upload.{point}":
            raise Killed

    job = await begin_job(backend, whole["id"], HANDLER)
    assert job is not None
    with monkeypatch.context() as patched:
        patched.setattr(reworking, "crash_point", die)
        with pytest.raises(Killed):
            await rework_upload(runners, job)
    await run_job(backend, whole["id"], HANDLER, partial(rework_upload, runners))
    after = dict(await row_of(backend, whole["id"]))
    keys = keys_of(after["result"])
    assert len(keys) == len(keys_of(whole["result"]))
    assert (keys == keys_of(whole["result"])) is not anew
    written = {*keys_of(whole["result"]), *keys, *(job.progress or {}).get("keys", [])}
    assert {key for key in written if await is_stored(backend, key)} == set(keys)


async def test_cancelled_meanwhile_nothing_is_left_over(
    backend: Backend, alice: Uploader, runner: ImageRunner, runners: Runners, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await photo(backend, alice, runner)
    older = await without(backend, whole, "150.webp")
    await ask_rework(backend, [whole["id"]])
    replace = reworking._replace

    async def cancelled_first(*arguments: Any) -> None:
        await cancel_upload(backend, alice.id, whole["id"])
        await replace(*arguments)

    monkeypatch.setattr(reworking, "_replace", cancelled_first)
    job = await run_job(backend, whole["id"], HANDLER, partial(rework_upload, runners))
    assert job.progress is not None
    assert not any([await is_stored(backend, key) for key in job.progress["keys"]])
    after = await row_of(backend, whole["id"])
    assert (after["status"], after["result"]) == ("CANCELLED", older["result"])


async def test_shown_by_a_post_meanwhile_the_post_has_it_too(
    backend: Backend, runner: ImageRunner, runners: Runners, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await make_user(backend)
    whole = await photo(backend, Uploader(backend, person.id), runner)
    await without(backend, whole, "150.webp")
    await ask_rework(backend, [whole["id"]])
    replace, posts = reworking._replace, []

    async def posted_first(*arguments: Any) -> None:
        new = NewPost(media=[NewMedia(whole["id"])], caption="")
        posts.append(await create_post(backend, links(backend), person.id, new))
        await replace(*arguments)

    monkeypatch.setattr(reworking, "_replace", posted_first)
    await run_job(backend, whole["id"], HANDLER, partial(rework_upload, runners))
    [inline] = (await post_row(backend, posts[0]))["media"]
    assert inline["variants"] == whole["result"]["variants"]
    assert (await row_of(backend, whole["id"]))["result"] == whole["result"]


async def test_beside_itself_the_later_one_takes_another_turn(
    backend: Backend, alice: Uploader, runner: ImageRunner, runners: Runners, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await photo(backend, alice, runner)
    await ask_rework(backend, [before["id"]], anew=True)
    late = await begin_job(backend, before["id"], HANDLER)
    assert late is not None
    replace = reworking._replace

    async def other_first(*arguments: Any) -> None:
        monkeypatch.undo()
        await ask_rework(backend, [before["id"]], anew=True)
        await run_job(backend, before["id"], HANDLER, partial(rework_upload, runners))
        await replace(*arguments)

    monkeypatch.setattr(reworking, "_replace", other_first)
    with pytest.raises(Unfinished):
        await rework_upload(runners, late)
    between = keys_of((await row_of(backend, before["id"]))["result"])
    await rework_upload(runners, late)
    keys = keys_of((await row_of(backend, before["id"]))["result"])
    assert late.progress is not None
    written = {*keys_of(before["result"]), *between, *late.progress["keys"]}
    assert {key for key in written if await is_stored(backend, key)} == set(keys)


@pytest.mark.parametrize("gone", ["original", "refused"])
async def test_what_cannot_be_made_anew_stays_as_it_is(
    backend: Backend, alice: Uploader, runner: ImageRunner, rework: Rework, gone: str
) -> None:
    before = await photo(backend, alice, runner)
    if gone == "original":
        await backend.storage.delete([before["object_key"]])
    else:
        await backend.storage.put(before["object_key"], b"x" * before["byte_size"], "image/jpeg")
    await rework(before["id"])
    assert dict(await row_of(backend, before["id"])) == before
    assert all([await is_stored(backend, key) for key in keys_of(before["result"])])


@pytest.mark.parametrize("status", ["REJECTED", "FAILED", "CANCELLED"])
async def test_what_is_shown_no_more_is_not_made_anew(
    backend: Backend, alice: Uploader, runner: ImageRunner, rework: Rework, status: str
) -> None:
    before = await photo(backend, alice, runner)
    await ask_rework(backend, [before["id"]])
    await change_row(backend, before["id"], f"status = '{status}'")
    [lost, *_] = keys_of(before["result"])
    await backend.storage.delete([lost])
    await rework(before["id"])
    assert not await is_stored(backend, lost)
    assert (await row_of(backend, before["id"]))["status"] == status


async def test_what_is_held_stays_held_with_its_verdict(
    backend: Backend, alice: Uploader, runner: ImageRunner, rework: Rework
) -> None:
    whole = await photo(backend, alice, runner)
    await change_row(backend, whole["id"], "status = 'HELD', nudity = 0.7")
    await without(backend, whole, "150.webp")
    await rework(whole["id"])
    after = await row_of(backend, whole["id"])
    assert (after["status"], after["nudity"], after["result"]) == (MediaStatus.HELD, 0.7, whole["result"])


async def test_a_film_comes_back_at_the_same_place(backend: Backend, alice: Uploader, rework: Rework) -> None:
    upload_id = await alice.film(small_film())
    async with FilmRunner() as films:
        await run_job(backend, upload_id, "process_film", partial(process_film, films))
    before = dict(await row_of(backend, upload_id))
    content = await contents(backend, before)
    await backend.storage.delete([key for number, key in enumerate(sorted(content)) if number % 2])
    await rework(upload_id)
    assert await contents(backend, before) == content
    assert dict(await row_of(backend, upload_id)) == before


async def test_a_film_that_comes_out_otherwise_gets_another_token(
    backend: Backend, alice: Uploader, rework: Rework
) -> None:
    upload_id = await alice.film(small_film())
    async with FilmRunner() as films:
        await run_job(backend, upload_id, "process_film", partial(process_film, films))
    before = dict(await row_of(backend, upload_id))
    await backend.storage.put(before["result"]["hls"], b"#EXTM3U\n", "application/vnd.apple.mpegurl")
    await rework(upload_id)
    after = dict(await row_of(backend, upload_id))
    old, new = keys_of(before["result"]), keys_of(after["result"])
    assert len(old) == len(new)
    assert set(old).isdisjoint(new)
    assert [await is_stored(backend, key) for key in (*old, *new)] == [False] * len(old) + [True] * len(new)
