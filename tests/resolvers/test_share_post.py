from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, make_post
from tests.resolvers.accounts import error_code
from tests.resolvers.posts import mutate, nobody, post_of, refused

SHOWN = "post { shareCount }"


async def test_it_counts_each_recipient(api: Api, backend: Backend) -> None:
    author, viewer, *friends = [await make_user(backend) for _ in range(4)]
    post_id = post_of(await make_post(backend, author))
    given = {"postId": post_id, "userIds": [one.global_id for one in friends], "text": "Look", "idempotencyKey": "k"}
    for _ in range(2):
        payload = await mutate(api, "sharePost", SHOWN, given, viewer)
        assert payload == {"post": {"shareCount": 2}, "userErrors": []}
    more = {"postId": post_id, "userIds": [friends[0].global_id], "conversationIds": []}
    assert (await mutate(api, "sharePost", SHOWN, more, viewer))["post"] == {"shareCount": 3}


async def test_refusals_name_the_field(api: Api, backend: Backend) -> None:
    author, viewer, friend = [await make_user(backend) for _ in range(3)]
    hidden = await make_user(backend, is_private=True)
    post_id, secret = post_of(await make_post(backend, author)), post_of(await make_post(backend, hidden))
    before = await fingerprint(backend)
    for given, code, field in (
        ({}, "TOO_SHORT", ["userIds"]),
        ({"userIds": []}, "TOO_SHORT", ["userIds"]),
        ({"userIds": [friend.global_id, nobody(of="USER")]}, "NOT_FOUND", ["userIds", "1"]),
        ({"userIds": [post_id]}, "NOT_FOUND", ["userIds", "0"]),
        ({"userIds": [viewer.global_id]}, "INVALID", ["userIds", "0"]),
        ({"userIds": [friend.global_id], "text": "x" * 1001}, "TOO_LONG", ["text"]),
        (
            {"userIds": [friend.global_id], "conversationIds": [nobody(of="POST")]},
            "NOT_FOUND",
            ["conversationIds", "0"],
        ),
        ({"postId": secret, "userIds": [friend.global_id]}, "NOT_FOUND", ["postId"]),
    ):
        payload = await mutate(api, "sharePost", SHOWN, {"postId": post_id, **given}, viewer)
        assert payload == refused("post", code, *field)
    assert await fingerprint(backend) == before
    query = f'mutation {{ sharePost(input: {{ postId: "{post_id}", userIds: ["x"] }}) {{ post {{ id }} }} }}'
    assert await error_code(api, query) == "UNAUTHENTICATED"
    assert await error_code(api, query, token=viewer.access_token) == "BAD_ID"
