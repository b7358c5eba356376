import asyncio
import random

from sqlalchemy import update

from models.global_ids import NodeKind
from models.ids import shard_of
from models.tables import Comment, CommentState, Post, PostState
from services.backend import Backend
from services.comments.add import NewComment, add_comment
from services.consequences import EventKind
from services.likes import like, unlike
from services.notifications.likes import like_notification
from services.outbox import Job
from services.visible import MediaLinks
from tests.factories import make_user
from tests.posting import end_block, make_block, make_comment, make_post
from tests.services.notifications.conftest import People
from tests.services.notifications.jobs import jobs, new_post, run

LIKES = {EventKind.LIKED, EventKind.UNLIKED}


async def jobs_of(backend: Backend, subject_id: int) -> list[Job]:
    return await jobs(backend, subject_id, LIKES, {"subject_id": subject_id}, "like_notification")


async def test_the_owner_of_a_post_is_told(backend: Backend, people: People, links: MediaLinks) -> None:
    owner, fan = [await people.new() for _ in range(2)]
    post_id = await new_post(backend, owner)
    await like(backend, links, fan, NodeKind.POST, post_id)
    [job] = await jobs_of(backend, post_id)
    await run(like_notification, job, job)
    [row] = await people.rows(owner)
    assert (row["kind"], row["subject_kind"], row["subject_id"], row["sequence"]) == ("LIKE", "POST", post_id, 1)
    assert await people.actors(row["id"]) == [fan]
    assert await people.rows(fan) == []


async def test_the_author_of_a_comment_is_told(backend: Backend, people: People, links: MediaLinks) -> None:
    owner, author, fan = [await people.new() for _ in range(3)]
    post_id = await new_post(backend, owner)
    comment_id = await add_comment(backend, links, author, NewComment(post_id, "Fine."))
    await like(backend, links, fan, NodeKind.COMMENT, comment_id)
    await run(like_notification, *await jobs_of(backend, comment_id))
    [row] = await people.rows(author)
    assert (row["kind"], row["subject_kind"], row["subject_id"]) == ("COMMENT_LIKE", "COMMENT", comment_id)
    assert await people.rows(owner) == []


async def test_one_taken_back_before_is_not_told(backend: Backend, people: People, links: MediaLinks) -> None:
    owner, fan = [await people.new() for _ in range(2)]
    post_id = await new_post(backend, owner)
    await like(backend, links, fan, NodeKind.POST, post_id)
    await unlike(backend, links, fan, NodeKind.POST, post_id)
    await run(like_notification, *await jobs_of(backend, post_id))
    assert await people.rows(owner) == []


async def test_one_taken_back_after_is_untold(backend: Backend, people: People, links: MediaLinks) -> None:
    owner, fan, other = [await people.new() for _ in range(3)]
    post_id = await new_post(backend, owner)
    for user in (fan, other):
        await like(backend, links, user, NodeKind.POST, post_id)
    await run(like_notification, *await jobs_of(backend, post_id))
    await unlike(backend, links, fan, NodeKind.POST, post_id)
    await run(like_notification, *await jobs_of(backend, post_id))
    [row] = await people.rows(owner)
    assert (row["actor_count"], await people.actors(row["id"])) == (1, [other])


async def test_of_what_is_gone_nobody_is_told(backend: Backend, people: People, links: MediaLinks) -> None:
    owner, fan = [await people.new() for _ in range(2)]
    post_id = await new_post(backend, owner)
    comment_id = await add_comment(backend, links, owner, NewComment(post_id, "Mine."))
    await like(backend, links, fan, NodeKind.POST, post_id)
    await like(backend, links, fan, NodeKind.COMMENT, comment_id)
    async with backend.transaction(shard_of(post_id)) as transaction:
        execute = transaction.session.execute
        await execute(update(Comment).where(Comment.id == comment_id).values(state=CommentState.DELETED.value))
        await execute(update(Post).where(Post.id == post_id).values(state=PostState.DELETED.value))
    for subject_id in (post_id, comment_id):
        await run(like_notification, *await jobs_of(backend, subject_id))
    assert await people.rows(owner) == []


async def test_nobody_is_told_of_what_or_of_whom_they_may_not_see(
    backend: Backend, people: People, links: MediaLinks
) -> None:
    """Jobs come late: by then the one who likes is blocked, or the post of the comment is not to be seen any more."""
    owner, author, fan = [await make_user(backend) for _ in range(3)]
    own_id, other_id = await make_post(backend, author), await make_post(backend, owner)
    comment_id = await make_comment(backend, author, other_id)
    await like(backend, links, fan.id, NodeKind.POST, own_id)
    await like(backend, links, fan.id, NodeKind.COMMENT, comment_id)
    todo = [*await jobs_of(backend, own_id), *await jobs_of(backend, comment_id)]
    await make_block(backend, author, fan)
    await run(like_notification, *todo)
    assert await people.rows(author.id) == []
    await end_block(backend, author, fan)
    await make_block(backend, owner, author)
    await run(like_notification, *todo)
    assert [row["subject_id"] for row in await people.rows(author.id)] == [own_id]


async def test_in_any_order_and_twice_what_is_told_is_what_holds(
    backend: Backend, people: People, links: MediaLinks
) -> None:
    chance = random.Random(7)
    owner = await people.new()
    fans = [await people.new() for _ in range(3)]
    for _ in range(10):
        post_id = await new_post(backend, owner)
        done: list[Job] = []
        for _ in range(6):
            fan = chance.choice(fans)
            change = chance.choice((like, like, unlike))
            await change(backend, links, fan, NodeKind.POST, post_id)
            if chance.random() < 0.3:
                done = await jobs_of(backend, post_id)
                await asyncio.gather(*(like_notification(job) for job in chance.sample(done, len(done))))
        todo = [*await jobs_of(backend, post_id), *done]
        chance.shuffle(todo)
        await asyncio.gather(*(like_notification(job) for job in todo))
        holding = await backend.reader().on_shard_of(
            post_id, "SELECT user_id FROM likes WHERE subject_id = $1 AND state = 'LIKED'", post_id
        )
        rows = [row for row in await people.rows(owner) if row["subject_id"] == post_id]
        told = [actor for row in rows for actor in await people.actors(row["id"])]
        assert sorted(told) == sorted(row["user_id"] for row in holding)
        assert sum(row["actor_count"] for row in rows) == len(told)
        assert len(rows) == bool(told)
