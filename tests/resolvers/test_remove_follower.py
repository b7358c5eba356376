from services.backend import Backend
from services.consequences import EventKind
from tests.api import Api
from tests.factories import make_user
from tests.posting import events_about, make_follow
from tests.recount import differences
from tests.resolvers.people import SHOWN, refuses, seen, shown
from tests.resolvers.posts import mutate


async def test_a_follower_is_removed_and_may_follow_again(api: Api, backend: Backend) -> None:
    viewer, follower = await make_user(backend), await make_user(backend)
    await make_follow(backend, follower, viewer)
    for _ in range(2):
        payload = await mutate(api, "removeFollower", SHOWN, {"userId": follower.global_id}, viewer)
        assert payload == shown(follower)
        assert not (await seen(api, follower, viewer))["isFollowing"]
    assert len(await events_about(backend, viewer.id, EventKind.UNFOLLOWED, follower_id=follower.id)) == 1
    await make_follow(backend, follower, viewer)
    assert (await seen(api, follower, viewer))["isFollowing"]
    assert await differences(backend, {viewer.id, follower.id}) == []


async def test_who_only_asks_goes_on_asking(api: Api, backend: Backend) -> None:
    viewer, asking = await make_user(backend, is_private=True), await make_user(backend)
    await make_follow(backend, asking, viewer)
    payload = await mutate(api, "removeFollower", SHOWN, {"userId": asking.global_id}, viewer)
    assert payload == shown(asking, "isRequestedBy")


async def test_the_viewer_s_own_follow_stays(api: Api, backend: Backend) -> None:
    viewer, other = await make_user(backend), await make_user(backend)
    await make_follow(backend, viewer, other)
    payload = await mutate(api, "removeFollower", SHOWN, {"userId": other.global_id}, viewer)
    assert payload == shown(other, "isFollowing")


async def test_who_cannot_be_removed(api: Api, backend: Backend) -> None:
    await refuses(api, backend, "removeFollower", oneself=False)
