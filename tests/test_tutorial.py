"""docs/tutorial.md, pasted block by block into a shell, beside an API and workers that run."""

import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.embedded.stack import Stack
from core.settings import ROOT
from services.backend import Backend
from tests.blocks import bash_blocks, run_blocks
from tests.workers.town import Fleet

PAGE = ROOT / "docs" / "tutorial.md"
WORKERS = ("fast", "fanout", "media")


@pytest.fixture
async def workers(stack: Stack, backend: Backend) -> AsyncIterator[None]:
    """The relay and a worker of each family."""
    await backend.storage.ensure_bucket()
    fleet = Fleet(stack)
    await fleet.start("tutorial-relay", "workers.relay")
    for family in WORKERS:
        await fleet.start(f"tutorial-{family}", "workers.run", family)
    yield
    await stack.supervisor.stop(["tutorial-relay", *(f"tutorial-{family}" for family in WORKERS)])


def answers(printed: str) -> list[Any]:
    """The data of each GraphQL answer in what a block printed."""
    reader, found, at = json.JSONDecoder(), [], 0
    while (at := printed.find("{", at)) >= 0:
        answer, at = reader.raw_decode(printed, at)
        found.append(answer["data"])
    return found


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="the tutorial is pasted: bash and curl")
async def test_every_block_does_what_the_page_says(server_url: str, workers: None) -> None:
    printed = await run_blocks(bash_blocks(PAGE), {**os.environ, "HELIOGRAPH_URL": server_url})
    (ask, register, sign_in, follow, start, send, finish, watch, post, picture, feed, told, live, tidy) = printed

    assert answers(ask) == [{"isUsernameAvailable": True}]
    people = [one["register"] for one in answers(register)]
    mira, noor = (one["viewer"]["user"] for one in people)
    assert [re.sub(r"\d+", "", one["username"]) for one in (mira, noor)] == ["mira_", "noor_"]
    assert [one["userErrors"] for one in people] == [[], []]
    assert [one["signIn"]["viewer"]["user"]["id"] for one in answers(sign_in)] == [mira["id"], noor["id"]]
    assert answers(follow) == [
        {
            "follow": {
                "user": {
                    "username": mira["username"],
                    "viewerRelationship": {"isFollowing": True, "isFollowedBy": False},
                },
                "userErrors": [],
            }
        }
    ]

    [upload] = (one["startUpload"]["upload"] for one in answers(start))
    assert (upload["status"], upload["method"]) == ("UPLOADING", "POST")
    assert send == "204\n"
    assert answers(finish) == [{"finishUpload": {"upload": {"status": "PROCESSING"}, "userErrors": []}}]
    assert answers(watch)[-1] == {"upload": {"status": "READY", "progress": 1}}

    [created] = (one["createPost"]["post"] for one in answers(post))
    [image] = created["media"]
    assert (image["altText"], image["width"], image["height"]) == ("A tabby cat looks past the camera", 451, 300)
    assert [(one["width"], one["format"]) for one in image["variants"]] == [
        (width, kind) for width in (150, 320, 451, 150) for kind in ("JPEG", "WEBP", "AVIF")
    ]
    assert picture == "200 image/webp\n"

    [edge] = answers(feed)[-1]["viewer"]["homeFeed"]["edges"]
    assert edge["reason"] == "FOLLOWING"
    assert edge["node"] == {
        "id": created["id"],
        "caption": "Chelsea has seen something.",
        "likeCount": 0,
        "viewerHasLiked": False,
        "author": {"username": mira["username"]},
        "media": [{"altText": "A tabby cat looks past the camera"}],
    }

    viewer = answers(told)[-1]["viewer"]
    kinds = sorted(one["node"]["kind"] for one in viewer["notifications"]["edges"])
    assert (viewer["unreadNotificationCount"], kinds) == (3, ["FOLLOW", "MEDIA_READY", "WELCOME"])
    liked = {"like": {"subject": {"likeCount": 1, "viewerHasLiked": True}, "userErrors": []}}
    event = {
        "notifications": {
            "unreadCount": 4,
            "notification": {
                "kind": "LIKE",
                "text": f"{noor['username']} liked your post.",
                "actors": [{"username": noor["username"]}],
                "subject": {"id": created["id"], "caption": "Chelsea has seen something."},
            },
        }
    }
    assert liked in answers(live)
    assert event in answers(live)
    assert tidy.endswith("404\n")
    assert answers(tidy) == [{"deletePost": {"deletedId": created["id"], "userErrors": []}}]
