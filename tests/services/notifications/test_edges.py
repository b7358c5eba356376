from models.global_ids import NodeKind
from models.tables import NotificationKind
from services.backend import Backend
from services.consequences import EventKind
from services.likes import like, unlike
from services.notifications.edges import Standing, settle
from services.notifications.likes import like_notification
from services.visible import MediaLinks
from tests.services.notifications.conftest import People
from tests.services.notifications.jobs import jobs, new_post, run


async def test_what_ends_between_the_look_and_the_telling_is_untold(
    backend: Backend, people: People, links: MediaLinks
) -> None:
    owner, fan = [await people.new() for _ in range(2)]
    post_id = await new_post(backend, owner)
    await like(backend, links, fan, NodeKind.POST, post_id)
    [liked] = await jobs(backend, post_id, {EventKind.LIKED}, {"subject_id": post_id})
    looks: list[Standing] = []

    async def look() -> Standing:
        """Slow: by the time that the first answer is there, the like has ended, and the job of its end is done."""
        if not looks:
            looks.append(Standing(owner, True, 1))
            await unlike(backend, links, fan, NodeKind.POST, post_id)
            await run(like_notification, *await jobs(backend, post_id, {EventKind.UNLIKED}, {"subject_id": post_id}))
        else:
            assert len(await people.rows(owner)) == 1
            looks.append(Standing(owner, False, 2))
        return looks[-1]

    await settle(liked, NotificationKind.LIKE, fan, (NodeKind.POST, post_id), look)
    assert len(looks) == 2
    assert await people.rows(owner) == []


async def test_a_job_that_died_after_telling_takes_back_what_ended_since(
    backend: Backend, people: People, links: MediaLinks
) -> None:
    owner, fan = [await people.new() for _ in range(2)]
    post_id = await new_post(backend, owner)
    await like(backend, links, fan, NodeKind.POST, post_id)
    [liked] = await jobs(backend, post_id, {EventKind.LIKED}, {"subject_id": post_id})
    await people.likes(owner, fan, post_id=post_id, event_id=liked.event_id, version=1)  # and there it died
    await unlike(backend, links, fan, NodeKind.POST, post_id)
    await run(like_notification, liked)
    assert await people.rows(owner) == []
