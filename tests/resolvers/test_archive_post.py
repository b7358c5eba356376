from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, make_post
from tests.resolvers.accounts import error_code
from tests.resolvers.posts import mutate, nobody, post_of, refused

ARCHIVE = "{ viewer { archivedPosts(first: 10) { nodes { id } } } }"
SEEN = "query ($id: ID!) { node(id: $id) { id } }"
PROFILE = "query ($id: ID!) { node(id: $id) { ... on User { postCount posts { nodes { id } } } } }"


async def test_away_and_back(api: Api, backend: Backend) -> None:
    author, reader = await make_user(backend), await make_user(backend)
    post_id = post_of(await make_post(backend, author))
    for name, is_archived in (("archivePost", True), ("archivePost", True), ("unarchivePost", False)):
        payload = await mutate(api, name, "post { id viewerCanComment viewerCanEdit }", {"postId": post_id}, author)
        post = {"id": post_id, "viewerCanComment": not is_archived, "viewerCanEdit": True}
        assert payload == {"post": post, "userErrors": []}
        shown = [] if is_archived else [{"id": post_id}]
        archive = await api.data(ARCHIVE, token=author.access_token)
        assert archive["viewer"]["archivedPosts"]["nodes"] == ([{"id": post_id}] if is_archived else [])
        profile = await api.data(PROFILE, {"id": author.global_id}, token=author.access_token)
        assert profile["node"] == {"postCount": len(shown), "posts": {"nodes": shown}}
        for viewer, node in ((author, {"id": post_id}), (reader, shown[0] if shown else None)):
            assert (await api.data(SEEN, {"id": post_id}, token=viewer.access_token))["node"] == node


async def test_an_archived_post_can_be_deleted(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    given = {"postId": post_of(await make_post(backend, author))}
    await mutate(api, "archivePost", "post { id }", given, author)
    assert (await mutate(api, "deletePost", "deletedId", given, author))["deletedId"] == given["postId"]
    assert (await api.data(ARCHIVE, token=author.access_token))["viewer"]["archivedPosts"]["nodes"] == []
    assert await mutate(api, "unarchivePost", "post { id }", given, author) == refused("post", "NOT_FOUND", "postId")


async def test_others_cannot(api: Api, backend: Backend) -> None:
    public, private, other = [await make_user(backend, is_private=private) for private in (False, True, False)]
    posts = [post_of(await make_post(backend, author)) for author in (public, private)]
    before = await fingerprint(backend)
    for name in ("archivePost", "unarchivePost"):
        for post_id, code in ((posts[0], "NOT_ALLOWED"), (posts[1], "NOT_FOUND"), (nobody(of="POST"), "NOT_FOUND")):
            payload = await mutate(api, name, "post { id }", {"postId": post_id}, other)
            assert payload == refused("post", code, "postId")
        query = f'mutation {{ {name}(input: {{ postId: "{posts[0]}" }}) {{ post {{ id }} }} }}'
        assert await error_code(api, query) == "UNAUTHENTICATED"
    assert await fingerprint(backend) == before
