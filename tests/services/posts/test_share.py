import asyncio
from typing import Any

import pytest

from core.errors import UserErrorCode, UserFault
from models.tables import Counter
from services.backend import Backend
from services.consequences import EventKind
from services.posts.archive import archive_post
from services.posts.share import NewShare, share_post
from tests.factories import Person, make_user
from tests.posting import count_of, events_about, fingerprint, links, make_post, rows, set_user_state
from tests.recount import differences


async def share(backend: Backend, viewer: Person, post_id: int, *people: Person, **fields: Any) -> None:
    ids = [person.id for person in people]
    await share_post(backend, links(backend), viewer.id, NewShare(post_id, ids, **fields))


async def refused(
    backend: Backend, viewer: Person, post_id: int, *people: Person, **fields: Any
) -> tuple[UserErrorCode, tuple[str, ...] | None]:
    """How it was refused, after which nothing has changed."""
    before = await fingerprint(backend)
    with pytest.raises(UserFault) as raised:
        await share(backend, viewer, post_id, *people, **fields)
    assert await fingerprint(backend) == before
    return raised.value.code, raised.value.field


async def test_one_row_and_one_more_for_each(backend: Backend) -> None:
    author, viewer, first, second = [await make_user(backend) for _ in range(4)]
    post_id = await make_post(backend, author)
    await share(backend, viewer, post_id, first, second, text=" Look\r\nhere ")
    await share(backend, viewer, post_id, first)
    stored = "SELECT user_id, recipient_id, text FROM shares WHERE post_id = $1 ORDER BY id"
    assert await rows(backend, post_id, stored, post_id) == [
        (viewer.id, first.id, "Look\nhere"),
        (viewer.id, second.id, "Look\nhere"),
        (viewer.id, first.id, ""),
    ]
    assert await count_of(backend, post_id, Counter.SHARES) == 3
    assert await differences(backend, {post_id}) == []
    assert await events_about(backend, post_id, EventKind.SHARED, post_id=post_id) == [
        {"post_id": post_id, "user_id": viewer.id, "recipient_ids": [first.id, second.id]},
        {"post_id": post_id, "user_id": viewer.id, "recipient_ids": [first.id]},
    ]


async def test_one_key_shares_once(backend: Backend) -> None:
    author, viewer, friend = [await make_user(backend) for _ in range(3)]
    posts = [await make_post(backend, author) for _ in range(2)]
    for post_id in posts:
        await asyncio.gather(*(share(backend, viewer, post_id, friend, idempotency_key="k") for _ in range(5)))
    assert [await count_of(backend, post_id, Counter.SHARES) for post_id in posts] == [1, 1]
    assert len(await events_about(backend, posts[0], EventKind.SHARED, post_id=posts[0])) == 1


async def test_bad_shares(backend: Backend) -> None:
    author, viewer, friend, suspended = [await make_user(backend) for _ in range(4)]
    await set_user_state(backend, suspended.id, "SUSPENDED")
    hidden = await make_user(backend, is_private=True)
    post_id, hidden_id = await make_post(backend, author), await make_post(backend, hidden)
    assert await refused(backend, viewer, post_id) == (UserErrorCode.TOO_SHORT, ("userIds",))
    assert await refused(backend, viewer, post_id, *[friend] * 21) == (UserErrorCode.TOO_LONG, ("userIds",))
    assert await refused(backend, viewer, post_id, friend, friend) == (UserErrorCode.INVALID, ("userIds", "1"))
    assert await refused(backend, viewer, post_id, viewer) == (UserErrorCode.INVALID, ("userIds", "0"))
    assert await refused(backend, viewer, post_id, friend, suspended) == (UserErrorCode.NOT_FOUND, ("userIds", "1"))
    assert await refused(backend, viewer, hidden_id, friend) == (UserErrorCode.NOT_FOUND, ("postId",))
    wordy = await refused(backend, viewer, post_id, friend, text="𝒳" * 1001)
    assert wordy == (UserErrorCode.TOO_LONG, ("text",))
    key = await refused(backend, viewer, post_id, friend, idempotency_key="")
    assert key == (UserErrorCode.INVALID, ("idempotencyKey",))
    await archive_post(backend, links(backend), author.id, post_id)
    assert await refused(backend, author, post_id, friend) == (UserErrorCode.NOT_ALLOWED, ("postId",))
