from sqlalchemy import update

from models.ids import shard_of
from models.tables import Comment, CommentState
from services.backend import Backend
from services.comments.add import NewComment, add_comment
from services.consequences import EventKind
from services.notifications.comments import comment_notification
from services.outbox import Job
from services.visible import MediaLinks
from tests.services.notifications.conftest import People
from tests.services.notifications.jobs import jobs, new_post, run


async def jobs_of(backend: Backend, post_id: int) -> list[Job]:
    return await jobs(backend, post_id, {EventKind.COMMENT_ADDED}, {"post_id": post_id}, "comment_notification")


async def test_the_author_of_the_post_is_told(backend: Backend, people: People, links: MediaLinks) -> None:
    owner, fan, other = [await people.new() for _ in range(3)]
    post_id = await new_post(backend, owner)
    for author in (fan, other, fan, owner):
        await add_comment(backend, links, author, NewComment(post_id, "Fine."))
    todo = await jobs_of(backend, post_id)
    await run(comment_notification, *todo, *todo)
    [row] = await people.rows(owner)
    assert (row["kind"], row["subject_kind"], row["subject_id"]) == ("COMMENT", "POST", post_id)
    assert (row["sequence"], row["actor_count"]) == (3, 2)
    assert await people.actors(row["id"]) == [other, fan]


async def test_of_a_reply_both_are_told_and_nobody_twice(backend: Backend, people: People, links: MediaLinks) -> None:
    owner, asker, fan = [await people.new() for _ in range(3)]
    post_id = await new_post(backend, owner)
    questions = [await add_comment(backend, links, author, NewComment(post_id, "Where?")) for author in (asker, owner)]
    before = len(await jobs_of(backend, post_id))
    for question in questions:
        await add_comment(backend, links, fan, NewComment(post_id, "Here.", parent_id=question))
    await run(comment_notification, *(await jobs_of(backend, post_id))[before:])
    assert [(row["kind"], row["subject_id"]) for row in await people.rows(asker)] == [("REPLY", questions[0])]
    assert [(row["kind"], row["subject_id"]) for row in await people.rows(owner)] == [
        ("COMMENT", post_id),
        ("REPLY", questions[1]),
    ]
    assert await people.rows(fan) == []


async def test_one_deleted_before_is_not_told(backend: Backend, people: People, links: MediaLinks) -> None:
    owner, fan = [await people.new() for _ in range(2)]
    post_id = await new_post(backend, owner)
    comment_id = await add_comment(backend, links, fan, NewComment(post_id, "Never mind."))
    async with backend.transaction(shard_of(post_id)) as transaction:
        changed = update(Comment).where(Comment.id == comment_id).values(state=CommentState.DELETED.value)
        await transaction.session.execute(changed)
    await run(comment_notification, *await jobs_of(backend, post_id))
    assert await people.rows(owner) == []
