import asyncio
from dataclasses import replace

import pytest

from core.errors import UserErrorCode, UserFault
from models.ids import shard_of
from models.tables import Counter
from services.backend import Backend
from services.comments.add import NewComment, add_comment
from services.comments.mirror import repair_comment
from services.consequences import EventKind
from services.visibility import visible_comments
from tests.factories import Person, make_user
from tests.posting import (
    change,
    count_of,
    events_about,
    fingerprint,
    job_of,
    links,
    make_comment,
    make_post,
    rows,
    set_post_state,
)

MADE = "SELECT comment_id, state, version FROM comments_made WHERE user_id = $1"


async def refused(backend: Backend, person: Person, wanted: NewComment) -> tuple[UserErrorCode, tuple[str, ...] | None]:
    before = await fingerprint(backend)
    with pytest.raises(UserFault) as raised:
        await add_comment(backend, links(backend), person.id, wanted)
    assert await fingerprint(backend) == before
    return raised.value.code, raised.value.field


async def test_a_comment_and_its_replies(backend: Backend) -> None:
    author, writer = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    comment_id = await make_comment(backend, writer, post_id, " Where is\r\nthis? ")
    reply_id = await make_comment(backend, author, post_id, "At home", comment_id)
    deeper_id = await make_comment(backend, writer, post_id, "Nice", reply_id)
    assert {shard_of(number) for number in (comment_id, reply_id, deeper_id)} == {shard_of(post_id)}
    found = await visible_comments(backend.reader(), links(backend), writer.id, [comment_id, reply_id, deeper_id])
    comment = found[comment_id]
    assert (comment.text, comment.reply_count, comment.parent_id) == ("Where is\nthis?", 2, None)
    assert comment.author is not None
    assert (comment.author.id, comment.post.id, comment.viewer_can_delete) == (writer.id, post_id, True)
    assert [found[number].parent_id for number in (reply_id, deeper_id)] == [comment_id] * 2
    assert found[reply_id].viewer_can_delete is False
    assert await count_of(backend, post_id, Counter.COMMENTS) == 3
    assert await rows(backend, writer.id, MADE + " ORDER BY 1", writer.id) == [
        (comment_id, "LIVE", 1),
        (deeper_id, "LIVE", 1),
    ]
    assert await events_about(backend, post_id, EventKind.COMMENT_ADDED, comment_id=deeper_id) == [
        {
            "comment_id": deeper_id,
            "post_id": post_id,
            "author_id": writer.id,
            "post_author_id": author.id,
            "parent_id": comment_id,
        }
    ]


async def test_how_long_it_may_be(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    comment_id = await make_comment(backend, author, post_id, "𝒳" * 2200)
    assert await rows(backend, post_id, "SELECT char_length(text) FROM comments WHERE id = $1", comment_id) == [(2200,)]
    long = NewComment(post_id, "𝒳" * 2201)
    assert await refused(backend, author, long) == (UserErrorCode.TOO_LONG, ("text",))


@pytest.mark.parametrize("blank", ["", " \n\t", "\u200b\u2060\u00ad", "\u3000", "\ufe0f", "\u3164\u2800"])
async def test_what_says_nothing(backend: Backend, blank: str) -> None:
    author = await make_user(backend)
    wanted = NewComment(await make_post(backend, author), blank)
    assert await refused(backend, author, wanted) == (UserErrorCode.TOO_SHORT, ("text",))


async def test_where_nothing_can_be_said(backend: Backend) -> None:
    author, hidden = await make_user(backend), await make_user(backend, is_private=True)
    off = await make_post(backend, author, comments_enabled=False)
    archived, deleted, private = [await make_post(backend, person) for person in (author, author, hidden)]
    await set_post_state(backend, archived, "ARCHIVED")
    await set_post_state(backend, deleted, "DELETED")
    for post_id, code in (
        (off, UserErrorCode.NOT_ALLOWED),
        (archived, UserErrorCode.NOT_ALLOWED),
        (deleted, UserErrorCode.NOT_FOUND),
        (private, UserErrorCode.NOT_FOUND),
    ):
        assert await refused(backend, author, NewComment(post_id, "Hello")) == (code, ("postId",))


async def test_what_cannot_be_answered(backend: Backend) -> None:
    author = await make_user(backend)
    post_id, other_id = await make_post(backend, author), await make_post(backend, author)
    elsewhere = await make_comment(backend, author, other_id)
    gone = await make_comment(backend, author, post_id)
    await change(backend, post_id, "UPDATE comments SET state = 'DELETED' WHERE id = :id", id=gone)
    for parent_id in (elsewhere, gone, post_id):
        wanted = NewComment(post_id, "Hello", parent_id)
        assert await refused(backend, author, wanted) == (UserErrorCode.NOT_FOUND, ("parentId",))


async def test_one_key_makes_one_comment_of_a_post(backend: Backend) -> None:
    author, writer = await make_user(backend), await make_user(backend)
    post_id, other_id = await make_post(backend, author), await make_post(backend, author)
    wanted = NewComment(post_id, "Once", idempotency_key="k")
    made = await asyncio.gather(*(add_comment(backend, links(backend), writer.id, wanted) for _ in range(8)))
    assert len(set(made)) == 1
    again = replace(wanted, text="Twice")
    assert await add_comment(backend, links(backend), writer.id, again) == made[0]
    assert await add_comment(backend, links(backend), writer.id, replace(wanted, post_id=other_id)) != made[0]
    assert await count_of(backend, post_id, Counter.COMMENTS) == 1
    assert await rows(backend, post_id, "SELECT text FROM comments WHERE id = $1", made[0]) == [("Once",)]


async def test_ids_are_in_the_order_of_the_commits(backend: Backend) -> None:
    """Whoever reads up to an id has seen all that will ever be there below it."""
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    seen: list[list[int]] = []
    done = asyncio.Event()

    async def watch() -> None:
        while not done.is_set():
            found = await rows(backend, post_id, "SELECT id FROM comments WHERE post_id = $1 ORDER BY id", post_id)
            seen.append([number for (number,) in found])

    watcher = asyncio.create_task(watch())
    made = await asyncio.gather(*(make_comment(backend, author, post_id, f"No. {n}") for n in range(40)))
    done.set()
    await watcher
    final = sorted(made)
    assert len(seen) > 5
    assert all(some == final[: len(some)] for some in seen)


async def test_the_handler_repairs_the_mirror(backend: Backend) -> None:
    author = await make_user(backend)
    comment_id = await make_comment(backend, author, await make_post(backend, author))
    await change(backend, author.id, "DELETE FROM comments_made WHERE user_id = :user", user=author.id)
    await repair_comment(job_of(backend, EventKind.COMMENT_ADDED, {"comment_id": comment_id}))
    assert await rows(backend, author.id, MADE, author.id) == [(comment_id, "LIVE", 1)]
