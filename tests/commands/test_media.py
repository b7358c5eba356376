"""`cli.py media` as people run it. That it repairs what was lost is shown in `tests/workers/test_rework.py`."""

from collections.abc import AsyncIterator

import pytest
import typer

from commands.media import upload_number
from core.settings import Settings
from models.global_ids import NodeKind, encode
from services.backend import Backend
from services.uploads.rows import keys_of
from tests.commands.cli import cli
from tests.empty_store import empty_store
from tests.factories import make_user
from tests.posting import ready_upload
from tests.uploading import events_of, row_of


@pytest.fixture(scope="module")
async def own(settings: Settings) -> AsyncIterator[Backend]:
    async with empty_store(settings, "commands_media", redis=12) as backend:
        await backend.storage.ensure_bucket()
        yield backend


def name_of(number: int) -> str:
    return encode(NodeKind.UPLOAD, number)


async def test_what_lacks_something_is_listed_and_asked_for_in_steps(own: Backend) -> None:
    owner = await make_user(own)
    ids = [await ready_upload(own, owner.id) for _ in range(3)]
    names = [name_of(number) for number in ids]
    last = await row_of(own, ids[2])
    await own.storage.put(last["object_key"], b"original", "image/jpeg")
    lost = sorted(key.rpartition("/")[2] for key in keys_of(last["result"]))

    found = await cli(own.settings, "media", "missing", "--limit", "2")
    *lines, goes_on, said = found.stdout.splitlines()
    assert found.returncode == 1, found.stderr
    assert [line.split()[:3] for line in lines] == [[name, owner.global_id, "READY"] for name in names[:2]]
    assert all(line.endswith(" original") for line in lines)
    assert goes_on == f"There may be more: go on with --after {names[1]}."
    assert said == "Uploads looked at: 2; of them lack something: 2."

    found = await cli(own.settings, "media", "missing", "--after", names[1])
    [line, said] = found.stdout.splitlines()
    assert line.split()[0] == names[2]
    assert set(lost) <= set(line.partition("lacks ")[2].split())
    assert said == "Uploads looked at: 1; of them lack something: 1."

    asked = await cli(own.settings, "media", "reprocess", "--missing")
    assert (asked.returncode, asked.stdout.splitlines()) == (
        1,
        [f"{name}: Its original is gone." for name in names[:2]] + ["1 are to be made anew."],
    ), asked.stderr
    assert [await events_of(own, number) for number in ids] == [[], [], ["MediaReworkAsked"]]
    again = await cli(own.settings, "media", "reprocess", encode(NodeKind.IMAGE, ids[2]), name_of(ids[2] + 1))
    assert (again.returncode, again.stdout.splitlines()) == (
        1,
        [
            f"{name_of(ids[2] + 1)}: There is no such upload, or nothing was made of it.",
            "0 are to be made anew; 1 were to be already.",
        ],
    )


async def test_one_says_what_is_to_be_made_anew(own: Backend) -> None:
    for arguments in ([], ["--missing", name_of(1)]):
        refused = await cli(own.settings, "media", "reprocess", *arguments)
        assert refused.returncode == 2
        assert "Name uploads or give --missing" in refused.stderr


async def test_a_sweep_says_what_it_has_looked_at(own: Backend) -> None:
    swept = await cli(own.settings, "media", "sweep")
    assert swept.returncode == 0, swept.stderr
    assert swept.stdout.startswith("Objects looked at: ")
    assert swept.stdout.endswith("; of them belonged to nothing, and are gone: 0.\n")


async def test_a_storage_that_does_not_answer_is_one_sentence(own: Backend) -> None:
    away = own.settings.model_copy(update={"s3_endpoint": "http://127.0.0.1:9"})
    owner = await make_user(own)
    await ready_upload(own, owner.id)
    for command in ("missing", "sweep"):
        failed = await cli(away, "media", command)
        assert failed.returncode == 1
        assert failed.stderr.splitlines()[-1].startswith("The storage does not answer, or refuses: ")


def test_an_image_and_a_video_have_the_number_of_their_upload() -> None:
    assert [upload_number(encode(kind, 77)) for kind in (NodeKind.UPLOAD, NodeKind.IMAGE, NodeKind.VIDEO)] == [77] * 3
    assert upload_number(None) == 0


@pytest.mark.parametrize("name", ["nothing", encode(NodeKind.POST, 77)])
def test_another_id_is_refused(name: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"is no id|is the id of a post"):
        upload_number(name)
