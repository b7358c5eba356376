import asyncio
import secrets
from collections.abc import Sequence
from typing import Any

import pytest

from core.errors import UserErrorCode, UserFault
from models.tables import Counter
from services.backend import Backend
from services.consequences import EventKind
from services.hashtags import hashtags_for
from services.places import NewPlace
from services.posts.archive import archive_post
from services.posts.attaching import NewMedia
from services.posts.checks import NewTag
from services.posts.create import NewPost, create_post
from services.posts.delete import delete_post
from services.posts.update import PostChange, update_post
from tests.factories import Person, make_user
from tests.posting import (
    accept_follow,
    count_of,
    events_about,
    fingerprint,
    links,
    listed,
    make_follow,
    make_post,
    post_row,
    ready_upload,
    set_user_state,
)


async def update(backend: Backend, author: Person, post_id: int, **change: Any) -> None:
    wanted: PostChange = change  # type: ignore[assignment]
    await update_post(backend, links(backend), author.id, post_id, wanted)


async def refused(
    backend: Backend, viewer: Person, post_id: int, **change: Any
) -> tuple[UserErrorCode, tuple[str, ...] | None]:
    """How it was refused, after which nothing has changed."""
    before, row = await fingerprint(backend), await post_row(backend, post_id)
    with pytest.raises(UserFault) as raised:
        await update(backend, viewer, post_id, **change)
    assert (await fingerprint(backend), await post_row(backend, post_id)) == (before, row)
    return raised.value.code, raised.value.field


async def updates(backend: Backend, post_id: int) -> list[Any]:
    return list(await events_about(backend, post_id, EventKind.POST_UPDATED, post_id=post_id))


async def test_a_caption_with_all_that_it_points_at(backend: Backend) -> None:
    author, first, second = [await make_user(backend) for _ in range(3)]
    old, kept, new = [f"w{secrets.token_hex(5)}" for _ in range(3)]
    post_id = await make_post(backend, author, caption=f"#{old} #{kept} @{first.username}")
    ids = {name: tag.id for name, tag in (await hashtags_for(backend, [old, kept, new])).items()}
    await update(backend, author, post_id, caption=f" @{second.username} #{kept} #{new}\r\n")
    row = await post_row(backend, post_id)
    start = len(second.username) + 2
    assert (row["caption"], row["version"]) == (f"@{second.username} #{kept} #{new}", 2)
    assert row["edited_at"] is not None
    assert row["entities"] == [
        {"start": 0, "end": start - 1, "kind": "MENTION", "user_id": second.id},
        {"start": start, "end": start + 12, "kind": "HASHTAG", "hashtag_id": ids[kept], "name": kept},
        {"start": start + 13, "end": start + 25, "kind": "HASHTAG", "hashtag_id": ids[new], "name": new},
    ]
    assert row["hashtags"] == [{"id": ids[kept], "name": kept}, {"id": ids[new], "name": new}]
    assert await updates(backend, post_id) == [
        {
            "post_id": post_id,
            "author_id": author.id,
            "left": {"hashtag_ids": [ids[old]], "place_ids": [], "user_ids": []},
            "came": [second.id],
        }
    ]
    assert (await listed(backend, post_id))["hashtag_posts"] == {ids[kept], ids[new]}
    assert [await count_of(backend, ids[name], Counter.POSTS) for name in (old, kept, new)] == [0, 1, 1]


async def test_none_clears_caption_and_place(backend: Backend) -> None:
    author = await make_user(backend)
    place = NewPlace(f"Alp {secrets.token_hex(4)}", 46.5, 7.75)
    post_id = await make_post(backend, author, caption="#dawn", place=place)
    place_id = (await post_row(backend, post_id))["place"]["id"]
    assert await count_of(backend, place_id, Counter.POSTS) == 1
    await update(backend, author, post_id, caption=None, place=None)
    row = await post_row(backend, post_id)
    assert [row[name] for name in ("caption", "entities", "hashtags", "place", "version")] == ["", [], [], None, 2]
    assert await listed(backend, post_id) == {"hashtag_posts": set(), "place_posts": set(), "tagged_posts": set()}
    assert await count_of(backend, place_id, Counter.POSTS) == 0


async def test_another_place(backend: Backend) -> None:
    author = await make_user(backend)
    name = f"Pier {secrets.token_hex(4)}"
    post_id = await make_post(backend, author, place=NewPlace(name, 1.5, 2.5))
    before = (await post_row(backend, post_id))["place"]
    await update(backend, author, post_id, place=NewPlace(name, -1.5, 2.5))
    after = (await post_row(backend, post_id))["place"]
    assert after == {"id": after["id"], "name": name, "latitude": -1.5, "longitude": 2.5}
    assert (await listed(backend, post_id))["place_posts"] == {after["id"]} != {before["id"]}
    assert [await count_of(backend, one["id"], Counter.POSTS) for one in (before, after)] == [0, 1]


async def test_pictures_in_another_order_with_other_words_and_people(backend: Backend) -> None:
    author, friend, other = [await make_user(backend) for _ in range(3)]
    ids = [await ready_upload(backend, author.id) for _ in range(3)]
    media = [NewMedia(one, f"alt {place}", [NewTag(friend.id, 0, 0)]) for place, one in enumerate(ids)]
    post_id = await create_post(backend, links(backend), author.id, NewPost(media))
    await update(
        backend,
        author,
        post_id,
        media=[
            {"media_id": ids[2], "alt_text": None},
            {"media_id": ids[0], "tags": [NewTag(other.id, 0.5, 1)]},
            {"media_id": ids[1], "alt_text": " Sea ", "tags": None},
        ],
    )
    row = await post_row(backend, post_id)
    assert [(one["id"], one["alt_text"], one["tags"]) for one in row["media"]] == [
        (ids[2], None, [{"user_id": friend.id, "x": 0, "y": 0}]),
        (ids[0], "alt 0", [{"user_id": other.id, "x": 0.5, "y": 1}]),
        (ids[1], "Sea", []),
    ]
    assert row["media"][0]["variants"]
    assert row["edited_at"] is not None
    assert (await listed(backend, post_id))["tagged_posts"] == {friend.id, other.id}
    [event] = await updates(backend, post_id)
    assert (event["left"]["user_ids"], event["came"]) == ([], [other.id])


@pytest.mark.parametrize("change", [{"comments_enabled": False}, {"like_count_hidden": True}, {"is_pinned": True}])
async def test_switches_are_no_edit(backend: Backend, change: dict[str, Any]) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    await update(backend, author, post_id, **change)
    row = await post_row(backend, post_id)
    assert (row["edited_at"], row["version"]) == (None, 2)
    assert (not row["comments_enabled"], row["like_count_hidden"], row["pinned_at"] is not None) == tuple(
        name in change for name in ("comments_enabled", "like_count_hidden", "is_pinned")
    )
    assert len(await updates(backend, post_id)) == 1
    back = {name: not value for name, value in change.items()}
    await update(backend, author, post_id, **back)
    row = await post_row(backend, post_id)
    assert (row["comments_enabled"], row["like_count_hidden"], row["pinned_at"]) == (True, False, None)


async def test_what_changes_nothing_leaves_no_trace(backend: Backend) -> None:
    author, friend = await make_user(backend), await make_user(backend)
    ids = [await ready_upload(backend, author.id) for _ in range(2)]
    place = NewPlace("Alp", 46.5, 7.75)
    media = [NewMedia(one, "alt", [NewTag(friend.id, 0.5, 0.25)]) for one in ids]
    post_id = await create_post(backend, links(backend), author.id, NewPost(media, "Morning #sun", place))
    before, row = await fingerprint(backend), await post_row(backend, post_id)
    same = [{"media_id": one, "alt_text": "alt ", "tags": [NewTag(friend.id, 0.5, 0.25)]} for one in ids]
    for change in (
        {},
        {"caption": " Morning #sun"},
        {"place": place, "is_pinned": False, "comments_enabled": True, "like_count_hidden": False},
        {"media": [{"media_id": one} for one in ids]},
        {"media": same},
    ):
        await update(backend, author, post_id, **change)
    assert (await fingerprint(backend), await post_row(backend, post_id)) == (before, row)


async def test_bad_changes(backend: Backend) -> None:
    author, suspended = await make_user(backend), await make_user(backend)
    await set_user_state(backend, suspended.id, "SUSPENDED")
    post_id = await make_post(backend, author, pictures=2)
    first, second = [one["id"] for one in (await post_row(backend, post_id))["media"]]
    foreign = await ready_upload(backend, author.id)

    async def pictures(*media: dict[str, Any]) -> tuple[UserErrorCode, tuple[str, ...] | None]:
        return await refused(backend, author, post_id, media=media)

    one, two = {"media_id": first}, {"media_id": second}
    assert await pictures() == (UserErrorCode.TOO_SHORT, ("media",))
    assert await pictures(one) == (UserErrorCode.TOO_SHORT, ("media",))
    assert await pictures(one, one) == (UserErrorCode.INVALID, ("media", "1", "mediaId"))
    assert await pictures(one, two, two) == (UserErrorCode.INVALID, ("media", "2", "mediaId"))
    assert await pictures(one, {"media_id": foreign}) == (UserErrorCode.NOT_FOUND, ("media", "1", "mediaId"))
    wordy = {**two, "alt_text": "x" * 1001}
    assert await pictures(one, wordy) == (UserErrorCode.TOO_LONG, ("media", "1", "altText"))
    tag = {**two, "tags": [NewTag(suspended.id, 0, 0)]}
    assert await pictures(one, tag) == (UserErrorCode.NOT_FOUND, ("media", "1", "userTags", "0", "userId"))
    for change, code, field in (
        ({"caption": "𝒳" * 2201}, UserErrorCode.TOO_LONG, ("caption",)),
        ({"caption": " ".join(f"#t{n}" for n in range(31))}, UserErrorCode.TOO_LONG, ("caption",)),
        ({"place": NewPlace("", 0, 0)}, UserErrorCode.TOO_SHORT, ("place", "name")),
        ({"is_pinned": None}, UserErrorCode.INVALID, ("isPinned",)),
        ({"comments_enabled": None}, UserErrorCode.INVALID, ("commentsEnabled",)),
        ({"like_count_hidden": None}, UserErrorCode.INVALID, ("likeCountHidden",)),
        ({"media": None}, UserErrorCode.INVALID, ("media",)),
        # One bad field keeps the good ones out too.
        ({"comments_enabled": False, "caption": "a\0b"}, UserErrorCode.INVALID, ("caption",)),
    ):
        assert await refused(backend, author, post_id, **change) == (code, field)


async def test_only_the_author_changes_it(backend: Backend) -> None:
    author = await make_user(backend, is_private=True)
    follower, stranger = await make_user(backend), await make_user(backend)
    await make_follow(backend, follower, author)
    await accept_follow(backend, follower, author)
    post_id = await make_post(backend, author)
    for viewer, code in ((follower, UserErrorCode.NOT_ALLOWED), (stranger, UserErrorCode.NOT_FOUND)):
        assert await refused(backend, viewer, post_id, caption="Mine") == (code, ("postId",))


async def pin(backend: Backend, author: Person, post_ids: Sequence[int]) -> list[Any]:
    tries = (update(backend, author, post_id, is_pinned=True) for post_id in post_ids)
    return await asyncio.gather(*tries, return_exceptions=True)


async def test_three_pins_at_most_exactly(backend: Backend) -> None:
    author = await make_user(backend)
    posts = [await make_post(backend, author) for _ in range(7)]
    ends = await pin(backend, author, posts)
    assert sorted(type(end).__name__ for end in ends) == ["NoneType"] * 3 + ["UserFault"] * 4
    pinned = [post for post, end in zip(posts, ends, strict=True) if end is None]
    free = [post for post in posts if post not in pinned]
    assert await refused(backend, author, free[0], is_pinned=True) == (UserErrorCode.QUOTA_EXCEEDED, ("isPinned",))
    # Of two places that become free, one by archiving and one by deleting, two can be taken.
    await archive_post(backend, links(backend), author.id, pinned[0])
    await delete_post(backend, links(backend), author.id, pinned[1])
    ends = await pin(backend, author, free)
    assert [type(end).__name__ for end in ends].count("NoneType") == 2
    assert (await post_row(backend, pinned[0]))["pinned_at"] is None


async def test_an_archived_post_is_not_pinned(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    await archive_post(backend, links(backend), author.id, post_id)
    assert await refused(backend, author, post_id, is_pinned=True) == (UserErrorCode.NOT_ALLOWED, ("isPinned",))
    await update(backend, author, post_id, caption="Still mine")
    assert (await post_row(backend, post_id))["caption"] == "Still mine"


async def test_changes_at_once_each_count(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    names = [f"w{secrets.token_hex(5)}" for _ in range(8)]
    await asyncio.gather(*(update(backend, author, post_id, caption=f"#{name}") for name in names))
    row = await post_row(backend, post_id)
    assert row["version"] == 9
    ids = {name: tag.id for name, tag in (await hashtags_for(backend, names)).items()}
    last = row["hashtags"][0]["name"]
    assert (await listed(backend, post_id))["hashtag_posts"] == {ids[last]}
    assert {name: await count_of(backend, ids[name], Counter.POSTS) for name in names} == {
        name: int(name == last) for name in names
    }


async def test_a_film_is_named_as_a_film(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author, films=1)
    picture, film = [one["id"] for one in (await post_row(backend, post_id))["media"]]
    as_pictures = [{"media_id": film}, {"media_id": picture}]
    assert await refused(backend, author, post_id, media=as_pictures) == (
        UserErrorCode.NOT_FOUND,
        ("media", "0", "mediaId"),
    )
    as_films = [{"media_id": film, "is_film": True}, {"media_id": picture, "is_film": True}]
    assert await refused(backend, author, post_id, media=as_films) == (
        UserErrorCode.NOT_FOUND,
        ("media", "1", "mediaId"),
    )
    arranged = [{"media_id": film, "is_film": True, "alt_text": "Waves"}, {"media_id": picture}]
    await update_post(backend, links(backend), author.id, post_id, {"media": arranged})  # type: ignore[typeddict-item]
    media = (await post_row(backend, post_id))["media"]
    assert [(one["id"], one["kind"], one["alt_text"]) for one in media] == [
        (film, "VIDEO", "Waves"),
        (picture, "IMAGE", None),
    ]
    assert "is_film" not in media[0]
