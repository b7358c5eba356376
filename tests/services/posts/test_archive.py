import asyncio

import pytest

from core.errors import UserErrorCode, UserFault
from models.tables import Counter
from services.backend import Backend
from services.consequences import EventKind
from services.posts.archive import archive_post, unarchive_post
from services.posts.delete import delete_post
from services.posts.update import update_post
from services.visibility import visible_posts
from tests.factories import Person, make_user
from tests.posting import (
    accept_follow,
    count_of,
    events_about,
    fingerprint,
    links,
    make_follow,
    make_post,
    post_row,
)
from tests.recount import differences


async def seen(backend: Backend, viewer: Person, post_id: int) -> bool:
    return post_id in await visible_posts(backend.reader(), links(backend), viewer.id, [post_id])


async def test_it_is_its_authors_alone_until_it_is_back(backend: Backend) -> None:
    author, reader = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    await update_post(backend, links(backend), author.id, post_id, {"is_pinned": True})
    await archive_post(backend, links(backend), author.id, post_id)
    assert [await seen(backend, viewer, post_id) for viewer in (author, reader)] == [True, False]
    assert await count_of(backend, author.id, Counter.POSTS) == 0
    await unarchive_post(backend, links(backend), author.id, post_id)
    assert [await seen(backend, viewer, post_id) for viewer in (author, reader)] == [True, True]
    assert await count_of(backend, author.id, Counter.POSTS) == 1
    row = await post_row(backend, post_id)
    assert (row["version"], row["pinned_at"], row["edited_at"]) == (4, None, None)
    told = {"post_id": post_id, "author_id": author.id}
    for kind in (EventKind.POST_ARCHIVED, EventKind.POST_UNARCHIVED):
        assert await events_about(backend, post_id, kind, post_id=post_id) == [told]


@pytest.mark.parametrize("first", [archive_post, unarchive_post])
async def test_a_second_time_changes_nothing(backend: Backend, first: object) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    if first is archive_post:
        await asyncio.gather(*(archive_post(backend, links(backend), author.id, post_id) for _ in range(6)))
    before, row = await fingerprint(backend), await post_row(backend, post_id)
    again = archive_post if first is archive_post else unarchive_post
    await again(backend, links(backend), author.id, post_id)
    assert (await fingerprint(backend), await post_row(backend, post_id)) == (before, row)
    assert row["version"] == (2 if first is archive_post else 1)


async def test_there_and_back_at_once_and_deleting_count_right(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    ways = [archive_post, unarchive_post] * 6
    await asyncio.gather(*(way(backend, links(backend), author.id, post_id) for way in ways))
    await asyncio.gather(
        *(way(backend, links(backend), author.id, post_id) for way in (archive_post, delete_post, unarchive_post)),
        return_exceptions=True,
    )
    assert (await post_row(backend, post_id))["state"] == "DELETED"
    assert await count_of(backend, author.id, Counter.POSTS) == 0
    assert await differences(backend, {author.id}) == []


@pytest.mark.parametrize("way", [archive_post, unarchive_post])
async def test_only_the_author_does(backend: Backend, way: object) -> None:
    author = await make_user(backend, is_private=True)
    follower, stranger = await make_user(backend), await make_user(backend)
    await make_follow(backend, follower, author)
    await accept_follow(backend, follower, author)
    post_id, gone = await make_post(backend, author), await make_post(backend, author)
    await delete_post(backend, links(backend), author.id, gone)
    before = await fingerprint(backend)
    work = archive_post if way is archive_post else unarchive_post
    for viewer, number, code in (
        (follower, post_id, UserErrorCode.NOT_ALLOWED),
        (stranger, post_id, UserErrorCode.NOT_FOUND),
        (author, gone, UserErrorCode.NOT_FOUND),
        (author, 1 << 40, UserErrorCode.NOT_FOUND),
    ):
        with pytest.raises(UserFault) as raised:
            await work(backend, links(backend), viewer.id, number)
        assert (raised.value.code, raised.value.field) == (code, ("postId",))
    assert await fingerprint(backend) == before


async def test_archiving_beside_unpinning_waits_in_no_ring(backend: Backend) -> None:
    """Both write the author's row and the post's: in one order."""
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    for _ in range(10):
        await asyncio.gather(
            archive_post(backend, links(backend), author.id, post_id),
            update_post(backend, links(backend), author.id, post_id, {"is_pinned": False}),
        )
        await unarchive_post(backend, links(backend), author.id, post_id)
    assert await count_of(backend, author.id, Counter.POSTS) == 1
