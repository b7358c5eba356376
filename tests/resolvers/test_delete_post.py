from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, make_post
from tests.resolvers.posts import mutate, nobody, post_of, refused


async def test_a_post_is_gone(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    given = {"postId": post_of(await make_post(backend, author))}
    query = "query ($postId: ID!) { node(id: $postId) { id } }"
    assert (await api.data(query, given))["node"] == {"id": given["postId"]}
    payload = await mutate(api, "deletePost", "deletedId", given, author)
    assert payload == {"deletedId": given["postId"], "userErrors": []}
    assert (await api.data(query, given, token=author.access_token))["node"] is None
    again = await mutate(api, "deletePost", "deletedId", given, author)
    assert again == refused("deletedId", "NOT_FOUND", "postId")


async def test_others_cannot(api: Api, backend: Backend) -> None:
    public, private, other = [await make_user(backend, is_private=private) for private in (False, True, False)]
    posts = [post_of(await make_post(backend, author)) for author in (public, private)]
    before = await fingerprint(backend)
    for post_id, code in ((posts[0], "NOT_ALLOWED"), (posts[1], "NOT_FOUND"), (nobody(of="POST"), "NOT_FOUND")):
        payload = await mutate(api, "deletePost", "deletedId", {"postId": post_id}, other)
        assert payload == refused("deletedId", code, "postId")
    assert await fingerprint(backend) == before
