import asyncio
import secrets
from typing import Any

import pytest

from core.errors import UserErrorCode, UserFault
from models.tables import Counter, MediaStatus, PostKind, UploadPurpose
from services.backend import Backend
from services.consequences import EventKind
from services.places import NewPlace
from services.posts.attaching import NewMedia
from services.posts.checks import NewTag
from services.posts.create import NewPost, create_post
from services.visibility import visible_posts
from services.visible import VideoRow, VisiblePost
from tests.factories import make_user
from tests.posting import (
    count_of,
    events_about,
    fingerprint,
    links,
    listed,
    make_post,
    ready_upload,
    rows,
    set_user_state,
)


async def refused(backend: Backend, author_id: int, wanted: NewPost) -> tuple[UserErrorCode, tuple[str, ...] | None]:
    """How it was refused, after which nothing has changed."""
    before = await fingerprint(backend)
    with pytest.raises(UserFault) as raised:
        await create_post(backend, links(backend), author_id, wanted)
    assert await fingerprint(backend) == before
    return raised.value.code, raised.value.field


async def seen(backend: Backend, viewer_id: int, post_id: int) -> VisiblePost:
    return (await visible_posts(backend.reader(), links(backend), viewer_id, [post_id]))[post_id]


async def test_a_post_shows_its_pictures_in_order(backend: Backend) -> None:
    author, friend = await make_user(backend), await make_user(backend)
    uploads = [await ready_upload(backend, author.id, alt_text=f"own {number}") for number in range(3)]
    media = [
        NewMedia(uploads[2], " A cup "),
        NewMedia(uploads[0], tags=[NewTag(friend.id, 0.25, 1)]),
        NewMedia(uploads[1], ""),
    ]
    post_id = await create_post(
        backend,
        links(backend),
        author.id,
        NewPost(media, " Morning\r\nlight ", comments_enabled=False, like_count_hidden=True),
    )
    post = await seen(backend, author.id, post_id)
    assert [(one.id, one.alt_text) for one in post.media] == [
        (uploads[2], "A cup"),
        (uploads[0], "own 0"),
        (uploads[1], None),
    ]
    assert [(tag.user_id, tag.x, tag.y) for tag in post.media[1].tagged_users] == [(friend.id, 0.25, 1)]
    assert (post.kind, post.caption) == (PostKind.CAROUSEL, "Morning\nlight")
    assert (post.comments_enabled, post.like_count_hidden, post.viewer_can_comment) == (False, True, False)
    assert await count_of(backend, author.id, Counter.POSTS) == 1
    assert await events_about(backend, post_id, EventKind.POST_CREATED, post_id=post_id) == [
        {"post_id": post_id, "author_id": author.id}
    ]
    attached = "SELECT id, attached_to FROM uploads WHERE owner_id = $1 ORDER BY id"
    assert await rows(backend, author.id, attached, author.id) == [(upload, post_id) for upload in uploads]


async def test_one_picture_is_a_photo(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author, kind=PostKind.PHOTO)
    assert (await seen(backend, author.id, post_id)).kind == PostKind.PHOTO


@pytest.mark.parametrize(
    ("uploads", "kind"),
    [
        ([(False, "POST")], PostKind.PHOTO),
        ([(True, "POST")], PostKind.VIDEO),
        ([(True, "REEL")], PostKind.REEL),
        ([(False, "POST"), (False, "POST")], PostKind.CAROUSEL),
        ([(False, "POST"), (True, "POST")], PostKind.CAROUSEL),
        ([(True, "POST"), (True, "POST")], PostKind.CAROUSEL),
    ],
)
async def test_the_media_make_the_kind(backend: Backend, uploads: list[tuple[bool, str]], kind: PostKind) -> None:
    author = await make_user(backend)
    for wanted in (None, kind):
        made = [await ready_upload(backend, author.id, film=film, purpose=purpose) for film, purpose in uploads]
        new = NewPost([NewMedia(one) for one in made], kind=wanted)
        post = await seen(backend, author.id, await create_post(backend, links(backend), author.id, new))
        assert post.kind == kind
        assert [isinstance(one, VideoRow) for one in post.media] == [film for film, _ in uploads]


UPLOAD = ("media", "0", "uploadId")


@pytest.mark.parametrize(
    ("uploads", "kind", "code", "field"),
    [
        ([(True, "POST")], "PHOTO", UserErrorCode.UNSUPPORTED_MEDIA, ("kind",)),
        ([(True, "POST")], "REEL", UserErrorCode.INVALID, ("kind",)),
        ([(True, "POST")], "CAROUSEL", UserErrorCode.INVALID, ("kind",)),
        ([(True, "REEL")], "VIDEO", UserErrorCode.INVALID, ("kind",)),
        ([(True, "REEL")], "PHOTO", UserErrorCode.UNSUPPORTED_MEDIA, ("kind",)),
        ([(False, "REEL")], None, UserErrorCode.UNSUPPORTED_MEDIA, UPLOAD),
        ([(False, "REEL")], "REEL", UserErrorCode.UNSUPPORTED_MEDIA, UPLOAD),
        ([(True, "REEL"), (False, "POST")], None, UserErrorCode.INVALID, UPLOAD),
        ([(True, "POST"), (True, "REEL")], None, UserErrorCode.INVALID, ("media", "1", "uploadId")),
        ([(True, "POST"), (True, "POST")], "VIDEO", UserErrorCode.INVALID, ("kind",)),
        ([(True, "POST"), (False, "POST")], "REEL", UserErrorCode.INVALID, ("kind",)),
        ([(True, "STORY")], None, UserErrorCode.INVALID, UPLOAD),
        ([(True, "MESSAGE")], "VIDEO", UserErrorCode.INVALID, UPLOAD),
    ],
)
async def test_kinds_that_the_media_do_not_make(
    backend: Backend, uploads: list[tuple[bool, str]], kind: str | None, code: UserErrorCode, field: tuple[str, ...]
) -> None:
    author = await make_user(backend)
    made = [await ready_upload(backend, author.id, film=film, purpose=purpose) for film, purpose in uploads]
    wanted = NewPost([NewMedia(one) for one in made], kind=PostKind(kind) if kind else None)
    assert await refused(backend, author.id, wanted) == (code, field)
    attached = "SELECT count(*) FROM uploads WHERE owner_id = $1 AND attached_to IS NOT NULL"
    assert await rows(backend, author.id, attached, author.id) == [(0,)]


async def test_how_much_it_takes_at_most(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author, pictures=20, caption="𝒳" * 2200)
    post = await seen(backend, author.id, post_id)
    assert (len(post.media), len(post.caption)) == (20, 2200)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"caption": "𝒳" * 2201}, UserErrorCode.TOO_LONG, ("caption",)),
        ({"caption": "a\0b"}, UserErrorCode.INVALID, ("caption",)),
        ({"kind": PostKind.REEL}, UserErrorCode.UNSUPPORTED_MEDIA, ("kind",)),
        ({"kind": PostKind.VIDEO}, UserErrorCode.UNSUPPORTED_MEDIA, ("kind",)),
        ({"kind": PostKind.CAROUSEL}, UserErrorCode.INVALID, ("kind",)),
        ({"idempotency_key": "k" * 201}, UserErrorCode.TOO_LONG, ("idempotencyKey",)),
        ({"idempotency_key": ""}, UserErrorCode.INVALID, ("idempotencyKey",)),
    ],
)
async def test_bad_fields(
    backend: Backend, fields: dict[str, Any], code: UserErrorCode, field: tuple[str, ...]
) -> None:
    author = await make_user(backend)
    wanted = NewPost([NewMedia(await ready_upload(backend, author.id))], **fields)
    assert await refused(backend, author.id, wanted) == (code, field)


async def test_bad_media(backend: Backend) -> None:
    author = await make_user(backend)
    good = NewMedia(await ready_upload(backend, author.id))
    assert await refused(backend, author.id, NewPost([])) == (UserErrorCode.TOO_SHORT, ("media",))
    assert await refused(backend, author.id, NewPost([good] * 21)) == (UserErrorCode.TOO_LONG, ("media",))
    twice = NewPost([good, good])
    assert await refused(backend, author.id, twice) == (UserErrorCode.INVALID, ("media", "1", "uploadId"))
    wordy = NewPost([NewMedia(good.upload_id, "x" * 1001)])
    assert await refused(backend, author.id, wordy) == (UserErrorCode.TOO_LONG, ("media", "0", "altText"))


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"status": MediaStatus.PROCESSING.value, "result": None}, UserErrorCode.MEDIA_NOT_READY),
        ({"status": MediaStatus.FAILED.value, "result": None}, UserErrorCode.MEDIA_NOT_READY),
        ({"purpose": UploadPurpose.AVATAR.value}, UserErrorCode.INVALID),
    ],
)
async def test_uploads_that_cannot_be_used(backend: Backend, columns: dict[str, Any], code: UserErrorCode) -> None:
    author = await make_user(backend)
    media = [
        NewMedia(await ready_upload(backend, author.id)),
        NewMedia(await ready_upload(backend, author.id, **columns)),
    ]
    assert await refused(backend, author.id, NewPost(media)) == (code, ("media", "1", "uploadId"))


async def test_an_upload_is_used_once_and_by_its_owner(backend: Backend) -> None:
    author, other = await make_user(backend), await make_user(backend)
    path = ("media", "0", "uploadId")
    foreign = NewPost([NewMedia(await ready_upload(backend, other.id))])
    assert await refused(backend, author.id, foreign) == (UserErrorCode.NOT_FOUND, path)
    assert await refused(backend, author.id, NewPost([NewMedia(author.id)])) == (UserErrorCode.NOT_FOUND, path)
    used = NewPost([NewMedia(await ready_upload(backend, author.id))])
    await create_post(backend, links(backend), author.id, used)
    assert await refused(backend, author.id, used) == (UserErrorCode.ALREADY_DONE, path)


async def test_two_posts_at_once_with_one_upload(backend: Backend) -> None:
    author = await make_user(backend)
    wanted = NewPost([NewMedia(await ready_upload(backend, author.id))])
    made = await asyncio.gather(
        *(create_post(backend, links(backend), author.id, wanted) for _ in range(6)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in made) == ["UserFault"] * 5 + ["int"]
    assert await count_of(backend, author.id, Counter.POSTS) == 1


async def test_bad_tags(backend: Backend) -> None:
    author, friend, suspended = [await make_user(backend) for _ in range(3)]
    await set_user_state(backend, suspended.id, "SUSPENDED")
    upload_id = await ready_upload(backend, author.id)
    path = ("media", "0", "userTags")

    async def tagging(*tags: NewTag) -> tuple[UserErrorCode, tuple[str, ...] | None]:
        return await refused(backend, author.id, NewPost([NewMedia(upload_id, tags=tags)]))

    at = NewTag(friend.id, 0.5, 0.5)
    assert await tagging(at, at) == (UserErrorCode.INVALID, (*path, "1", "userId"))
    assert await tagging(NewTag(friend.id, 1.01, 0)) == (UserErrorCode.INVALID, (*path, "0", "x"))
    assert await tagging(NewTag(friend.id, 0, float("nan"))) == (UserErrorCode.INVALID, (*path, "0", "y"))
    assert await tagging(NewTag(suspended.id, 0, 0)) == (UserErrorCode.NOT_FOUND, (*path, "0", "userId"))
    assert await tagging(*[at] * 21) == (UserErrorCode.TOO_LONG, path)


async def test_one_key_makes_one_post(backend: Backend) -> None:
    author = await make_user(backend)
    first = NewPost([NewMedia(await ready_upload(backend, author.id))], "first", idempotency_key="k")
    second = NewPost([NewMedia(await ready_upload(backend, author.id))], "second", idempotency_key="k")
    made = await asyncio.gather(
        *(create_post(backend, links(backend), author.id, first) for _ in range(8)),
    )
    assert len(set(made)) == 1
    assert await create_post(backend, links(backend), author.id, second) == made[0]
    assert (await seen(backend, author.id, made[0])).caption == "first"
    assert await count_of(backend, author.id, Counter.POSTS) == 1
    assert len(await events_about(backend, made[0], EventKind.POST_CREATED, author_id=author.id)) == 1


async def test_a_key_that_was_refused_can_be_used_again(backend: Backend) -> None:
    author = await make_user(backend)
    upload_id = await ready_upload(backend, author.id, status=MediaStatus.PROCESSING.value)
    early = NewPost([NewMedia(upload_id)], idempotency_key="again")
    assert (await refused(backend, author.id, early))[0] is UserErrorCode.MEDIA_NOT_READY
    later = NewPost([NewMedia(await ready_upload(backend, author.id))], idempotency_key="again")
    assert await create_post(backend, links(backend), author.id, later)


async def test_the_keys_of_others_are_their_own(backend: Backend) -> None:
    authors = [await make_user(backend), await make_user(backend)]
    made = {await make_post(backend, author, idempotency_key="same") for author in authors}
    assert len(made) == 2


async def test_what_the_caption_points_at_and_the_place_are_stored_with_it(backend: Backend) -> None:
    author, friend = await make_user(backend), await make_user(backend)
    name = f"k{secrets.token_hex(5)}"
    place = NewPlace(f" Alp {name} ", 46.5, 7.75)
    post_id = await make_post(backend, author, caption=f"#{name} @{friend.username} @nobody.{name}", place=place)
    post = await seen(backend, author.id, post_id)
    [hashtag] = post.hashtags
    assert hashtag.name == name
    assert [(one.start, one.end, one.user_id) for one in post.caption_entities] == [
        (0, 12, None),
        (13, 14 + len(friend.username), friend.id),
    ]
    assert post.place is not None
    assert (post.place.name, post.place.latitude, post.place.longitude) == (f"Alp {name}", 46.5, 7.75)
    assert (await listed(backend, post_id)) == {
        "hashtag_posts": {hashtag.id},
        "place_posts": {post.place.id},
        "tagged_posts": set(),
    }


async def test_as_many_hashtags_and_mentions_as_there_may_be(backend: Backend) -> None:
    author = await make_user(backend)
    names = [f"k{secrets.token_hex(4)}" for _ in range(30)]
    people = " ".join(f"@n{number}" for number in range(20))
    post_id = await make_post(backend, author, caption=" ".join(f"#{name}" for name in names) + people)
    post = await seen(backend, author.id, post_id)
    assert [one.name for one in post.hashtags] == names
    assert (await listed(backend, post_id))["hashtag_posts"] == {one.id for one in post.hashtags}


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"caption": " ".join(f"#t{n}" for n in range(31))}, UserErrorCode.TOO_LONG, ("caption",)),
        ({"caption": " ".join(f"@t{n}" for n in range(21))}, UserErrorCode.TOO_LONG, ("caption",)),
        ({"place": NewPlace("", 0, 0)}, UserErrorCode.TOO_SHORT, ("place", "name")),
        ({"place": NewPlace("Alp", 0, 180.5)}, UserErrorCode.INVALID, ("place", "longitude")),
    ],
)
async def test_too_much_in_a_caption_and_no_such_place(
    backend: Backend, fields: dict[str, Any], code: UserErrorCode, field: tuple[str, ...]
) -> None:
    author = await make_user(backend)
    wanted = NewPost([NewMedia(await ready_upload(backend, author.id))], **fields)
    assert await refused(backend, author.id, wanted) == (code, field)
