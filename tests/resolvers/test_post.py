import pytest

from models.global_ids import encode_shortcode
from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import change, make_post
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


async def test_reels_are_the_posts_of_that_kind(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    photo, reel, newer = [await make_post(backend, author) for _ in range(3)]
    # What is made of pictures is no reel: the kind alone is what the list goes by.
    await change(backend, author.id, "UPDATE posts SET kind = 'REEL' WHERE id = ANY(:ids)", ids=[reel, newer])
    await change(backend, author.id, "UPDATE posts SET pinned_at = clock_now() WHERE id = :id", id=reel)
    query = "query ($id: ID!) { node(id: $id) { ... on User { reels { nodes { id kind isPinned } } } } }"
    found = await api.data(query, {"id": author.global_id})
    assert found["node"]["reels"]["nodes"] == [
        {"id": post_of(reel), "kind": "REEL", "isPinned": True},
        {"id": post_of(newer), "kind": "REEL", "isPinned": False},
    ]
    query = "query ($id: ID!) { node(id: $id) { ... on User { posts(kind: PHOTO) { nodes { id } } } } }"
    assert (await api.data(query, {"id": author.global_id}))["node"]["posts"]["nodes"] == [{"id": post_of(photo)}]
