"""A film as the API shows it, and its poster: by every road, to whoever may see what shows it."""

from typing import Any

from core.settings import Settings
from models.global_ids import NodeKind, encode
from services.backend import Backend
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import accept_follow, make_block, make_follow, make_post, post_row, ready_upload
from tests.resolvers.posts import mutate, post_of, refused

VIDEO = """
    __typename id status width height altText blurhash durationSeconds hasSound hlsUrl taggedUsers { user { id } x y }
    poster { __typename id width height altText blurhash url(width: 320) variants { width format } taggedUsers { x } }
    variants { url width height bitrate bytes }
"""
NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on Video {{ {VIDEO} }} ... on Image {{ __typename id }} }} }}"
POST = f"post {{ id kind media {{ ... on Video {{ {VIDEO} }} }} }}"


async def seen(api: Api, kind: NodeKind, number: int, viewer: Person | None = None) -> Any:
    token = viewer.access_token if viewer else None
    return (await api.data(NODE, {"id": encode(kind, number)}, token=token))["node"]


async def film_of(backend: Backend, post_id: int) -> int:
    number: int = next(one["id"] for one in (await post_row(backend, post_id))["media"] if one["kind"] == "VIDEO")
    return number


async def test_a_film_is_posted_and_shown_with_all_that_it_has(api: Api, backend: Backend, settings: Settings) -> None:
    author, friend = await make_user(backend), await make_user(backend)
    number = await ready_upload(backend, author.id, film=True)
    tag = {"userId": friend.global_id, "x": 0.5, "y": 1}
    media = [{"uploadId": encode(NodeKind.UPLOAD, number), "altText": "Waves", "userTags": [tag]}]
    payload = await mutate(api, "createPost", POST, {"media": media}, author)
    assert payload["userErrors"] == []
    post = payload["post"]
    [film] = post["media"]
    assert post["kind"] == "VIDEO"
    assert await seen(api, NodeKind.VIDEO, number) == film
    [variant], hls_url = film.pop("variants"), film.pop("hlsUrl")
    poster = film.pop("poster")
    assert film == {
        "__typename": "Video",
        "id": encode(NodeKind.VIDEO, number),
        "status": "READY",
        "width": 1280,
        "height": 720,
        "altText": "Waves",
        "blurhash": "LKO2",
        "durationSeconds": 12.5,
        "hasSound": True,
        "taggedUsers": [{"user": {"id": friend.global_id}, "x": 0.5, "y": 1}],
    }
    assert "/film-720p.mp4" in variant.pop("url")
    assert variant == {"width": 1280, "height": 720, "bitrate": 2_000_000, "bytes": 3_000_000}
    assert "/master.m3u8" in hls_url
    assert "/poster-320.jpg?" in poster.pop("url")
    assert len(poster.pop("variants")) == 8
    assert poster == {
        "__typename": "Image",
        "id": encode(NodeKind.IMAGE, number),
        "width": 1080,
        "height": 810,
        "altText": "Waves",
        "blurhash": "LKO2",
        "taggedUsers": [],
    }
    assert poster["id"] != film["id"]


async def test_film_and_poster_are_seen_by_who_may_see_the_post(api: Api, backend: Backend) -> None:
    author, follower, stranger, blocked = [await make_user(backend) for _ in range(4)]
    await make_follow(backend, follower, author)
    film = await film_of(backend, await make_post(backend, author, pictures=0, films=1))
    video, poster = encode(NodeKind.VIDEO, film), encode(NodeKind.IMAGE, film)

    async def ids(viewer: Person | None) -> list[str | None]:
        found = [await seen(api, kind, film, viewer) for kind in (NodeKind.VIDEO, NodeKind.IMAGE)]
        return [one and one["id"] for one in found]

    for viewer in (author, follower, stranger, blocked, None):
        assert await ids(viewer) == [video, poster]
    await make_block(backend, author, blocked)
    await mutate(api, "updateProfile", "viewer { user { id } }", {"isPrivate": True}, author)
    for viewer in (author, follower):
        assert await ids(viewer) == [video, poster]
    for viewer in (stranger, blocked, None):
        assert await ids(viewer) == [None, None]
    await make_follow(backend, stranger, author)
    assert await ids(stranger) == [None, None]
    await accept_follow(backend, stranger, author)
    assert await ids(stranger) == [video, poster]


async def test_a_picture_is_no_film(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    picture = (await post_row(backend, await make_post(backend, author)))["media"][0]["id"]
    assert await seen(api, NodeKind.VIDEO, picture, author) is None
    assert (await seen(api, NodeKind.IMAGE, picture, author))["__typename"] == "Image"


async def test_its_owner_finds_it_behind_the_upload(api: Api, backend: Backend) -> None:
    owner, other = await make_user(backend), await make_user(backend)
    number = await ready_upload(backend, owner.id, film=True)
    query = "query ($id: ID!) { node(id: $id) { ... on Upload { status result { __typename id } } } }"
    given = {"id": encode(NodeKind.UPLOAD, number)}
    assert (await api.data(query, given, token=owner.access_token))["node"] == {
        "status": "READY",
        "result": {"__typename": "Video", "id": encode(NodeKind.VIDEO, number)},
    }
    assert (await api.data(query, given, token=other.access_token))["node"] is None
    assert await seen(api, NodeKind.VIDEO, number, other) is None
    assert await seen(api, NodeKind.IMAGE, number, other) is None


async def test_a_film_is_changed_by_its_own_id_and_not_by_its_posters(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author, pictures=0, films=1)
    film = await film_of(backend, post_id)

    async def rename(kind: NodeKind, text: str) -> Any:
        media = [{"mediaId": encode(kind, film), "altText": text}]
        given = {"postId": post_of(post_id), "media": media}
        return await mutate(api, "updatePost", "post { media { altText } }", given, author)

    assert await rename(NodeKind.IMAGE, "Of the poster") == refused("post", "NOT_FOUND", "media", "0", "mediaId")
    assert (await rename(NodeKind.VIDEO, "Of the film"))["post"] == {"media": [{"altText": "Of the film"}]}


async def test_a_collection_shows_the_poster(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author, pictures=0, films=1)
    given = {"name": "Films", "postIds": [post_of(post_id)]}
    payload = await mutate(api, "createCollection", "collection { cover { id } }", given, author)
    film = await film_of(backend, post_id)
    assert payload["collection"] == {"cover": {"id": encode(NodeKind.IMAGE, film)}}


async def test_a_film_is_no_picture_of_a_profile(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    number = await ready_upload(backend, person.id, film=True, purpose="AVATAR")
    given = {"avatarUploadId": encode(NodeKind.UPLOAD, number)}
    payload = await mutate(api, "updateProfile", "viewer { user { id } }", given, person)
    assert payload == refused("viewer", "UNSUPPORTED_MEDIA", "avatarUploadId")
    shown = await api.data("{ viewer { user { avatar { id } } } }", token=person.access_token)
    assert shown == {"viewer": {"user": {"avatar": None}}}
