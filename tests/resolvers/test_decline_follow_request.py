from services.backend import Backend
from services.consequences import EventKind
from tests.api import Api
from tests.factories import make_user
from tests.posting import accept_follow, events_about, make_follow
from tests.resolvers.people import SHOWN, ids_of, refuses, seen, shown
from tests.resolvers.posts import mutate


async def test_who_is_declined_may_ask_again(api: Api, backend: Backend) -> None:
    viewer, asking = await make_user(backend, is_private=True), await make_user(backend)
    await make_follow(backend, asking, viewer)
    for _ in range(2):
        payload = await mutate(api, "declineFollowRequest", SHOWN, {"userId": asking.global_id}, viewer)
        assert payload == shown(asking)
        assert await ids_of(api, viewer, "followRequests") == []
        assert not (await seen(api, asking, viewer))["hasRequestedToFollow"]
    assert len(await events_about(backend, viewer.id, EventKind.UNFOLLOWED, follower_id=asking.id)) == 1
    await make_follow(backend, asking, viewer)
    assert (await seen(api, asking, viewer))["hasRequestedToFollow"]


async def test_who_follows_already_stays(api: Api, backend: Backend) -> None:
    viewer, follower = await make_user(backend, is_private=True), await make_user(backend)
    await make_follow(backend, follower, viewer)
    await accept_follow(backend, follower, viewer)
    payload = await mutate(api, "declineFollowRequest", SHOWN, {"userId": follower.global_id}, viewer)
    assert payload == shown(follower, "isFollowedBy")


async def test_whom_one_cannot_decline(api: Api, backend: Backend) -> None:
    await refuses(api, backend, "declineFollowRequest", oneself=False)
