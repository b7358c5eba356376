import asyncio
from dataclasses import fields

import pytest

from core.errors import UserErrorCode, UserFault
from models.tables import Counter
from services import counts
from services.backend import Backend
from services.comments import mirror
from services.comments.add import NewComment, add_comment
from services.comments.delete import delete_comment
from services.comments.mirror import repair_thread
from services.consequences import EventKind
from services.visibility import visible_comments, visible_posts
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
from tests.recount import differences

STATES = "SELECT id, state, version FROM comments WHERE post_id = $1 ORDER BY id"
MADE = "SELECT comment_id, state, version FROM comments_made WHERE user_id = $1 ORDER BY 1"


async def delete(backend: Backend, person: Person, comment_id: int) -> None:
    await delete_comment(backend, links(backend), person.id, comment_id)


async def refused(backend: Backend, person: Person, comment_id: int) -> UserErrorCode:
    before = await fingerprint(backend)
    with pytest.raises(UserFault) as raised:
        await delete(backend, person, comment_id)
    assert await fingerprint(backend) == before
    assert raised.value.field == ("commentId",)
    return raised.value.code


async def test_replies_go_with_it(backend: Backend) -> None:
    author, writer, other = [await make_user(backend) for _ in range(3)]
    post_id = await make_post(backend, author)
    kept = await make_comment(backend, other, post_id)
    comment_id = await make_comment(backend, writer, post_id)
    reply_ids = [await make_comment(backend, person, post_id, parent_id=comment_id) for person in (other, author)]
    await delete(backend, writer, comment_id)
    assert await rows(backend, post_id, STATES, post_id) == [
        (kept, "LIVE", 1),
        *((number, "DELETED", 2) for number in (comment_id, *reply_ids)),
    ]
    numbers = [kept, comment_id, *reply_ids]
    assert set(await visible_comments(backend.reader(), links(backend), author.id, numbers)) == {kept}
    assert await count_of(backend, post_id, Counter.COMMENTS) == 1
    assert await count_of(backend, comment_id, Counter.REPLIES) == 0
    assert await rows(backend, writer.id, MADE, writer.id) == [(comment_id, "DELETED", 2)]
    assert await rows(backend, other.id, MADE, other.id) == [(kept, "LIVE", 1), (reply_ids[0], "LIVE", 1)]
    told = {
        "comment_id": comment_id,
        "post_id": post_id,
        "author_id": writer.id,
        "post_author_id": author.id,
        "parent_id": None,
    }
    assert await events_about(backend, post_id, EventKind.COMMENT_DELETED, post_id=post_id) == [told]
    for _ in range(2):
        await repair_thread(job_of(backend, EventKind.COMMENT_DELETED, told))
        assert await rows(backend, other.id, MADE, other.id) == [(kept, "LIVE", 1), (reply_ids[0], "DELETED", 2)]
        assert await rows(backend, author.id, MADE, author.id) == [(reply_ids[1], "DELETED", 2)]


async def test_a_reply_goes_alone(backend: Backend) -> None:
    author, writer = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    comment_id = await make_comment(backend, writer, post_id)
    reply_ids = [await make_comment(backend, writer, post_id, parent_id=comment_id) for _ in range(2)]
    await delete(backend, author, reply_ids[0])
    found = await visible_comments(backend.reader(), links(backend), author.id, [comment_id, *reply_ids])
    assert set(found) == {comment_id, reply_ids[1]}
    assert found[comment_id].reply_count == 1
    assert await differences(backend, {post_id, comment_id, *reply_ids}) == []


async def test_who_can_delete(backend: Backend) -> None:
    author, writer, other = [await make_user(backend) for _ in range(3)]
    hidden = await make_user(backend, is_private=True)
    post_id = await make_post(backend, author)
    comment_id = await make_comment(backend, writer, post_id)
    parent_id = await make_comment(backend, other, post_id)
    reply_id = await make_comment(backend, writer, post_id, parent_id=parent_id)
    unseen = await make_comment(backend, hidden, await make_post(backend, hidden))
    assert await refused(backend, other, comment_id) == UserErrorCode.NOT_ALLOWED
    # What answers one's comment is not one's own.
    assert await refused(backend, other, reply_id) == UserErrorCode.NOT_ALLOWED
    assert await refused(backend, other, unseen) == UserErrorCode.NOT_FOUND
    assert await refused(backend, other, post_id) == UserErrorCode.NOT_FOUND
    await delete(backend, writer, comment_id)
    assert await refused(backend, writer, comment_id) == UserErrorCode.NOT_FOUND
    await set_post_state(backend, post_id, "DELETED")
    assert await refused(backend, author, reply_id) == UserErrorCode.NOT_FOUND


async def test_what_is_withheld_is_not_counted_off(backend: Backend) -> None:
    author, writer = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    comment_id = await make_comment(backend, writer, post_id)
    replies = [await make_comment(backend, writer, post_id, parent_id=comment_id) for _ in range(3)]
    await change(backend, post_id, "UPDATE comments SET withheld = 1 WHERE id = :id", id=replies[0])
    async with backend.transaction(post_id >> 10 & 8191) as transaction:
        await counts.add(transaction, post_id, Counter.COMMENTS, -1)
        await counts.add(transaction, comment_id, Counter.REPLIES, -1)
    assert await differences(backend, {post_id, comment_id}) == []
    await delete(backend, writer, comment_id)
    assert await count_of(backend, post_id, Counter.COMMENTS) == 0
    assert await differences(backend, {post_id, comment_id}) == []
    assert {state for _, state, _ in await rows(backend, post_id, STATES, post_id)} == {"DELETED"}


async def test_deleted_at_once_by_many_it_is_deleted_once(backend: Backend) -> None:
    author, writer = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    comment_id = await make_comment(backend, writer, post_id)
    outcomes = await asyncio.gather(
        *(delete(backend, person, comment_id) for person in [author, writer] * 5), return_exceptions=True
    )
    assert [one.code for one in outcomes if isinstance(one, UserFault)] == [UserErrorCode.NOT_FOUND] * 9
    assert outcomes.count(None) == 1
    assert await count_of(backend, post_id, Counter.COMMENTS) == 0
    assert len(await events_about(backend, post_id, EventKind.COMMENT_DELETED, comment_id=comment_id)) == 1


async def test_replies_and_the_deletion_of_what_they_answer_at_once(backend: Backend) -> None:
    """None is left behind, and none is counted; nor does anybody ever see one without what it answers."""
    author, writer = await make_user(backend), await make_user(backend)
    codes: set[UserErrorCode] = set()
    for _ in range(5):
        post_id = await make_post(backend, author)
        comment_id = await make_comment(backend, writer, post_id)

        async def answer(post_id: int = post_id, comment_id: int = comment_id) -> int | None:
            try:
                return await make_comment(backend, writer, post_id, parent_id=comment_id)
            except UserFault as fault:
                codes.add(fault.code)
                return None

        async def go(comment_id: int = comment_id) -> None:
            await asyncio.sleep(0.02)
            await delete(backend, author, comment_id)

        *answers, _ = await asyncio.gather(*(answer() for _ in range(12)), go())
        made = [number for number in answers if number is not None]
        assert (
            await rows(backend, post_id, "SELECT id FROM comments WHERE state = 'LIVE' AND post_id = $1", post_id) == []
        )
        assert await differences(backend, {post_id, comment_id, *made}) == []
        [post] = (await visible_posts(backend.reader(), links(backend), author.id, [post_id])).values()
        assert post.comment_count == 0
    assert codes <= {UserErrorCode.NOT_FOUND}


async def test_a_long_thread_is_mirrored_in_steps(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "CHUNK", 2)
    author, writer = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    comment_id = await make_comment(backend, author, post_id)
    reply_ids = [await make_comment(backend, writer, post_id, parent_id=comment_id) for _ in range(5)]
    await delete(backend, author, comment_id)
    saved: list[dict[str, int]] = []

    class Kept(type(job_of(backend, EventKind.COMMENT_DELETED, {}))):  # type: ignore[misc]
        async def save_progress(self, progress: dict[str, int]) -> None:
            saved.append(progress)

    job = job_of(backend, EventKind.COMMENT_DELETED, {"comment_id": comment_id})
    await repair_thread(Kept(**{one.name: getattr(job, one.name) for one in fields(job) if one.init}))
    assert saved == [{"after": reply_ids[1]}, {"after": reply_ids[3]}]
    assert await rows(backend, writer.id, MADE, writer.id) == [(number, "DELETED", 2) for number in reply_ids]
    # One that goes on begins behind the last that was served.
    await change(
        backend, writer.id, "UPDATE comments_made SET state = 'LIVE', version = 1 WHERE user_id = :id", id=writer.id
    )
    job.progress = {"after": reply_ids[3]}
    await repair_thread(job)
    states = [state for _, state, _ in await rows(backend, writer.id, MADE, writer.id)]
    assert states == ["LIVE"] * 4 + ["DELETED"]


async def test_a_key_whose_comment_was_deleted_makes_no_other(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    wanted = NewComment(post_id, "Once", idempotency_key="k")
    comment_id = await add_comment(backend, links(backend), author.id, wanted)
    await delete(backend, author, comment_id)
    assert await add_comment(backend, links(backend), author.id, wanted) == comment_id
    assert await count_of(backend, post_id, Counter.COMMENTS) == 0
    assert await rows(backend, author.id, MADE, author.id) == [(comment_id, "DELETED", 2)]
