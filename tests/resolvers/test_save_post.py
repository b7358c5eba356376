from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import make_post
from tests.resolvers.posts import mutate, nobody, post_of, refused

SHOWN = "post { viewerHasSaved saveCount }"


async def test_saving_and_saving_no_more(api: Api, backend: Backend) -> None:
    author, reader = await make_user(backend), await make_user(backend)
    given = {"postId": post_of(await make_post(backend, author))}
    for name, person, post in (
        ("savePost", reader, {"viewerHasSaved": True, "saveCount": None}),
        ("savePost", author, {"viewerHasSaved": True, "saveCount": 2}),
        ("unsavePost", reader, {"viewerHasSaved": False, "saveCount": None}),
        ("unsavePost", author, {"viewerHasSaved": False, "saveCount": 0}),
    ):
        assert await mutate(api, name, SHOWN, given, person) == {"post": post, "userErrors": []}


async def test_what_is_not_there(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    post_id = post_of(await make_post(backend, author))
    for name in ("savePost", "unsavePost"):
        missing = await mutate(api, name, SHOWN, {"postId": nobody(of="POST")}, author)
        assert missing == refused("post", "NOT_FOUND", "postId")
        given = {"postId": post_id, "collectionId": nobody(of="POST")}
        assert await mutate(api, name, SHOWN, given, author) == refused("post", "NOT_FOUND", "collectionId")
