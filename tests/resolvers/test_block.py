from services.backend import Backend
from services.consequences import EventKind
from tests.api import Api
from tests.factories import make_user
from tests.posting import events_about, fingerprint, make_follow, make_post
from tests.resolvers.posts import mutate, nobody, post_of, refused

SHOWN = "user { id username }"
SEEN = """
    query ($id: ID!, $post: ID!, $ids: [ID!]!) {
        user: node(id: $id) { id } post: node(id: $post) { id } nodes(ids: $ids) { id }
    }
"""


async def test_each_is_invisible_to_the_other_until_the_block_ends(api: Api, backend: Backend) -> None:
    a, b = await make_user(backend), await make_user(backend)
    posts = {person.id: post_of(await make_post(backend, person)) for person in (a, b)}
    await make_follow(backend, a, b)
    shown = {"user": {"id": b.global_id, "username": b.username}, "userErrors": []}
    for name, is_seen in (("block", False), ("block", False), ("unblock", True), ("unblock", True)):
        assert await mutate(api, name, SHOWN, {"userId": b.global_id}, a) == shown
        for viewer, other in ((a, b), (b, a)):
            asked = {"id": other.global_id, "post": posts[other.id], "ids": [other.global_id, posts[other.id]]}
            data = await api.data(SEEN, asked, token=viewer.access_token)
            user, post = {"id": other.global_id}, {"id": posts[other.id]}
            assert data == (
                {"user": user, "post": post, "nodes": [user, post]}
                if is_seen
                else {"user": None, "post": None, "nodes": [None, None]}
            )
    assert len(await events_about(backend, a.id, EventKind.BLOCKED, blocked_id=b.id)) == 1
    assert len(await events_about(backend, a.id, EventKind.UNBLOCKED, blocked_id=b.id)) == 1


async def test_what_the_answer_shows_of_the_one_blocked_is_no_more_than_who_it_is(api: Api, backend: Backend) -> None:
    a, b, follower = [await make_user(backend) for _ in range(3)]
    await make_post(backend, b)
    await make_follow(backend, follower, b)
    selection = "user { id posts { nodes { id } } followers { nodes { id } } following { nodes { id } } }"
    payload = await mutate(api, "block", selection, {"userId": b.global_id}, a)
    nobody_there: dict[str, list[object]] = {"nodes": []}
    assert payload["user"] == {
        "id": b.global_id, "posts": nobody_there, "followers": nobody_there, "following": nobody_there,
    }  # fmt: skip


async def test_whom_one_cannot_block_or_unblock(api: Api, backend: Backend) -> None:
    a, by = await make_user(backend), await make_user(backend)
    await mutate(api, "block", SHOWN, {"userId": a.global_id}, by)
    before = await fingerprint(backend)
    for name in ("block", "unblock"):
        unknown = await mutate(api, name, SHOWN, {"userId": nobody(of="USER")}, a)
        assert unknown == refused("user", "NOT_FOUND", "userId")
        for user_id in (nobody(of="POST"), by.global_id):
            assert await mutate(api, name, SHOWN, {"userId": user_id}, a) == unknown
        anonymous = await api(
            f'mutation {{ {name}(input: {{userId: "{by.global_id}"}}) {{ user {{ id }} userErrors {{ code }} }} }}'
        )
        assert anonymous["data"] == {name: None}
        assert anonymous["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await mutate(api, "block", SHOWN, {"userId": a.global_id}, a) == refused("user", "INVALID", "userId")
    assert await fingerprint(backend) == before
