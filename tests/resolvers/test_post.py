import pytest

from models.global_ids import encode_shortcode
from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import make_post
from tests.resolvers.posts import post_of

POST = "query ($shortcode: String!) { post(shortcode: $shortcode) { id shortcode viewerHasLiked viewerCanComment } }"


async def test_a_post_by_its_name_in_links(api: Api, backend: Backend) -> None:
    number = await make_post(backend, await make_user(backend))
    shortcode = encode_shortcode(number)
    assert (await api.data(POST, {"shortcode": shortcode}))["post"] == {
        "id": post_of(number),
        "shortcode": shortcode,
        "viewerHasLiked": False,
        "viewerCanComment": False,
    }


@pytest.mark.parametrize("shortcode", ["", "x", "AAAAAAAAAAA", "__________8", "a" * 1000, "ÄÄÄÄÄÄÄÄÄÄÄ"])
async def test_what_is_no_name_of_a_post(api: Api, shortcode: str) -> None:
    assert (await api.data(POST, {"shortcode": shortcode}))["post"] is None


async def test_a_hidden_post_is_as_none(api: Api, backend: Backend) -> None:
    hidden, stranger = await make_user(backend, is_private=True), await make_user(backend)
    shortcode = encode_shortcode(await make_post(backend, hidden))
    assert (await api.data(POST, {"shortcode": shortcode}, token=stranger.access_token))["post"] is None
    assert (await api.data(POST, {"shortcode": shortcode}, token=hidden.access_token))["post"] is not None
