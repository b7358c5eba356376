from services.backend import Backend
from services.consequences import EventKind
from services.notifications.follows import follow_notification
from services.outbox import Job
from services.relationships.follow import follow, unfollow
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


async def test_who_only_asks_is_not_told_of_as_a_follower(backend: Backend, people: People, links: MediaLinks) -> None:
    followed, fan = await make_user(backend, is_private=True), await make_user(backend)
    await follow(backend, links, fan.viewer.user, followed.id)
    [job] = await jobs_of(backend, followed.id)
    assert job.payload["state"] == "PENDING"
    await run(follow_notification, job)
    assert await people.rows(followed.id) == []


async def test_who_goes_is_untold(backend: Backend, people: People, links: MediaLinks) -> None:
    followed, fan = [await make_user(backend) for _ in range(2)]
    await follow(backend, links, fan.viewer.user, followed.id)
    await run(follow_notification, *await jobs_of(backend, followed.id))
    assert len(await people.rows(followed.id)) == 1
    await unfollow(backend, links, fan.id, followed.id)
    await run(follow_notification, *await jobs_of(backend, followed.id))
    assert await people.rows(followed.id) == []
