import asyncio
import random

from services.accounts.profile import update_profile
from services.backend import Backend
from services.consequences import EventKind
from services.notifications.follows import follow_notification
from services.outbox import Job
from services.relationships.follow import follow, unfollow
from services.relationships.requests import accept_request, decline_request, remove_follower
from services.visible import MediaLinks
from tests.factories import make_user
from tests.services.notifications.conftest import People
from tests.services.notifications.jobs import jobs, run


async def jobs_of(backend: Backend, followed_id: int) -> list[Job]:
    kinds = {EventKind.FOLLOWED, EventKind.UNFOLLOWED}
    return await jobs(backend, followed_id, kinds, {"followed_id": followed_id}, "follow_notification")


async def test_who_is_followed_is_told_and_followers_fold(backend: Backend, people: People, links: MediaLinks) -> None:
    followed, *fans = [await make_user(backend) for _ in range(3)]
    for fan in fans:
        await follow(backend, links, fan.viewer.user, followed.id)
    await run(follow_notification, *await jobs_of(backend, followed.id))
    [row] = await people.rows(followed.id)
    assert (row["kind"], row["subject_kind"], row["subject_id"]) == ("FOLLOW", "USER", followed.id)
    assert await people.actors(row["id"]) == [fan.id for fan in fans]


async def told(people: People, user_id: int) -> list[tuple[str, int]]:
    """Kind, and how many did it."""
    return [(row["kind"], row["actor_count"]) for row in await people.rows(user_id)]


async def test_who_asks_is_told_of_until_it_is_decided(backend: Backend, people: People, links: MediaLinks) -> None:
    followed, *fans = [await make_user(backend, is_private=number == 0) for number in range(4)]
    for fan in fans:
        await follow(backend, links, fan.viewer.user, followed.id)
    await run(follow_notification, *await jobs_of(backend, followed.id))
    [row] = await people.rows(followed.id)
    assert (row["kind"], row["subject_kind"], row["subject_id"]) == ("FOLLOW_REQUEST", "USER", followed.id)
    assert await people.actors(row["id"]) == [fan.id for fan in fans]
    await accept_request(backend, links, followed.viewer.user, fans[0].id)
    await decline_request(backend, links, followed.viewer.user, fans[1].id)
    await run(follow_notification, *await jobs_of(backend, followed.id))
    assert await told(people, followed.id) == [("FOLLOW_REQUEST", 1)]
    await unfollow(backend, links, fans[2].id, followed.id)
    await run(follow_notification, *await jobs_of(backend, followed.id))
    assert await told(people, followed.id) == []
    assert [await told(people, fan.id) for fan in fans] == [[("FOLLOW_ACCEPTED", 1)], [], []]


async def test_who_was_accepted_is_told_by_whom_and_who_is_removed_is_not(
    backend: Backend, people: People, links: MediaLinks
) -> None:
    fan, *accepting = [await make_user(backend, is_private=number > 0) for number in range(3)]
    for one in accepting:
        await follow(backend, links, fan.viewer.user, one.id)
        await accept_request(backend, links, one.viewer.user, fan.id)
        await run(follow_notification, *await jobs_of(backend, one.id))
    [row] = await people.rows(fan.id)
    assert (row["kind"], row["subject_kind"], row["subject_id"]) == ("FOLLOW_ACCEPTED", "USER", fan.id)
    assert await people.actors(row["id"]) == [one.id for one in accepting]
    assert [await told(people, one.id) for one in accepting] == [[], []]
    await remove_follower(backend, links, accepting[0].viewer.user, fan.id)
    await run(follow_notification, *await jobs_of(backend, accepting[0].id))
    assert await told(people, fan.id) == [("FOLLOW_ACCEPTED", 1)]
    await people.mark_read(fan.id)
    await remove_follower(backend, links, accepting[1].viewer.user, fan.id)
    await run(follow_notification, *await jobs_of(backend, accepting[1].id))
    assert await told(people, fan.id) == [("FOLLOW_ACCEPTED", 1)]


async def test_an_account_that_becomes_public_has_accepted(backend: Backend, people: People, links: MediaLinks) -> None:
    followed, fan = await make_user(backend, is_private=True), await make_user(backend)
    await follow(backend, links, fan.viewer.user, followed.id)
    await update_profile(backend, followed.viewer, {"is_private": False})
    await run(follow_notification, *await jobs_of(backend, followed.id))
    assert await told(people, followed.id) == []
    assert await told(people, fan.id) == [("FOLLOW_ACCEPTED", 1)]


async def test_in_any_order_and_twice_what_is_told_is_what_holds(
    backend: Backend, people: People, links: MediaLinks
) -> None:
    chance = random.Random(5)
    for _ in range(6):
        followed, fan = await make_user(backend, is_private=True), await make_user(backend)
        for _ in range(8):
            dice = chance.random()
            if dice < 0.5:
                await follow(backend, links, fan.viewer.user, followed.id)
            elif dice < 0.7:
                await accept_request(backend, links, followed.viewer.user, fan.id)
            elif dice < 0.8:
                await decline_request(backend, links, followed.viewer.user, fan.id)
            else:
                await unfollow(backend, links, fan.id, followed.id)
            if chance.random() < 0.3:
                done = await jobs_of(backend, followed.id)
                await asyncio.gather(*(follow_notification(job) for job in chance.sample(done, len(done))))
        todo = await jobs_of(backend, followed.id)
        todo += chance.sample(todo, len(todo) // 2)
        chance.shuffle(todo)
        await asyncio.gather(*(follow_notification(job) for job in todo))
        sql = "SELECT state FROM follows WHERE followed_id = $1 AND follower_id = $2"
        state = [row["state"] for row in await backend.reader().on_shard_of(followed.id, sql, followed.id, fan.id)]
        assert await told(people, followed.id) == ([("FOLLOW_REQUEST", 1)] if state == ["PENDING"] else [])
        assert await told(people, fan.id) == ([("FOLLOW_ACCEPTED", 1)] if state == ["ACCEPTED"] else [])


async def test_who_goes_is_untold(backend: Backend, people: People, links: MediaLinks) -> None:
    followed, fan = [await make_user(backend) for _ in range(2)]
    await follow(backend, links, fan.viewer.user, followed.id)
    await run(follow_notification, *await jobs_of(backend, followed.id))
    assert len(await people.rows(followed.id)) == 1
    await unfollow(backend, links, fan.id, followed.id)
    await run(follow_notification, *await jobs_of(backend, followed.id))
    assert await people.rows(followed.id) == []
