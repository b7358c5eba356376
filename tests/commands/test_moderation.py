import re
from dataclasses import replace
from functools import partial

import httpx
import pytest
import typer

from commands.moderation import checked_reason, waits
from core.settings import Settings
from media.runner import ImageRunner
from models.global_ids import NodeKind, encode
from models.tables import MediaStatus
from services.backend import Backend
from services.uploads.processing import process_upload
from tests.commands.cli import cells, cli
from tests.factories import make_user
from tests.pictures import small_photo
from tests.posting import make_post, post_row
from tests.uploading import Uploader, row_of, run_job


async def held(backend: Backend, runner: ImageRunner, owner: Uploader) -> int:
    upload = await owner.finish(small_photo(160, 120))
    settings = backend.settings.model_copy(update={"nudity_hold_above": 0.0, "nudity_reject_above": 1.0})
    work = partial(process_upload, runner)
    await run_job(replace(backend, settings=settings), upload.id, "process_upload", work)
    assert (await owner.see(upload.id)).status is MediaStatus.HELD
    return upload.id


async def test_what_is_held_is_listed_looked_at_and_decided(
    backend: Backend, settings: Settings, server_url: str
) -> None:
    await backend.storage.ensure_bucket()
    person = await make_user(backend)
    owner = Uploader(backend, person.id)
    async with ImageRunner(processes=1) as runner:
        first, second = [await held(backend, runner, owner) for _ in range(2)]
    ids = [encode(NodeKind.UPLOAD, number) for number in (first, second)]
    shown = await cli(settings, "moderation", "list", "--limit", "1000", "--at", server_url)
    assert (shown.returncode, shown.stderr) == (0, "")
    for number, name in zip((first, second), ids, strict=True):
        score = (await row_of(backend, number))["nudity"]
        assert cells(shown.stdout, name) == [name, person.username, "image", f"{score:.3f}", "0 min"]
    url = re.search(rf"^{ids[0]}  (\S+)$", shown.stdout, re.MULTILINE)
    assert url is not None
    async with httpx.AsyncClient() as client:
        answer = await client.get(url[1])
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        approved = await cli(settings, "moderation", "approve", ids[0], "nothing", person.global_id)
        assert approved.returncode == 1
        assert approved.stdout.splitlines() == [
            f"{ids[0]} is READY.",
            "nothing: This is no id.",
            f"{person.global_id}: This is the id of a user.",
        ]
        rejected = await cli(settings, "moderation", "reject", ids[1], ids[0], "--reason", " Not here. ")
        assert rejected.returncode == 1
        assert rejected.stdout.splitlines() == [f"{ids[1]} is REJECTED.", f"{ids[0]}: It is READY, not HELD."]
        again = await cli(settings, "moderation", "reject", ids[1])
        assert (again.returncode, again.stdout) == (0, f"{ids[1]} is REJECTED already.\n")
        # The address of what was rejected is dead; that of what was approved is not.
        dead = re.search(rf"^{ids[1]}  (\S+)$", shown.stdout, re.MULTILINE)
        assert dead is not None
        assert [(await client.get(one)).status_code for one in (url[1], dead[1])] == [200, 404]
    states = [(await owner.see(number)) for number in (first, second)]
    assert [(one.status, one.failure_reason) for one in states] == [
        (MediaStatus.READY, None),
        (MediaStatus.REJECTED, "Not here."),
    ]


async def test_a_post_and_an_upload_are_removed(backend: Backend, settings: Settings) -> None:
    author = await make_user(backend)
    posts = [await make_post(backend, author) for _ in range(2)]
    [upload_id] = [inline["id"] for inline in (await post_row(backend, posts[1]))["media"]]
    ids = [encode(NodeKind.POST, posts[0]), encode(NodeKind.UPLOAD, upload_id)]
    for said in ("removed", "removed already"):
        done = await cli(settings, "moderation", "remove", *ids)
        assert (done.returncode, done.stdout) == (0, "".join(f"{one} is {said}.\n" for one in ids))
    assert [(await post_row(backend, post_id))["state"] for post_id in posts] == ["DELETED", "DELETED"]
    assert (await row_of(backend, upload_id))["failure_reason"] == "It breaks the rules of this place."
    unknown = encode(NodeKind.POST, posts[0] + 1)
    missing = await cli(settings, "moderation", "remove", unknown)
    assert (missing.returncode, missing.stdout) == (1, f"{unknown}: There is no such post.\n")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_reason_is_said_in_bounds(reason: str) -> None:
    with pytest.raises(typer.BadParameter):
        checked_reason(reason)


@pytest.mark.parametrize(
    ("seconds", "said"), [(59, "0 min"), (7199, "119 min"), (7200, "2 h"), (172_799, "47 h"), (172_800, "2 d")]
)
def test_waits(seconds: float, said: str) -> None:
    assert waits(seconds) == said
