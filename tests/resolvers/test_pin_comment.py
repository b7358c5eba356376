import pytest

from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, make_comment, make_post, rows
from tests.resolvers.accounts import error_code
from tests.resolvers.posts import comment_of, mutate, nobody, post_of, refused

ORDERS = """
query ($post: ID!) { node(id: $post) { ... on Post {
    TOP: comments(order: TOP) { nodes { id isPinned } }
    NEWEST: comments(order: NEWEST) { nodes { id isPinned } }
    OLDEST: comments(order: OLDEST) { nodes { id isPinned } }
} } }
"""


async def test_pinning_and_unpinning(api: Api, backend: Backend) -> None:
    author, writer = await make_user(backend), await make_user(backend)
    number = await make_post(backend, author)
    a, b, c = [comment_of(await make_comment(backend, writer, number)) for _ in range(3)]
    for comment_id in (a, b, a):
        payload = await mutate(api, "pinComment", "comment { id isPinned }", {"commentId": comment_id}, author)
        assert payload == {"comment": {"id": comment_id, "isPinned": True}, "userErrors": []}
    found = (await api.data(ORDERS, {"post": post_of(number)}))["node"]
    pinned, plain = {a: True, b: True, c: False}, {a: False, b: False, c: False}
    for order, expected in (("TOP", [b, a, c]), ("NEWEST", [c, b, a]), ("OLDEST", [a, b, c])):
        assert found[order]["nodes"] == [{"id": one, "isPinned": pinned[one]} for one in expected]
    for comment_id in (a, b, b):
        payload = await mutate(api, "unpinComment", "comment { id isPinned }", {"commentId": comment_id}, author)
        assert payload == {"comment": {"id": comment_id, "isPinned": False}, "userErrors": []}
    found = (await api.data(ORDERS, {"post": post_of(number)}))["node"]
    for order, expected in (("TOP", [c, b, a]), ("NEWEST", [c, b, a]), ("OLDEST", [a, b, c])):
        assert found[order]["nodes"] == [{"id": one, "isPinned": plain[one]} for one in expected]


async def test_a_fourth_is_refused(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    number = await make_post(backend, author)
    *three, fourth = [comment_of(await make_comment(backend, author, number)) for _ in range(4)]
    for comment_id in three:
        await mutate(api, "pinComment", "comment { id }", {"commentId": comment_id}, author)
    payload = await mutate(api, "pinComment", "comment { id }", {"commentId": fourth}, author)
    assert payload == refused("comment", "QUOTA_EXCEEDED", "commentId")
    sql = "SELECT count(*) FROM comments WHERE post_id = $1 AND pinned_at IS NOT NULL"
    assert await rows(backend, number, sql, number) == [(3,)]


@pytest.mark.parametrize("name", ["pinComment", "unpinComment"])
async def test_who_cannot(api: Api, backend: Backend, name: str) -> None:
    author, writer = await make_user(backend), await make_user(backend)
    hidden = await make_user(backend, is_private=True)
    number = await make_post(backend, author)
    seen = await make_comment(backend, writer, number)
    reply = await make_comment(backend, writer, number, parent_id=seen)
    unseen = await make_comment(backend, hidden, await make_post(backend, hidden))
    before = await fingerprint(backend)
    for person, subject, code in (
        (writer, comment_of(seen), "NOT_ALLOWED"),
        (author, comment_of(reply), "NOT_ALLOWED"),
        (author, comment_of(unseen), "NOT_FOUND"),
        (author, nobody(of="COMMENT"), "NOT_FOUND"),
        (author, post_of(number), "NOT_FOUND"),
    ):
        payload = await mutate(api, name, "comment { id }", {"commentId": subject}, person)
        assert payload == refused("comment", code, "commentId")
    query = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ comment {{ id }} }} }}"
    assert await error_code(api, query, {"input": {"commentId": comment_of(seen)}}) == "UNAUTHENTICATED"
    assert await fingerprint(backend) == before
    sql = "SELECT count(*) FROM comments WHERE post_id = $1 AND pinned_at IS NOT NULL"
    assert await rows(backend, number, sql, number) == [(0,)]
