from services.backend import Backend
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import fingerprint, followed_by_mirror, make_follow
from tests.resolvers.posts import mutate, nobody, refused

BOTH = "isSelf isFollowing isFollowedBy hasRequestedToFollow isRequestedBy"
SHOWN = f"user {{ id followerCount viewerRelationship {{ {BOTH} }} }}"
PEOPLE = f"""
    query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on User {{
        followingCount viewerRelationship {{ {BOTH} }}
        followers {{ nodes {{ id }} edges {{ since node {{ id }} }} }} following(first: 1) {{ nodes {{ id }} }}
    }} }} }}
"""


def relation(*what: str) -> dict[str, bool]:
    return {name: name in what for name in BOTH.split()}


async def people(api: Api, viewer: Person | None, *asked: Person) -> list[dict[str, object]]:
    ids = {"ids": [person.global_id for person in asked]}
    found: list[dict[str, object]] = (await api.data(PEOPLE, ids, token=viewer.access_token if viewer else None))[
        "nodes"
    ]
    return found


async def test_following_and_following_no_more(api: Api, backend: Backend) -> None:
    a, b = await make_user(backend), await make_user(backend)
    for name, what, followers in (
        ("follow", ["isFollowing"], 1),
        ("follow", ["isFollowing"], 1),
        ("unfollow", [], 0),
        ("unfollow", [], 0),
        ("follow", ["isFollowing"], 1),
    ):
        payload = await mutate(api, name, SHOWN, {"userId": b.global_id}, a)
        user = {"id": b.global_id, "followerCount": followers, "viewerRelationship": relation(*what)}
        assert payload == {"user": user, "userErrors": []}
    own, other = await people(api, b, b, a)
    assert own["viewerRelationship"] == relation("isSelf")
    assert other["viewerRelationship"] == relation("isFollowedBy")
    assert own["followers"]["nodes"] == [{"id": a.global_id}]  # type: ignore[index]
    assert (other["following"], other["followingCount"]) == ({"nodes": [{"id": b.global_id}]}, 1)
    assert [one["viewerRelationship"] for one in await people(api, None, a, b)] == [None, None]


async def test_a_private_account_is_asked(api: Api, backend: Backend) -> None:
    a, b = await make_user(backend), await make_user(backend, is_private=True)
    payload = await mutate(api, "follow", SHOWN, {"userId": b.global_id}, a)
    assert payload["user"]["viewerRelationship"] == relation("hasRequestedToFollow")
    assert payload["user"]["followerCount"] == 0
    [other] = await people(api, b, a)
    assert other["viewerRelationship"] == relation("isRequestedBy")


async def test_whom_one_cannot_follow(api: Api, backend: Backend) -> None:
    a = await make_user(backend)
    before = await fingerprint(backend)
    for user_id, code in ((a.global_id, "INVALID"), (nobody(of="USER"), "NOT_FOUND"), (nobody(of="POST"), "NOT_FOUND")):
        assert await mutate(api, "follow", SHOWN, {"userId": user_id}, a) == refused("user", code, "userId")
    missing = await mutate(api, "unfollow", SHOWN, {"userId": nobody(of="USER")}, a)
    assert missing == refused("user", "NOT_FOUND", "userId")
    assert await fingerprint(backend) == before


async def test_more_than_the_limit_cannot_be_followed(api: Api, backend: Backend) -> None:
    a, b, c = [await make_user(backend) for _ in range(3)]
    await followed_by_mirror(backend, a, 7499)
    assert (await mutate(api, "follow", SHOWN, {"userId": b.global_id}, a))["userErrors"] == []
    before = await fingerprint(backend)
    refusal = refused("user", "QUOTA_EXCEEDED", "userId")
    assert await mutate(api, "follow", SHOWN, {"userId": c.global_id}, a) == refusal
    assert (await mutate(api, "follow", SHOWN, {"userId": b.global_id}, a))["userErrors"] == []
    assert await fingerprint(backend) == before


async def test_an_anonymous_caller_follows_nobody(api: Api, backend: Backend) -> None:
    a = await make_user(backend)
    before = await fingerprint(backend)
    for name in ("follow", "unfollow"):
        answer = await api(f'mutation {{ {name}(input: {{userId: "{a.global_id}"}}) {{ user {{ id }} }} }}')
        assert answer["data"] == {name: None}
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await fingerprint(backend) == before


async def test_mutual_followers(api: Api, backend: Backend) -> None:
    viewer, user, friend, stranger = [await make_user(backend) for _ in range(4)]
    for follower, followed in ((viewer, friend), (friend, user), (stranger, user)):
        await make_follow(backend, follower, followed)
    query = "query ($id: ID!) { node(id: $id) { ... on User { mutualFollowers { edges { since node { id } } } } } }"
    data = await api.data(query, {"id": user.global_id}, token=viewer.access_token)
    [edge] = data["node"]["mutualFollowers"]["edges"]
    assert (edge["node"]["id"], edge["since"] is not None) == (friend.global_id, True)
    anonymous = await api.data(query, {"id": user.global_id})
    assert anonymous["node"]["mutualFollowers"] == {"edges": []}
