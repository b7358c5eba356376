from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, make_comment, make_post
from tests.resolvers.accounts import error_code
from tests.resolvers.posts import comment_of, mutate, nobody, post_of, refused

SHOWN = "subject { __typename id likeCount viewerHasLiked ... on Post { likers { edges { node { id } since } } } }"


async def test_liking_and_liking_no_more(api: Api, backend: Backend) -> None:
    author, fan = await make_user(backend), await make_user(backend)
    number = await make_post(backend, author)
    for kind, subject_id in (
        ("Post", post_of(number)),
        ("Comment", comment_of(await make_comment(backend, author, number))),
    ):
        for name, liked in (("like", True), ("like", True), ("unlike", False), ("unlike", False)):
            payload = await mutate(api, name, SHOWN, {"subjectId": subject_id}, fan)
            likers = payload["subject"].pop("likers", None)
            subject = {"__typename": kind, "id": subject_id, "likeCount": int(liked), "viewerHasLiked": liked}
            assert payload == {"subject": subject, "userErrors": []}
            if kind == "Post":
                assert [edge["node"]["id"] for edge in likers["edges"]] == [fan.global_id] * liked
                assert all(edge["since"] for edge in likers["edges"])


async def test_what_cannot_be_liked(api: Api, backend: Backend) -> None:
    hidden, other = await make_user(backend, is_private=True), await make_user(backend)
    post_id = post_of(await make_post(backend, hidden))
    before = await fingerprint(backend)
    for name in ("like", "unlike"):
        for subject_id in (post_id, nobody(of="POST"), nobody(of="COMMENT"), hidden.global_id):
            payload = await mutate(api, name, SHOWN, {"subjectId": subject_id}, other)
            assert payload == refused("subject", "NOT_FOUND", "subjectId")
        query = f"mutation ($input: {name.title()}Input!) {{ {name}(input: $input) {{ subject {{ id }} }} }}"
        assert await error_code(api, query, {"input": {"subjectId": post_id}}) == "UNAUTHENTICATED"
    assert await fingerprint(backend) == before
