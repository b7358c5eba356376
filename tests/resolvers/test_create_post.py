from models.global_ids import NodeKind, encode
from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, ready_upload
from tests.resolvers.accounts import error_code
from tests.resolvers.posts import mutate, nobody, refused

SHOWN = """
    __typename shortcode kind caption createdAt editedAt isPinned commentsEnabled likeCountHidden
    likeCount commentCount shareCount saveCount viewerHasLiked viewerHasSaved viewerCanEdit viewerCanComment
    author { id postCount viewerRelationship { isSelf isFollowing isFollowedBy } }
    media {
        __typename id status width height altText blurhash taggedUsers { user { id } x y }
        ... on Image { url narrow: url(width: 200, format: WEBP) variants { url width height format bytes } }
    }
    captionEntities { start end target { ... on User { id } } } hashtags { name } place { name latitude longitude }
    likers { nodes { id } } comments { nodes { id } }
"""


async def test_a_post_from_an_upload(api: Api, backend: Backend) -> None:
    author, friend = await make_user(backend), await make_user(backend)
    upload_id = encode(NodeKind.UPLOAD, number := await ready_upload(backend, author.id))
    media = [
        {"uploadId": upload_id, "altText": "A cup", "userTags": [{"userId": friend.global_id, "x": 0.5, "y": 0.25}]}
    ]
    place = {"name": "Alp", "latitude": 46.5, "longitude": -7.75}
    caption = f"Morning #☀️ @{friend.username}"
    given = {"media": media, "caption": caption, "place": place, "idempotencyKey": "one"}
    payload = await mutate(api, "createPost", f"post {{ id {SHOWN} }}", given, author)
    assert payload["userErrors"] == []
    post = payload["post"]
    image = post["media"][0]
    variants = image.pop("variants")
    assert [(one["width"], one["height"], one["format"], one["bytes"]) for one in variants[:2]] == [
        (150, 112, "JPEG", 1500),
        (150, 112, "WEBP", 1500),
    ]
    assert (image.pop("url"), image.pop("narrow")) == (variants[6]["url"], variants[3]["url"])
    assert image == {
        "__typename": "Image",
        "id": encode(NodeKind.IMAGE, number),
        "status": "READY",
        "width": 1080,
        "height": 810,
        "altText": "A cup",
        "blurhash": "LKO2",
        "taggedUsers": [{"user": {"id": friend.global_id}, "x": 0.5, "y": 0.25}],
    }
    assert {
        name: post[name] for name in ("kind", "caption", "likeCount", "commentCount", "shareCount", "saveCount")
    } == {
        "kind": "PHOTO",
        "caption": caption,
        "likeCount": 0,
        "commentCount": 0,
        "shareCount": 0,
        "saveCount": 0,
    }
    end = 13 + len(friend.username)
    assert post["captionEntities"] == [
        {"start": 8, "end": 11, "target": {}},
        {"start": 12, "end": end, "target": {"id": friend.global_id}},
    ]
    assert (post["hashtags"], post["place"]) == ([{"name": "☀"}], place)
    assert [post[name] for name in ("viewerCanEdit", "viewerCanComment", "commentsEnabled")] == [True] * 3
    assert [post[name] for name in ("isPinned", "viewerHasLiked", "viewerHasSaved", "likeCountHidden")] == [False] * 4
    assert post["author"] == {
        "id": author.global_id,
        "postCount": 1,
        "viewerRelationship": {"isSelf": True, "isFollowing": False, "isFollowedBy": False},
    }
    assert (post["likers"], post["comments"], post["editedAt"]) == ({"nodes": []}, {"nodes": []}, None)
    again = await mutate(api, "createPost", "post { id }", given, author)
    assert again == {"post": {"id": post["id"]}, "userErrors": []}
    found = await api.data(
        "query ($id: ID!, $image: ID!, $code: String!) { node(id: $id) { id ... on Post { caption } }"
        " image: node(id: $image) { __typename id } post(shortcode: $code) { id } }",
        {"id": post["id"], "image": image["id"], "code": post["shortcode"]},
    )
    assert found == {
        "node": {"id": post["id"], "caption": caption},
        "image": {"__typename": "Image", "id": image["id"]},
        "post": {"id": post["id"]},
    }


async def test_refusals_name_the_field(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    good = {"uploadId": encode(NodeKind.UPLOAD, await ready_upload(backend, author.id))}
    unready = {"uploadId": encode(NodeKind.UPLOAD, await ready_upload(backend, author.id, status="PROCESSING"))}
    tag = {"userId": nobody(of="USER"), "x": 0, "y": 0}
    before = await fingerprint(backend)
    for given, code, field in (
        ({"media": []}, "TOO_SHORT", ["media"]),
        ({"media": [good, unready]}, "MEDIA_NOT_READY", ["media", "1", "uploadId"]),
        ({"media": [{"uploadId": nobody(of="UPLOAD")}]}, "NOT_FOUND", ["media", "0", "uploadId"]),
        ({"media": [{"uploadId": author.global_id}]}, "NOT_FOUND", ["media", "0", "uploadId"]),
        ({"media": [{**good, "userTags": [tag]}]}, "NOT_FOUND", ["media", "0", "userTags", "0", "userId"]),
        ({"media": [good], "kind": "REEL"}, "UNSUPPORTED_MEDIA", ["kind"]),
    ):
        payload = await mutate(api, "createPost", "post { id }", given, author)
        assert payload == refused("post", code, *field)
    assert await fingerprint(backend) == before


async def test_an_anonymous_caller_posts_nothing(api: Api) -> None:
    query = 'mutation { createPost(input: { media: [{ uploadId: "x" }] }) { post { id } } }'
    assert await error_code(api, query) == "UNAUTHENTICATED"


async def test_what_is_no_id_is_an_error(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    query = 'mutation { createPost(input: { media: [{ uploadId: "x" }] }) { post { id } } }'
    assert await error_code(api, query, token=author.access_token) == "BAD_ID"
