import asyncio
import random

from sqlalchemy import update

from models.ids import shard_of
from models.tables import Comment, CommentState
from services.backend import Backend
from services.comments.add import NewComment, add_comment
from services.comments.delete import delete_comment
from services.consequences import EventKind
from services.notifications.comments import comment_notification, untell_thread
from services.outbox import Job
from services.visible import MediaLinks
from tests.factories import make_user
from tests.posting import end_block, make_block, make_comment, make_post, set_user_state
from tests.services.notifications.conftest import People
from tests.services.notifications.jobs import jobs, new_post, run


async def jobs_of(backend: Backend, post_id: int) -> list[Job]:
    return await jobs(backend, post_id, {EventKind.COMMENT_ADDED}, {"post_id": post_id}, "comment_notification")


async def ends_of(backend: Backend, post_id: int) -> list[Job]:
    return await jobs(backend, post_id, {EventKind.COMMENT_DELETED}, {"post_id": post_id}, "untell_thread")


async def told(people: People, recipient_id: int) -> list[tuple[object, ...]]:
    return [(row["kind"], row["subject_id"], row["actor_count"]) for row in await people.rows(recipient_id)]


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


async def test_one_deleted_after_is_untold_with_what_answers_it(
    backend: Backend, people: People, links: MediaLinks
) -> None:
    owner, asker, fan = [await people.new() for _ in range(3)]
    post_id = await new_post(backend, owner)
    question = await add_comment(backend, links, asker, NewComment(post_id, "Where?"))
    await add_comment(backend, links, fan, NewComment(post_id, "Here.", question))
    await run(comment_notification, *await jobs_of(backend, post_id))
    assert await told(people, owner) == [("COMMENT", post_id, 2)]
    assert await told(people, asker) == [("REPLY", question, 1)]
    await delete_comment(backend, links, asker, question)
    todo = await ends_of(backend, post_id)
    await run(untell_thread, *todo, *todo)
    assert await told(people, owner) == await told(people, asker) == []


async def test_who_has_another_comment_stays_named(backend: Backend, people: People, links: MediaLinks) -> None:
    owner, fan = [await people.new() for _ in range(2)]
    post_id = await new_post(backend, owner)
    mine = await add_comment(backend, links, owner, NewComment(post_id, "Look."))
    first, second = [await add_comment(backend, links, fan, NewComment(post_id, text)) for text in ("Fine.", "Good.")]
    reply = await add_comment(backend, links, fan, NewComment(post_id, "Where?", mine))
    await run(comment_notification, *await jobs_of(backend, post_id))
    assert await told(people, owner) == [("COMMENT", post_id, 1), ("REPLY", mine, 1)]
    # The later one first: what was told of it is not older than the end of the earlier one.
    for gone, left in (
        (second, [("COMMENT", post_id, 1), ("REPLY", mine, 1)]),
        (first, [("REPLY", mine, 1)]),
        (reply, []),
    ):
        await delete_comment(backend, links, fan, gone)
        await run(untell_thread, *await ends_of(backend, post_id))
        assert await told(people, owner) == left


async def test_what_is_read_stays(backend: Backend, people: People, links: MediaLinks) -> None:
    owner, fan = [await people.new() for _ in range(2)]
    post_id = await new_post(backend, owner)
    comment_id = await add_comment(backend, links, fan, NewComment(post_id, "Fine."))
    await run(comment_notification, *await jobs_of(backend, post_id))
    await people.mark_read(owner)
    await delete_comment(backend, links, fan, comment_id)
    await run(untell_thread, *await ends_of(backend, post_id))
    assert await told(people, owner) == [("COMMENT", post_id, 1)]


async def test_in_any_order_and_twice_what_is_told_is_what_stands(
    backend: Backend, people: People, links: MediaLinks
) -> None:
    chance = random.Random(3)
    owner = await people.new()
    fans = [await people.new() for _ in range(3)]
    for _ in range(8):
        post_id = await new_post(backend, owner)
        said: list[tuple[int, int]] = []
        done: list[Job] = []
        for number in range(7):
            fan = chance.choice(fans)
            if said and chance.random() < 0.4:
                author, comment_id = said.pop(chance.randrange(len(said)))
                await delete_comment(backend, links, author, comment_id)
            else:
                wanted = NewComment(post_id, f"Comment {number} on {post_id}")
                said.append((fan, await add_comment(backend, links, fan, wanted)))
            if chance.random() < 0.3:
                done = [*await jobs_of(backend, post_id), *await ends_of(backend, post_id)]
                await _all(done, chance)
        await _all([*await jobs_of(backend, post_id), *await ends_of(backend, post_id), *done], chance)
        found = [row for row in await people.rows(owner) if row["subject_id"] == post_id]
        named = [actor for row in found for actor in await people.actors(row["id"])]
        assert sorted(named) == sorted({author for author, _ in said})
        assert sum(row["actor_count"] for row in found) == len(named)


async def _all(todo: list[Job], chance: random.Random) -> None:
    handlers = {EventKind.COMMENT_ADDED: comment_notification, EventKind.COMMENT_DELETED: untell_thread}
    await asyncio.gather(*(handlers[job.kind](job) for job in chance.sample(todo, len(todo))))


async def test_who_is_mentioned_is_told_once_and_only_where_they_may_see_it(backend: Backend, people: People) -> None:
    owner = await make_user(backend, is_private=True)
    writer, friend, stranger = [await make_user(backend) for _ in range(3)]
    open_id, closed_id = await make_post(backend, writer), await make_post(backend, owner)
    text = f"@{friend.username} @{stranger.username} @{owner.username} @{writer.username} @nobody_at_all look"
    comment_id = await make_comment(backend, writer, open_id, f"{text}, @{friend.username}")
    await make_comment(backend, owner, closed_id, f"Only for us, @{stranger.username}")
    for post_id in (open_id, closed_id):
        todo = await jobs_of(backend, post_id)
        await run(comment_notification, *todo, *todo)
    for person in (friend, stranger, owner):
        assert await told(people, person.id) == [("MENTION", comment_id, 1)]
    assert await told(people, writer.id) == []


async def test_a_mention_beside_a_reply_and_a_comment_tells_once(backend: Backend, people: People) -> None:
    owner, asker, fan = [await make_user(backend) for _ in range(3)]
    post_id = await make_post(backend, owner)
    question = await make_comment(backend, asker, post_id)
    before = len(await jobs_of(backend, post_id))
    await make_comment(backend, fan, post_id, f"@{asker.username} @{owner.username} here", question)
    await run(comment_notification, *(await jobs_of(backend, post_id))[before:])
    assert await told(people, asker.id) == [("REPLY", question, 1)]
    assert await told(people, owner.id) == [("COMMENT", post_id, 1)]


async def test_a_mention_goes_with_its_comment(backend: Backend, people: People, links: MediaLinks) -> None:
    owner, friend = [await make_user(backend) for _ in range(2)]
    post_id = await make_post(backend, owner)
    comment_id = await make_comment(backend, owner, post_id, f"Look, @{friend.username}")
    await run(comment_notification, *await jobs_of(backend, post_id))
    assert await told(people, friend.id) == [("MENTION", comment_id, 1)]
    await delete_comment(backend, links, owner.id, comment_id)
    await run(untell_thread, *await ends_of(backend, post_id))
    assert await told(people, friend.id) == []


async def test_nobody_is_told_of_someone_whom_they_may_not_see(backend: Backend, people: People) -> None:
    """Jobs come late: by then the two block each other, or the one who said it is suspended."""
    owner, asker, fan, gone = [await make_user(backend) for _ in range(4)]
    post_id = await make_post(backend, owner)
    question = await make_comment(backend, asker, post_id)
    before = len(await jobs_of(backend, post_id))
    for person in (fan, gone):
        await make_comment(backend, person, post_id, f"Ask @{asker.username}!!{person.username}", question)
    todo = (await jobs_of(backend, post_id))[before:]
    await make_block(backend, asker, fan)
    await set_user_state(backend, gone.id, "SUSPENDED")
    await run(comment_notification, *todo)
    assert await told(people, asker.id) == []
    assert await told(people, owner.id) == [("COMMENT", post_id, 1)]
    await end_block(backend, asker, fan)
    assert await told(people, asker.id) == []
