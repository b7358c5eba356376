import secrets
from typing import Any

from models.global_ids import NodeKind, encode
from services.backend import Backend
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import fingerprint, make_post, post_row
from tests.resolvers.accounts import error_code
from tests.resolvers.posts import mutate, nobody, post_of, refused

SHOWN = """
    post {
        caption isPinned commentsEnabled likeCountHidden editedAt viewerCanComment
        captionEntities { start end target {
            __typename ... on User { username } ... on Hashtag { name postCount } ... on Link { url }
        } }
        hashtags { name postCount }
        place { name latitude longitude postCount }
        media { altText taggedUsers { user { id } x y } }
    }
"""


async def update(api: Api, person: Person, post_id: int, **given: Any) -> dict[str, Any]:
    return await mutate(api, "updatePost", SHOWN, {"postId": post_of(post_id), **given}, person)


async def test_everything_at_once(api: Api, backend: Backend) -> None:
    author, friend = await make_user(backend), await make_user(backend)
    name = f"u{secrets.token_hex(5)}"
    post_id = await make_post(backend, author, pictures=2)
    ids = [encode(NodeKind.IMAGE, one["id"]) for one in (await post_row(backend, post_id))["media"]]
    place = {"name": f"Café {name}", "latitude": -90, "longitude": 180}
    payload = await update(
        api,
        author,
        post_id,
        caption=f"@{friend.username} #{name} example.com",
        place=place,
        commentsEnabled=False,
        likeCountHidden=True,
        isPinned=True,
        media=[
            {"mediaId": ids[1], "altText": "Sea"},
            {"mediaId": ids[0], "userTags": [{"userId": friend.global_id, "x": 1, "y": 0.5}]},
        ],
    )
    assert payload["userErrors"] == []
    post = payload["post"]
    assert post.pop("editedAt")
    end = len(friend.username) + 1
    assert post == {
        "caption": f"@{friend.username} #{name} example.com",
        "isPinned": True,
        "commentsEnabled": False,
        "likeCountHidden": True,
        "viewerCanComment": False,
        "captionEntities": [
            {"start": 0, "end": end, "target": {"__typename": "User", "username": friend.username}},
            {"start": end + 1, "end": end + 13, "target": {"__typename": "Hashtag", "name": name, "postCount": 1}},
            {"start": end + 14, "end": end + 25, "target": {"__typename": "Link", "url": "https://example.com"}},
        ],
        "hashtags": [{"name": name, "postCount": 1}],
        "place": {**place, "postCount": 1},
        "media": [
            {"altText": "Sea", "taggedUsers": []},
            {"altText": None, "taggedUsers": [{"user": {"id": friend.global_id}, "x": 1, "y": 0.5}]},
        ],
    }


async def test_what_is_left_out_stays_and_null_clears(api: Api, backend: Backend) -> None:
    author, friend = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author, caption="Morning")
    image = encode(NodeKind.IMAGE, (await post_row(backend, post_id))["media"][0]["id"])
    tags = [{"userId": friend.global_id, "x": 0, "y": 0}]
    first = await update(
        api,
        author,
        post_id,
        place={"name": "Alp", "latitude": 46.5, "longitude": 7.75},
        media=[{"mediaId": image, "altText": "Cows", "userTags": tags}],
    )
    again = await update(api, author, post_id, isPinned=True, media=[{"mediaId": image}])
    assert again["post"] == first["post"] | {"isPinned": True}
    cleared = await update(
        api, author, post_id, caption=None, place=None, media=[{"mediaId": image, "altText": None, "userTags": None}]
    )
    post = cleared["post"]
    assert (post["caption"], post["place"], post["media"]) == ("", None, [{"altText": None, "taggedUsers": []}])
    assert post["isPinned"] is True


async def test_a_mention_of_somebody_hidden_has_no_target(api: Api, backend: Backend) -> None:
    author, friend = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author, caption=f"With @{friend.username}")
    query = "query ($id: ID!) { node(id: $id) { ... on Post { captionEntities { start target { __typename } } } } }"
    seen = await api.data(query, {"id": post_of(post_id)})
    assert seen["node"]["captionEntities"] == [{"start": 5, "target": {"__typename": "User"}}]
    await mutate(api, "block", "user { id }", {"userId": author.global_id}, friend)
    seen = await api.data(query, {"id": post_of(post_id)}, token=author.access_token)
    assert seen["node"]["captionEntities"] == [{"start": 5, "target": None}]


async def test_refusals_name_the_field(api: Api, backend: Backend) -> None:
    author, other = await make_user(backend), await make_user(backend)
    hidden = await make_user(backend, is_private=True)
    post_id, foreign, secret = [await make_post(backend, one) for one in (author, other, hidden)]
    image = encode(NodeKind.IMAGE, (await post_row(backend, post_id))["media"][0]["id"])
    far = {"name": "Alp", "latitude": 91, "longitude": 0}
    before = await fingerprint(backend)
    for number, given, code, field in (
        (post_id, {"place": far}, "INVALID", ["place", "latitude"]),
        (post_id, {"isPinned": None}, "INVALID", ["isPinned"]),
        (post_id, {"media": [{"mediaId": image}] * 2}, "INVALID", ["media", "1", "mediaId"]),
        (post_id, {"media": [{"mediaId": nobody(of="IMAGE")}]}, "NOT_FOUND", ["media", "0", "mediaId"]),
        (post_id, {"media": [{"mediaId": author.global_id}]}, "NOT_FOUND", ["media", "0", "mediaId"]),
        (foreign, {"caption": "Mine"}, "NOT_ALLOWED", ["postId"]),
        (secret, {"caption": "Mine"}, "NOT_FOUND", ["postId"]),
        (1 << 40, {"caption": "Mine"}, "NOT_FOUND", ["postId"]),
    ):
        assert await update(api, author, number, **given) == refused("post", code, *field)
    assert await fingerprint(backend) == before
    query = 'mutation { updatePost(input: { postId: "x" }) { post { id } } }'
    assert await error_code(api, query) == "UNAUTHENTICATED"
    assert await error_code(api, query, token=author.access_token) == "BAD_ID"
