from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, make_block, make_post
from tests.resolvers.accounts import error_code
from tests.resolvers.posts import mutate, nobody, post_of, refused

SHOWN = """
    comment { id text likeCount replyCount viewerHasLiked viewerCanDelete isPinned author { id }
              parent { id replyCount } post { id commentCount } replies { nodes { id } } }
"""


ADD = "mutation ($input: AddCommentInput!) { addComment(input: $input) { comment { id } } }"


async def test_a_comment_and_an_answer(api: Api, backend: Backend) -> None:
    author, writer = await make_user(backend), await make_user(backend)
    post_id = post_of(await make_post(backend, author))
    given = {"postId": post_id, "text": "Where is this?", "idempotencyKey": "k"}
    payload = await mutate(api, "addComment", SHOWN, given, writer)
    comment = payload["comment"]
    assert payload == {
        "comment": {
            "id": comment["id"],
            "text": "Where is this?",
            "likeCount": 0,
            "replyCount": 0,
            "viewerHasLiked": False,
            "viewerCanDelete": True,
            "isPinned": False,
            "author": {"id": writer.global_id},
            "parent": None,
            "post": {"id": post_id, "commentCount": 1},
            "replies": {"nodes": []},
        },
        "userErrors": [],
    }
    assert (await mutate(api, "addComment", SHOWN, given, writer))["comment"]["id"] == comment["id"]
    answer = {"postId": post_id, "text": "At home", "parentId": comment["id"]}
    reply = (await mutate(api, "addComment", SHOWN, answer, author))["comment"]
    assert reply["parent"] == {"id": comment["id"], "replyCount": 1}
    found = await api.data(
        "query ($id: ID!) { node(id: $id) { ... on Comment { text replies { nodes { id parent { id } } } } } }",
        {"id": comment["id"]},
    )
    assert found["node"] == {
        "text": "Where is this?",
        "replies": {"nodes": [{"id": reply["id"], "parent": {"id": comment["id"]}}]},
    }


async def test_refusals_name_the_field(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    post_id, off = [post_of(await make_post(backend, author, comments_enabled=enabled)) for enabled in (True, False)]
    before = await fingerprint(backend)
    for given, code, field in (
        ({"postId": post_id, "text": " "}, "TOO_SHORT", "text"),
        ({"postId": post_id, "text": "x" * 2201}, "TOO_LONG", "text"),
        ({"postId": post_id, "text": "What a shitty picture"}, "REJECTED", "text"),
        ({"postId": off, "text": "Hello"}, "NOT_ALLOWED", "postId"),
        ({"postId": nobody(of="POST"), "text": "Hello"}, "NOT_FOUND", "postId"),
        ({"postId": post_id, "text": "Hello", "parentId": nobody(of="COMMENT")}, "NOT_FOUND", "parentId"),
    ):
        payload = await mutate(api, "addComment", "comment { id }", given, author)
        assert payload == refused("comment", code, field)
    assert await error_code(api, ADD, {"input": {"postId": post_id, "text": "Hello"}}) == "UNAUTHENTICATED"
    assert await fingerprint(backend) == before


async def test_the_same_over_and_over_is_refused(api: Api, backend: Backend) -> None:
    author, writer = await make_user(backend), await make_user(backend)
    posts = [post_of(await make_post(backend, author)) for _ in range(2)]
    keyed = {"postId": posts[0], "text": "Buy now", "idempotencyKey": "k"}
    first = await mutate(api, "addComment", "comment { id }", keyed, writer)
    for number in range(4):
        given = {"postId": posts[number % 2], "text": f"{' ' * number}BUY now!"}
        assert (await mutate(api, "addComment", "comment { id }", given, writer))["userErrors"] == []
    before = await fingerprint(backend)
    for given in ({"postId": posts[1], "text": "buy now"}, {**keyed, "idempotencyKey": "other"}):
        payload = await mutate(api, "addComment", "comment { id }", given, writer)
        assert payload == refused("comment", "REJECTED", "text")
    # What was asked for before is given back, and a key whose comment was refused has made nothing.
    assert await mutate(api, "addComment", "comment { id }", keyed, writer) == first
    assert await fingerprint(backend) == before
    other = {**keyed, "idempotencyKey": "other", "text": "Something else"}
    assert (await mutate(api, "addComment", "comment { id }", other, writer))["userErrors"] == []
    assert (await mutate(api, "addComment", "comment { id }", {**keyed, "text": "Buy now"}, author))["userErrors"] == []


async def test_what_it_points_at(api: Api, backend: Backend) -> None:
    author, friend, hidden = [await make_user(backend) for _ in range(3)]
    post_id = post_of(await make_post(backend, author))
    text = f"👩‍👩‍👧 @{friend.username} #Blau https://example.com/a @nobody_at_all @{hidden.username}"
    await make_block(backend, hidden, author)
    selection = """
        comment { id entities { start end target {
            __typename ... on User { id } ... on Hashtag { name } ... on Link { url }
        } } }
    """
    comment = (await mutate(api, "addComment", selection, {"postId": post_id, "text": text}, author))["comment"]

    def place(said: str) -> dict[str, int]:
        return {"start": text.index(said), "end": text.index(said) + len(said)}

    mention = {**place(f"@{friend.username}"), "target": {"__typename": "User", "id": friend.global_id}}
    rest = [
        {**place("#Blau"), "target": {"__typename": "Hashtag", "name": "blau"}},
        {**place("https://example.com/a"), "target": {"__typename": "Link", "url": "https://example.com/a"}},
    ]
    assert comment["entities"] == [mention, *rest]
    # Who blocks the mentioned one sees the words, and not whom they mean.
    viewer = await make_user(backend)
    await make_block(backend, viewer, friend)
    query = (
        "query ($id: ID!) { node(id: $id) { ... on Comment { " + selection.strip()[len("comment { id") : -1] + " } } }"
    )
    found = await api.data(query, {"id": comment["id"]}, token=viewer.access_token)
    assert found["node"]["entities"] == [{**mention, "target": None}, *rest]


async def test_too_many_mentions_are_refused(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    post_id = post_of(await make_post(backend, author))
    before = await fingerprint(backend)
    given = {"postId": post_id, "text": " ".join(f"@somebody{number}" for number in range(21))}
    assert await mutate(api, "addComment", "comment { id }", given, author) == refused("comment", "TOO_LONG", "text")
    assert await fingerprint(backend) == before
