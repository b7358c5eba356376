import asyncio

import pytest
from sqlalchemy import text

from core.errors import UserErrorCode, UserFault
from media.keys import rendition_of
from media.signing import CachePolicy, Grant
from models.ids import shard_of
from models.tables import Counter
from services.backend import Backend
from services.consequences import EventKind
from services.posts.delete import delete_post
from services.visibility import visible_posts
from services.withdrawals import is_withdrawn
from tests.factories import Person, make_user
from tests.posting import (
    accept_follow,
    change,
    count_of,
    events_about,
    fingerprint,
    links,
    make_follow,
    make_post,
    post_row,
    rows,
    set_post_state,
)

WAITING = """
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%uploads%'
"""


async def refused(backend: Backend, viewer: Person, post_id: int) -> UserErrorCode:
    before = await fingerprint(backend)
    with pytest.raises(UserFault) as raised:
        await delete_post(backend, links(backend), viewer.id, post_id)
    assert await fingerprint(backend) == before
    assert raised.value.field == ("postId",)
    return raised.value.code


async def test_it_is_gone_with_its_pictures(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author, pictures=2)
    kept = await make_post(backend, author)
    [post] = (await visible_posts(backend.reader(), links(backend), author.id, [post_id])).values()
    renditions = {rendition_of(image.variants[0].key) or "" for image in post.media}
    await delete_post(backend, links(backend), author.id, post_id)
    shown = await visible_posts(backend.reader(), links(backend), author.id, [post_id, kept])
    assert list(shown) == [kept]
    grant = Grant(author.id, 2**53, CachePolicy.PUBLIC)
    assert [await is_withdrawn(backend, rendition, grant) for rendition in renditions] == [True, True]
    assert await count_of(backend, author.id, Counter.POSTS) == 1
    assert await events_about(backend, post_id, EventKind.POST_DELETED, post_id=post_id) == [
        {"post_id": post_id, "author_id": author.id}
    ]
    discarded = await events_about(backend, post_id, EventKind.UPLOAD_CANCELLED, owner_id=author.id)
    assert sorted(event["upload_id"] for event in discarded) == sorted(image.id for image in post.media)
    uploads = "SELECT status, attached_to FROM uploads WHERE id = ANY($1)"
    assert await rows(backend, author.id, uploads, [image.id for image in post.media]) == [("CANCELLED", None)] * 2


async def test_a_second_time_there_is_nothing(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    tries = [delete_post(backend, links(backend), author.id, post_id) for _ in range(6)]
    ends = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["NoneType"] + ["UserFault"] * 5
    assert await refused(backend, author, post_id) is UserErrorCode.NOT_FOUND
    assert await count_of(backend, author.id, Counter.POSTS) == 0


async def test_an_archived_post_is_not_counted_twice(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    await set_post_state(backend, post_id, "ARCHIVED")
    await delete_post(backend, links(backend), author.id, post_id)
    # Archiving uncounts it; here the state was set by hand.
    assert await count_of(backend, author.id, Counter.POSTS) == 1


async def test_only_the_author_deletes(backend: Backend) -> None:
    author, reader = await make_user(backend), await make_user(backend)
    hidden, stranger, follower = await make_user(backend, is_private=True), reader, await make_user(backend)
    post_id, hidden_id = await make_post(backend, author), await make_post(backend, hidden)
    await make_follow(backend, follower, hidden)
    await accept_follow(backend, follower, hidden)
    assert await refused(backend, reader, post_id) is UserErrorCode.NOT_ALLOWED
    assert await refused(backend, follower, hidden_id) is UserErrorCode.NOT_ALLOWED
    assert await refused(backend, stranger, hidden_id) is UserErrorCode.NOT_FOUND
    assert await refused(backend, author, author.id) is UserErrorCode.NOT_FOUND


async def test_pictures_are_let_go_in_the_order_in_which_they_are_taken(backend: Backend) -> None:
    """While the first is held by somebody, the second is free, though it lies before."""
    author = await make_user(backend)
    post_id = await make_post(backend, author, pictures=2)
    first, second = sorted(one["id"] for one in (await post_row(backend, post_id))["media"])
    await change(backend, first, "UPDATE uploads SET alt_text = 'Moved.' WHERE id = :id", id=first)
    await change(backend, first, "ANALYZE uploads")
    held = "SELECT FROM uploads WHERE id = :id FOR UPDATE"
    async with backend.transaction(shard_of(first)) as holding:
        await holding.session.execute(text(held), {"id": first})
        deleting = asyncio.create_task(delete_post(backend, links(backend), author.id, post_id))
        while not await rows(backend, first, WAITING):
            assert not deleting.done()
            await asyncio.sleep(0.02)
        await change(backend, second, f"{held} NOWAIT", id=second)
    await deleting
