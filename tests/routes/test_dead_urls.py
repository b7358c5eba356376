"""URLs of pictures that were given out, and what becomes of them: over GraphQL and the gateway, as clients see it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from media.signing import CachePolicy, Grant
from models.global_ids import NodeKind, encode
from models.tables import UploadPurpose
from services.accounts.profile import update_profile
from services.accounts.suspension import restore, suspend
from services.backend import Backend
from services.posts.archive import archive_post, unarchive_post
from services.posts.delete import delete_post
from services.uploads.cancelling import cancel_upload
from services.withdrawals import KEY
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import links, make_follow, make_post, ready_upload, rows
from tests.uploading import is_stored

BODY = b"a picture"
POST = "query ($id: ID!) { node(id: $id) { ... on Post { media { ... on Image { variants { url } } } } } }"
AVATAR = "query ($id: ID!) { node(id: $id) { ... on User { avatar { variants { url } } } } }"
UPLOAD = "query ($id: ID!) { node(id: $id) { ... on Upload { result { ... on Image { variants { url } } } } } }"
IMAGE = "query ($id: ID!) { node(id: $id) { ... on Image { variants { url } } } }"


@dataclass(slots=True)
class House:
    """Somebody with two posts and an avatar, a follower, and a stranger."""

    api: Api
    backend: Backend
    author: Person
    follower: Person
    stranger: Person
    post_id: int
    other_id: int

    async def url(self, viewer: Person, query: str, kind: NodeKind, number: int) -> str | None:
        """Of the first variant that is there; None where the viewer is shown nothing."""
        found = (await self.api.data(query, {"id": encode(kind, number)}, token=viewer.access_token))["node"]
        while found and "variants" not in found:
            [found] = found.values()
            found = found[0] if isinstance(found, list) else found
        return str(found["variants"][0]["url"]) if found else None

    async def post_url(self, viewer: Person, post_id: int | None = None) -> str | None:
        return await self.url(viewer, POST, NodeKind.POST, post_id or self.post_id)

    async def avatar_url(self, viewer: Person) -> str | None:
        return await self.url(viewer, AVATAR, NodeKind.USER, self.author.id)

    async def status(self, url: str | None, **headers: str) -> int:
        assert url is not None
        answer = await self.api.client.get(
            url, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        if answer.status_code == 200:
            assert answer.content == BODY
        return answer.status_code

    async def archive(self) -> None:
        await archive_post(self.backend, links(self.backend), self.author.id, self.post_id)

    async def set_private(self, *, is_private: bool) -> None:
        await update_profile(self.backend, self.author.viewer, {"is_private": is_private})


async def stored(backend: Backend, upload_id: int) -> int:
    """Puts the objects of an upload into storage."""
    [(result,)] = await rows(backend, upload_id, "SELECT result FROM uploads WHERE id = $1", upload_id)
    for variant in result["variants"][:2]:
        await backend.storage.put(variant["key"], BODY, "image/jpeg")
    return upload_id


async def stored_post(backend: Backend, author: Person) -> int:
    post_id = await make_post(backend, author)
    [(media,)] = await rows(backend, post_id, "SELECT media FROM posts WHERE id = $1", post_id)
    await stored(backend, media[0]["id"])
    return post_id


@pytest.fixture
async def house(api: Api, backend: Backend) -> House:
    await backend.storage.ensure_bucket()
    author, follower, stranger = [await make_user(backend) for _ in range(3)]
    await make_follow(backend, follower, author)
    avatar = await stored(backend, await ready_upload(backend, author.id, purpose=UploadPurpose.AVATAR.value))
    await update_profile(backend, author.viewer, {"avatar_upload_id": avatar})
    posts = [await stored_post(backend, author) for _ in range(2)]
    return House(api, backend, author, follower, stranger, posts[0], posts[1])


async def test_of_an_account_that_goes_private(house: House) -> None:
    old, other, avatar = [
        await house.post_url(house.stranger),
        await house.post_url(house.author, house.other_id),
        await house.avatar_url(house.stranger),
    ]
    assert [await house.status(url) for url in (old, other, avatar)] == [200, 200, 200]
    await house.set_private(is_private=True)
    assert [await house.status(url) for url in (old, other, avatar)] == [404, 404, 200]
    assert await house.post_url(house.stranger) is None
    new, own = await house.post_url(house.follower), await house.post_url(house.author)
    assert [await house.status(url) for url in (new, own)] == [200, 200]
    assert new == own != old

    await house.set_private(is_private=True)
    assert await house.status(new) == 200, "it was private already"
    await house.set_private(is_private=False)
    again = await house.post_url(house.stranger)
    assert [await house.status(url) for url in (old, new, again)] == [404, 200, 200]
    await house.set_private(is_private=True)
    assert [await house.status(url) for url in (old, new, again)] == [404, 404, 404]
    assert await house.status(await house.post_url(house.follower)) == 200
    assert await house.status(await house.avatar_url(house.stranger)) == 200


async def test_of_a_post_that_is_archived_and_comes_back(house: House) -> None:
    old, other = await house.post_url(house.stranger), await house.post_url(house.stranger, house.other_id)
    await house.archive()
    assert [await house.status(url) for url in (old, other)] == [404, 200]
    assert await house.post_url(house.stranger, house.other_id) == other, "caches keep what has not changed"
    assert await house.post_url(house.stranger) is None
    own = await house.post_url(house.author)
    assert await house.status(own) == 200
    await unarchive_post(house.backend, links(house.backend), house.author.id, house.post_id)
    new = await house.post_url(house.stranger)
    assert [await house.status(url) for url in (old, new)] == [404, 200]
    await house.archive()
    assert [await house.status(url) for url in (old, own, new)] == [404, 404, 404]
    assert await house.status(await house.post_url(house.author)) == 200


async def test_the_owners_own_roads_lead_to_what_is_archived(house: House) -> None:
    [(media,)] = await rows(house.backend, house.post_id, "SELECT media FROM posts WHERE id = $1", house.post_id)
    roads = ((UPLOAD, NodeKind.UPLOAD), (IMAGE, NodeKind.IMAGE))
    before = [await house.url(house.author, query, kind, media[0]["id"]) for query, kind in roads]
    assert [await house.status(url) for url in before] == [200, 200]
    await house.archive()
    after = [await house.url(house.author, query, kind, media[0]["id"]) for query, kind in roads]
    assert [await house.status(url) for url in (*before, *after)] == [404, 404, 200, 200]
    await house.set_private(is_private=True)
    last = [await house.url(house.author, query, kind, media[0]["id"]) for query, kind in roads]
    assert [await house.status(url) for url in (*before, *after, *last)] == [404] * 4 + [200] * 2


async def test_of_a_post_that_is_deleted(house: House) -> None:
    old = await house.post_url(house.stranger)
    await house.archive()
    own = await house.post_url(house.author)
    await delete_post(house.backend, links(house.backend), house.author.id, house.post_id)
    assert [await house.status(url) for url in (old, own)] == [404, 404]
    [(media,)] = await rows(house.backend, house.post_id, "SELECT media FROM posts WHERE id = $1", house.post_id)
    assert await is_stored(house.backend, media[0]["variants"][0]["key"])  # no job has removed it yet
    grants = [Grant(house.author.id, epoch, policy) for epoch in (0, 1, 2**53) for policy in CachePolicy]
    keys = [variant["key"] for variant in media[0]["variants"][:2]]
    urls = [house.backend.signer.sign(key, grant) for key in keys for grant in grants]
    assert {await house.status(url) for url in urls} == {404}


async def test_of_somebody_who_is_suspended_and_restored(house: House) -> None:
    old, avatar = await house.post_url(house.stranger), await house.avatar_url(house.stranger)
    assert await suspend(house.backend, house.author.id)
    assert [await house.status(url) for url in (old, avatar)] == [404, 404]
    assert (await house.post_url(house.stranger), await house.avatar_url(house.stranger)) == (None, None)
    assert await restore(house.backend, house.author.id)
    new = [await house.post_url(house.stranger), await house.avatar_url(house.stranger)]
    assert [await house.status(url) for url in (old, avatar, *new)] == [404, 404, 200, 200]


async def test_of_an_avatar_that_is_replaced(house: House) -> None:
    old = await house.avatar_url(house.stranger)
    chosen = await stored(
        house.backend, await ready_upload(house.backend, house.author.id, purpose=UploadPurpose.AVATAR.value)
    )
    await update_profile(house.backend, house.author.viewer, {"avatar_upload_id": chosen})
    new = await house.avatar_url(house.stranger)
    assert [await house.status(url) for url in (old, new)] == [404, 200]
    await update_profile(house.backend, house.author.viewer, {"avatar_upload_id": None})
    assert [await house.status(url) for url in (old, new)] == [404, 404]


async def test_of_an_upload_that_is_cancelled(house: House) -> None:
    upload_id = await stored(house.backend, await ready_upload(house.backend, house.author.id))
    url = await house.url(house.author, UPLOAD, NodeKind.UPLOAD, upload_id)
    assert await house.status(url) == 200
    await cancel_upload(house.backend, house.author.id, upload_id)
    assert await house.status(url) == 404


Act = Callable[[House], Awaitable[None]]


async def _go_private(house: House) -> None:
    await house.set_private(is_private=True)


async def _delete(house: House) -> None:
    await delete_post(house.backend, links(house.backend), house.author.id, house.post_id)


@pytest.mark.parametrize("act", [_go_private, House.archive, _delete])
async def test_dead_also_where_redis_lost_everything_and_for_who_has_it_cached(house: House, act: Act) -> None:
    url = await house.post_url(house.stranger)
    assert url is not None
    etag = (await house.api.client.get(url)).headers["etag"]
    assert await house.status(url, if_none_match=etag) == 304
    await act(house)
    for _ in range(2):
        assert await house.status(url, if_none_match=etag) == 404
        assert await house.status(url, range="bytes=0-1") == 404
        assert (await house.api.client.head(url)).status_code == 404
        await house.backend.redis.delete(KEY)
    assert await house.status(url) == 404


async def test_no_part_of_a_url_leads_to_another(house: House) -> None:
    """Neither back to life nor to what was not given out."""
    old = await house.post_url(house.stranger)
    await house.set_private(is_private=True)
    new = await house.post_url(house.follower)
    avatar, other = await house.avatar_url(house.stranger), await house.post_url(house.follower, house.other_id)
    urls = [url for url in (old, new, avatar, other) if url is not None]
    assert len(urls) == 4
    given = [url.partition("?") for url in urls]
    mixed = {f"{path}?{query}" for path, _, _ in given for _, _, query in given} - set(urls)
    parts = [dict(one.split("=") for one in query.split("&")) for _, _, query in given]
    new = urls[1]
    for name in ("o", "e", "c", "s"):
        for value in {part[name] for part in parts} | {parts[1][name][:-1], parts[1][name] + "0", ""}:
            changed = "&".join(f"{key}={value if key == name else kept}" for key, kept in parts[1].items())
            mixed |= {f"{new.partition('?')[0]}?{changed}"} - {new}
    mixed |= {f"{new[:-1]}{digit}" for digit in "0123456789abcdef"} - {new}
    assert len(mixed) > 25
    assert {await house.status(url) for url in mixed} == {404}
    assert await house.status(new) == 200
