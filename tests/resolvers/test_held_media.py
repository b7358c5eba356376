"""What is held or refused is behind no road: for everyone, its owner too."""

from typing import Any

import httpx
import orjson
import pytest

from media.signing import CachePolicy, Grant
from models.global_ids import NodeKind, encode
from services.backend import Backend
from services.moderation.deciding import approve, remove
from services.uploads.rows import keys_of, renditions
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import change, make_follow, make_post, post_row, ready_upload
from tests.resolvers.posts import mutate, post_of, refused
from tests.resolvers.uploading import SEE, UPLOAD
from tests.uploading import row_of

NODE = """
    query ($id: ID!) { node(id: $id) {
        id ... on Image { url(width: 640) variants { url } } ... on Video { hlsUrl poster { url } variants { url } }
    } }
"""
UPLOADS = f"query {{ viewer {{ uploads(first: 20) {{ nodes {{ ...U }} }} }} }} {UPLOAD}"
POSTED = "query ($id: ID!) { node(id: $id) { ... on Post { media { id } } } }"
SHUT = ["HELD", "REJECTED"]


async def lookers(backend: Backend) -> tuple[Person, list[Person | None]]:
    """The owner, and everyone who may look: the owner, a follower, a stranger, one who is not signed in."""
    owner, follower, stranger = [await make_user(backend) for _ in range(3)]
    await make_follow(backend, follower, owner)
    return owner, [owner, follower, stranger, None]


def token_of(viewer: Person | None) -> str | None:
    return viewer.access_token if viewer else None


def says_nothing_of(answer: Any, upload: Any) -> bool:
    said = orjson.dumps(answer).decode()
    return not any(name in said for name in (*renditions(upload), *keys_of(upload["result"])))


@pytest.mark.parametrize("status", SHUT)
@pytest.mark.parametrize("kind", ["IMAGE", "VIDEO"])
async def test_no_road_leads_to_it(api: Api, backend: Backend, status: str, kind: str) -> None:
    owner, viewers = await lookers(backend)
    number = await ready_upload(backend, owner.id, film=kind == "VIDEO", status=status, progress=1.0)
    row = await row_of(backend, number)
    for viewer in viewers:
        for of in ("IMAGE", "VIDEO"):
            answer = await api(NODE, {"id": encode(NodeKind[of], number)}, token=token_of(viewer))
            unknown = await api(NODE, {"id": encode(NodeKind[of], number + 1)}, token=token_of(viewer))
            assert answer["data"] == unknown["data"] == {"node": None}
            assert says_nothing_of(answer, row)
        answer = await api(SEE, {"id": encode(NodeKind.UPLOAD, number)}, token=token_of(viewer))
        assert says_nothing_of(answer, row)
        if viewer is not owner:
            assert answer["data"] == {"node": None}
        else:
            seen = answer["data"]["node"]
            assert (seen["status"], seen["result"], seen["progress"]) == (status, None, 1)
    listed = await api(UPLOADS, token=owner.access_token)
    assert [one["status"] for one in listed["data"]["viewer"]["uploads"]["nodes"]] == [status]
    assert says_nothing_of(listed, row)


@pytest.mark.parametrize("status", SHUT)
async def test_nothing_is_made_of_it(api: Api, backend: Backend, status: str) -> None:
    owner = await make_user(backend)
    number = await ready_upload(backend, owner.id, status=status)
    avatar = await ready_upload(backend, owner.id, status=status, purpose="AVATAR")
    before = [dict(await row_of(backend, one)) for one in (number, avatar)]
    given: dict[str, Any] = {"media": [{"uploadId": encode(NodeKind.UPLOAD, number)}]}
    payload = await mutate(api, "createPost", "post { id }", given, owner)
    assert payload == refused("post", "MEDIA_NOT_READY", "media", "0", "uploadId")
    given = {"avatarUploadId": encode(NodeKind.UPLOAD, avatar)}
    payload = await mutate(api, "updateProfile", "viewer { user { id } }", given, owner)
    assert payload == refused("viewer", "MEDIA_NOT_READY", "avatarUploadId")
    assert [dict(await row_of(backend, one)) for one in (number, avatar)] == before


@pytest.mark.parametrize(("status", "changed"), [("HELD", "CANCELLED"), ("REJECTED", "REJECTED")])
async def test_taken_back_by_its_owner(api: Api, backend: Backend, status: str, changed: str) -> None:
    owner = await make_user(backend)
    number = await ready_upload(backend, owner.id, status=status)
    payload = await mutate(
        api, "cancelUpload", "upload { status }", {"uploadId": encode(NodeKind.UPLOAD, number)}, owner
    )
    assert payload == {"upload": {"status": changed}, "userErrors": []}
    assert (await row_of(backend, number))["status"] == changed


async def test_what_was_shown_is_gone_with_its_urls(api: Api, backend: Backend, server_url: str) -> None:
    await backend.storage.ensure_bucket()
    owner, viewers = await lookers(backend)
    post_id = await make_post(backend, owner)
    [inline] = (await post_row(backend, post_id))["media"]
    key = inline["variants"][0]["key"]
    await backend.storage.put(key, b"a picture", "image/jpeg")
    url = server_url + backend.signer.sign(key, Grant(owner.id, 0, CachePolicy.PUBLIC))
    async with httpx.AsyncClient() as client:
        assert (await client.get(url)).status_code == httpx.codes.OK
        assert await remove(backend, inline["id"], "Not here.")
        assert (await client.get(url)).status_code == httpx.codes.NOT_FOUND
    for viewer in viewers:
        for asked in (post_of(post_id), encode(NodeKind.IMAGE, inline["id"])):
            answer = await api(POSTED, {"id": asked}, token=token_of(viewer))
            assert answer["data"] == {"node": None}
            assert key not in orjson.dumps(answer).decode()


async def test_what_a_moderator_approves_is_its_owners(api: Api, backend: Backend) -> None:
    owner, viewers = await lookers(backend)
    number = await ready_upload(backend, owner.id, status="HELD")
    await change(backend, owner.id, "UPDATE uploads SET progress = 1 WHERE id = :id", id=number)
    assert await approve(backend, number)
    for viewer in viewers:
        answer = await api(NODE, {"id": encode(NodeKind.IMAGE, number)}, token=token_of(viewer))
        assert (answer["data"]["node"] is not None) == (viewer is owner)
