from services.backend import Backend
from services.consequences import EventKind
from services.notifications.shares import share_notification
from services.posts.share import NewShare, share_post
from tests.factories import make_user
from tests.posting import accept_follow, links, make_follow, make_post, set_user_state
from tests.services.notifications.conftest import People
from tests.services.notifications.jobs import jobs, run
from tests.services.notifications.test_named import told


async def test_who_may_see_the_post_is_told_once(backend: Backend, people: People) -> None:
    author = await make_user(backend, is_private=True)
    viewer, follower, stranger = [await make_user(backend) for _ in range(3)]
    for person in (viewer, follower):
        await make_follow(backend, person, author)
        await accept_follow(backend, person, author)
    post_id = await make_post(backend, author)
    for _ in range(2):
        shared = NewShare(post_id, [follower.id, stranger.id])
        await share_post(backend, links(backend), viewer.id, shared)
    todo = await jobs(backend, post_id, {EventKind.SHARED}, {"post_id": post_id}, "share_notification")
    await run(share_notification, *todo, *todo)
    assert await told(people, follower) == [("SHARE", post_id)]
    assert await told(people, stranger) == []


async def test_nobody_is_told_by_who_is_hidden_from_them(backend: Backend, people: People) -> None:
    author, viewer, friend = [await make_user(backend) for _ in range(3)]
    post_id = await make_post(backend, author)
    await share_post(backend, links(backend), viewer.id, NewShare(post_id, [friend.id]))
    await set_user_state(backend, viewer.id, "SUSPENDED")
    todo = await jobs(backend, post_id, {EventKind.SHARED}, {"post_id": post_id}, "share_notification")
    await run(share_notification, *todo)
    assert await told(people, friend) == []
