"""Who is told of being tagged or mentioned in a post."""

import asyncio

from services.backend import Backend
from services.consequences import EventKind
from services.notifications.named import named_notification
from services.outbox import Job
from services.posts.attaching import NewMedia
from services.posts.checks import NewTag
from services.posts.create import NewPost, create_post
from services.posts.delete import delete_post
from services.posts.update import update_post
from tests.factories import Person, make_user
from tests.posting import accept_follow, links, make_follow, make_post, post_row, ready_upload
from tests.services.notifications.conftest import People
from tests.services.notifications.jobs import jobs, run


async def jobs_of(backend: Backend, post_id: int) -> list[Job]:
    kinds = {EventKind.POST_CREATED, EventKind.POST_UPDATED}
    return await jobs(backend, post_id, kinds, {"post_id": post_id}, "named_notification")


async def told(people: People, person: Person) -> list[tuple[str, int]]:
    return [(row["kind"], row["subject_id"]) for row in await people.rows(person.id) if row["kind"] != "WELCOME"]


async def test_everyone_who_is_named_once(backend: Backend, people: People) -> None:
    author, tagged, mentioned, both = [await make_user(backend) for _ in range(4)]
    tags = [NewTag(one.id, 0, 0) for one in (tagged, both, author)]
    caption = f"@{mentioned.username} @{both.username} @{author.username} @{mentioned.username}"
    media = [NewMedia(await ready_upload(backend, author.id), tags=tags) for _ in range(2)]
    post_id = await create_post(backend, links(backend), author.id, NewPost(media, caption))
    todo = await jobs_of(backend, post_id)
    await asyncio.gather(*(run(named_notification, *todo, *todo) for _ in range(3)))
    assert await told(people, tagged) == [("TAG", post_id)]
    assert await told(people, mentioned) == [("MENTION", post_id)]
    assert await told(people, both) == [("TAG", post_id)]
    assert await told(people, author) == []


async def test_a_change_tells_those_who_came_in(backend: Backend, people: People) -> None:
    author, before, after = [await make_user(backend) for _ in range(3)]
    post_id = await make_post(backend, author, caption=f"@{before.username}")
    [created] = await jobs_of(backend, post_id)
    await run(named_notification, created)
    await people.mark_read(before.id)
    for caption in (f"@{before.username} @{after.username}", "nobody", f"@{after.username} @{before.username}"):
        await update_post(backend, links(backend), author.id, post_id, {"caption": caption})
    todo = await jobs_of(backend, post_id)
    await run(named_notification, *reversed(todo))
    assert await told(people, before) == [("MENTION", post_id)]
    assert await told(people, after) == [("MENTION", post_id)]


async def test_who_may_not_see_the_post_is_not_told(backend: Backend, people: People) -> None:
    author = await make_user(backend, is_private=True)
    stranger, follower = await make_user(backend), await make_user(backend)
    await make_follow(backend, follower, author)
    await accept_follow(backend, follower, author)
    post_id = await make_post(backend, author, caption=f"@{stranger.username} @{follower.username}")
    assert [one["user_id"] for one in (await post_row(backend, post_id))["entities"]] == [stranger.id, follower.id]
    await run(named_notification, *await jobs_of(backend, post_id))
    assert await told(people, stranger) == []
    assert await told(people, follower) == [("MENTION", post_id)]


async def test_of_a_post_that_is_gone_or_a_name_that_is_out_nobody_is_told(backend: Backend, people: People) -> None:
    author, friend = await make_user(backend), await make_user(backend)
    gone = await make_post(backend, author, caption=f"@{friend.username}")
    edited = await make_post(backend, author, caption=f"@{friend.username}")
    await delete_post(backend, links(backend), author.id, gone)
    await update_post(backend, links(backend), author.id, edited, {"caption": ""})
    await run(named_notification, *await jobs_of(backend, gone), *await jobs_of(backend, edited))
    assert await told(people, friend) == []


async def test_a_crowd_is_told_to_the_last(backend: Backend, people: People) -> None:
    author = await make_user(backend)
    crowd = [await people.new() for _ in range(25)]
    media = [
        NewMedia(await ready_upload(backend, author.id), tags=[NewTag(one, 0, 0) for one in some])
        for some in (crowd[:20], crowd[20:])
    ]
    post_id = await create_post(backend, links(backend), author.id, NewPost(media))
    await run(named_notification, *await jobs_of(backend, post_id))
    assert [[row["kind"] for row in await people.rows(one)] for one in crowd] == [["TAG"]] * 25
