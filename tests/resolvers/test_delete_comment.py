from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, make_comment, make_post
from tests.resolvers.accounts import error_code
from tests.resolvers.posts import comment_of, mutate, nobody, post_of, refused

DELETE = "mutation ($input: DeleteCommentInput!) { deleteComment(input: $input) { deletedId } }"
SHOWN = """
query ($post: ID!, $comments: [ID!]!) {
    node(id: $post) { ... on Post { commentCount comments { nodes { id } } } } nodes(ids: $comments) { id }
}
"""


async def test_deleting_a_comment_with_its_answers(api: Api, backend: Backend) -> None:
    author, writer = await make_user(backend), await make_user(backend)
    number = await make_post(backend, author)
    kept, gone = [await make_comment(backend, writer, number) for _ in range(2)]
    reply = await make_comment(backend, author, number, parent_id=gone)
    payload = await mutate(api, "deleteComment", "deletedId", {"commentId": comment_of(gone)}, writer)
    assert payload == {"deletedId": comment_of(gone), "userErrors": []}
    asked = {"post": post_of(number), "comments": [comment_of(one) for one in (kept, gone, reply)]}
    assert await api.data(SHOWN, asked, token=author.access_token) == {
        "node": {"commentCount": 1, "comments": {"nodes": [{"id": comment_of(kept)}]}},
        "nodes": [{"id": comment_of(kept)}, None, None],
    }
    again = await mutate(api, "deleteComment", "deletedId", {"commentId": comment_of(gone)}, writer)
    assert again == refused("deletedId", "NOT_FOUND", "commentId")


async def test_who_cannot(api: Api, backend: Backend) -> None:
    author, writer, other = [await make_user(backend) for _ in range(3)]
    hidden = await make_user(backend, is_private=True)
    seen = comment_of(await make_comment(backend, writer, await make_post(backend, author)))
    unseen = comment_of(await make_comment(backend, hidden, await make_post(backend, hidden)))
    before = await fingerprint(backend)
    for subject, code in (
        (seen, "NOT_ALLOWED"),
        (unseen, "NOT_FOUND"),
        (nobody(of="COMMENT"), "NOT_FOUND"),
        (other.global_id, "NOT_FOUND"),
    ):
        payload = await mutate(api, "deleteComment", "deletedId", {"commentId": subject}, other)
        assert payload == refused("deletedId", code, "commentId")
    assert await error_code(api, DELETE, {"input": {"commentId": seen}}) == "UNAUTHENTICATED"
    assert await error_code(api, DELETE, {"input": {"commentId": "x"}}, token=other.access_token) == "BAD_ID"
    assert await fingerprint(backend) == before
