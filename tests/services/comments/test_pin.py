import asyncio

import pytest

from core.errors import UserErrorCode, UserFault
from services.backend import Backend
from services.comments.delete import delete_comment
from services.comments.pin import pin_comment, unpin_comment
from services.visibility import visible_comments
from tests.factories import Person, make_user
from tests.posting import change, fingerprint, links, make_comment, make_post, rows

PINNED = """
    SELECT id FROM comments WHERE post_id = $1 AND pinned_at IS NOT NULL AND state = 'LIVE'
    ORDER BY pinned_at DESC, id DESC
"""


async def pin(backend: Backend, person: Person, comment_id: int) -> None:
    await pin_comment(backend, links(backend), person.id, comment_id)


async def unpin(backend: Backend, person: Person, comment_id: int) -> None:
    await unpin_comment(backend, links(backend), person.id, comment_id)


async def pinned(backend: Backend, post_id: int) -> list[int]:
    return [number for (number,) in await rows(backend, post_id, PINNED, post_id)]


async def test_the_latest_pin_comes_first_and_each_is_marked(backend: Backend) -> None:
    author, writer = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    a, b, c, d = [await make_comment(backend, writer, post_id) for _ in range(4)]
    for number in (b, a, c, b):
        await pin(backend, author, number)
    assert await pinned(backend, post_id) == [c, a, b]
    found = await visible_comments(backend.reader(), links(backend), writer.id, [a, b, c, d])
    assert {number: found[number].is_pinned for number in (a, b, c, d)} == {a: True, b: True, c: True, d: False}
    for _ in range(2):
        await unpin(backend, author, a)
    await pin(backend, author, d)
    assert await pinned(backend, post_id) == [d, c, b]


async def test_three_are_the_most_whoever_comes_at_once(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    numbers = [await make_comment(backend, author, post_id) for _ in range(8)]
    outcomes = await asyncio.gather(*(pin(backend, author, number) for number in numbers), return_exceptions=True)
    assert [one.code for one in outcomes if isinstance(one, UserFault)] == [UserErrorCode.QUOTA_EXCEEDED] * 5
    there = await pinned(backend, post_id)
    assert len(there) == 3
    # One that is deleted makes room.
    await delete_comment(backend, links(backend), author.id, there[1])
    [spare, *_] = [number for number in numbers if number not in there]
    await pin(backend, author, spare)
    assert await pinned(backend, post_id) == [spare, there[0], there[2]]


async def test_one_that_nobody_sees_makes_room(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    a, b, c, d = [await make_comment(backend, author, post_id) for _ in range(4)]
    for number in (a, b, c):
        await pin(backend, author, number)
    await change(backend, post_id, "UPDATE comments SET withheld = 2 WHERE id = :id", id=b)
    await pin(backend, author, d)
    await change(backend, post_id, "UPDATE comments SET withheld = 0 WHERE id = :id", id=b)
    assert await pinned(backend, post_id) == [d, c, a]


async def test_what_cannot_be_pinned(backend: Backend) -> None:
    author, writer = await make_user(backend), await make_user(backend)
    hidden = await make_user(backend, is_private=True)
    post_id = await make_post(backend, author)
    comment_id = await make_comment(backend, writer, post_id)
    reply_id = await make_comment(backend, author, post_id, parent_id=comment_id)
    unseen = await make_comment(backend, hidden, await make_post(backend, hidden))
    gone = await make_comment(backend, writer, post_id)
    await delete_comment(backend, links(backend), author.id, gone)
    before = await fingerprint(backend)
    for work in (pin, unpin):
        for person, number, code in (
            (writer, comment_id, UserErrorCode.NOT_ALLOWED),
            (author, reply_id, UserErrorCode.NOT_ALLOWED),
            (author, unseen, UserErrorCode.NOT_FOUND),
            (author, gone, UserErrorCode.NOT_FOUND),
            (author, post_id, UserErrorCode.NOT_FOUND),
        ):
            with pytest.raises(UserFault) as raised:
                await work(backend, person, number)
            assert (raised.value.code, raised.value.field) == (code, ("commentId",))
    assert await fingerprint(backend) == before
    assert await pinned(backend, post_id) == []
