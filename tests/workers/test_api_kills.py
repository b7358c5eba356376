"""The API killed right behind the commit of a post: no post is without its fan-out."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import httpx
import pytest

from core import clock
from core.embedded.stack import Stack, environment
from core.settings import ROOT
from models.global_ids import NodeKind, decode_as, encode
from services.backend import Backend
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import make_follow, ready_upload
from tests.services.feeds.town import Town
from tests.workers.town import fleet_of, tell

CREATE = """
mutation ($upload: ID!, $key: String!) {
  createPost(input: {media: [{uploadId: $upload}], idempotencyKey: $key}) { post { id } userErrors { message } }
}
"""
_POSTS = """
    SELECT p.id, d.state FROM posts p
    LEFT JOIN events e ON e.kind = 'PostCreated' AND (e.payload ->> 'post_id')::bigint = p.id
    LEFT JOIN deliveries d ON d.event_id = e.id AND d.handler = 'fan_out_post'
    WHERE p.author_id = ANY($1)
"""


async def start_api(
    stack: Stack, listening: socket.socket, folder: Path, crash_at: str = ""
) -> asyncio.subprocess.Process:
    """`folder` remembers the crash."""
    folder.mkdir()
    variables = {"CRASH_AT": crash_at, "HELIOGRAPH_DATA": str(folder)}
    with (folder / "api.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "app.py", "--fd", str(listening.fileno()), pass_fds=[listening.fileno()],
            env={**os.environ, **environment(stack.settings), **variables}, cwd=ROOT, stdout=log, stderr=log,
        )  # fmt: skip


async def create(url: str, author: Person, upload: int) -> int:
    """The post's number. Raises httpx.TransportError when the API dies of it."""
    variables = {"upload": encode(NodeKind.UPLOAD, upload), "key": f"key-{upload}"}
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        payload = (await Api(client).data(CREATE, variables, token=author.access_token))["createPost"]
    assert payload["userErrors"] == []
    number = decode_as(NodeKind.POST, payload["post"]["id"])
    assert number is not None
    return number


async def all_fanned_out(backend: Backend, author: Person, count: int) -> list[int]:
    """The author's posts, newest first, once the fan-out of each is done."""
    began = clock.monotonic()
    while True:
        rows = await backend.reader().by_ids(_POSTS, [author.id])
        assert len(rows) == count
        if {row["state"] for row in rows} == {"DONE"}:
            return sorted((row["id"] for row in rows), reverse=True)
        assert clock.monotonic() - began < 60, [row["state"] for row in rows]
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=[pytest.mark.drill, pytest.mark.timeout(1200)])])
async def test_no_post_is_without_its_fan_out(
    own_stack: Stack, own_backend: Backend, tmp_path: Path, kills: int
) -> None:
    author, follower = await make_user(own_backend), await make_user(own_backend)
    await make_follow(own_backend, follower, author)
    town = Town(own_backend)
    await town.warm(follower.id)
    uploads = [await ready_upload(own_backend, author.id) for _ in range(kills)]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with fleet_of(own_stack) as fleet:
            await fleet.start_relay()
            await fleet.start("worker", "workers.run", "fanout")
            for number, upload in enumerate(uploads):
                api = await start_api(own_stack, listening, tmp_path / f"{number}", "create_post.after_commit")
                with pytest.raises(httpx.TransportError):
                    await create(url, author, upload)
                assert await asyncio.wait_for(api.wait(), 30) == -9
            posts = await all_fanned_out(own_backend, author, kills)
        assert await town.feed(follower.id) == posts
        assert sorted(await town.feed(author.id), reverse=True) == posts
        api = await start_api(own_stack, listening, tmp_path / "whole")
        try:
            again = [await create(url, author, upload) for upload in uploads]
        finally:
            api.terminate()
            await asyncio.wait_for(api.wait(), 15)
    assert sorted(again, reverse=True) == posts
    tell(
        f"kill -9 of the API behind the commit of {kills} posts: each is fanned out, once; each can be asked for again"
    )
