from services.backend import Backend
from services.consequences import EventKind
from tests.api import Api
from tests.factories import make_user
from tests.posting import events_about, make_follow, make_post
from tests.recount import differences
from tests.resolvers.people import SHOWN, ids_of, pages_through, refuses, seen, shown
from tests.resolvers.posts import mutate

POSTS = "query ($id: ID!) { node(id: $id) { ... on User { followerCount posts { nodes { id } } } } }"
FEED = "{ viewer { user { followingCount } homeFeed { edges { node { ... on Post { id } } } } } }"


async def test_who_is_accepted_follows_at_once(api: Api, backend: Backend) -> None:
    viewer, asking = await make_user(backend, is_private=True), await make_user(backend)
    await make_post(backend, viewer)
    await api.data(FEED, token=asking.access_token)
    await make_follow(backend, asking, viewer)
    assert await ids_of(api, viewer, "followRequests") == [asking.global_id]
    for _ in range(2):
        payload = await mutate(api, "acceptFollowRequest", SHOWN, {"userId": asking.global_id}, viewer)
        assert payload == shown(asking, "isFollowedBy")
        assert await ids_of(api, viewer, "followRequests") == []
        assert (await seen(api, asking, viewer))["isFollowing"]
        user = (await api.data(POSTS, {"id": viewer.global_id}, token=asking.access_token))["node"]
        assert (user["followerCount"], len(user["posts"]["nodes"])) == (1, 1)
        own = (await api.data(FEED, token=asking.access_token))["viewer"]
        assert (own["user"]["followingCount"], len(own["homeFeed"]["edges"])) == (1, 1)
    told = await events_about(backend, viewer.id, EventKind.FOLLOWED, follower_id=asking.id)
    assert [(one["version"], one["state"]) for one in told] == [(1, "PENDING"), (2, "ACCEPTED")]
    assert await differences(backend, {viewer.id, asking.id}) == []


async def test_where_nobody_asks_nothing_changes(api: Api, backend: Backend) -> None:
    viewer, other = await make_user(backend, is_private=True), await make_user(backend)
    payload = await mutate(api, "acceptFollowRequest", SHOWN, {"userId": other.global_id}, viewer)
    assert payload == shown(other)
    assert await events_about(backend, viewer.id, EventKind.FOLLOWED, follower_id=other.id) == []


async def test_the_list_of_requests_page_by_page(api: Api, backend: Backend) -> None:
    viewer = await make_user(backend, is_private=True)
    asking = [await make_user(backend) for _ in range(3)]
    for one in asking:
        await make_follow(backend, one, viewer)
    await pages_through(api, viewer, "followRequests", [one.global_id for one in reversed(asking)])
    assert (await api.data("{ viewer { followRequests { nodes { id } } } }")) == {"viewer": None}


async def test_whom_one_cannot_accept(api: Api, backend: Backend) -> None:
    await refuses(api, backend, "acceptFollowRequest", oneself=False)
