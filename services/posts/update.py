"""Changing a post, all that is asked for or nothing."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypedDict

from sqlalchemy import func, select, update

from core.errors import UserErrorCode, UserFault, not_found
from models.ids import shard_of
from models.shards import Transaction
from models.tables import Post, PostState, User
from services.backend import Backend
from services.consequences import EventKind
from services.entities import checked_entities
from services.mirrored import or_later
from services.outbox import JSON, emit
from services.places import NewPlace, checked_place, place_for
from services.posts.attaching import stored_tags
from services.posts.checks import NewTag, check_tags, checked_alt_text, checked_caption
from services.posts.listing import Pages, list_post, pages_of
from services.seen import own_post
from services.uploads.rows import is_film
from services.visible import MediaLinks
from services.written import mentioned, written

FIELD = "postId"
MOST_PINNED = 3
SWITCHES = {"comments_enabled": "commentsEnabled", "like_count_hidden": "likeCountHidden", "is_pinned": "isPinned"}


class MediaChange(TypedDict, total=False):
    """Of one picture of the post, or of a film where `is_film` says so. What is left out stays; None clears."""

    media_id: int
    is_film: bool
    alt_text: str | None
    tags: Sequence[NewTag] | None


class PostChange(TypedDict, total=False):
    """What is left out stays. None clears the caption and the place; the rest cannot be None. `media` holds each of the
    post's pictures and films once, in the new order."""

    caption: str | None
    place: NewPlace | None
    comments_enabled: bool | None
    like_count_hidden: bool | None
    is_pinned: bool | None
    media: Sequence[MediaChange] | None


async def update_post(backend: Backend, links: MediaLinks, author_id: int, post_id: int, change: PostChange) -> None:
    """What changes nothing leaves no trace. Raises UserFault, after which nothing has changed (NOT_FOUND; NOT_ALLOWED
    for another's post, and for pinning an archived one; QUOTA_EXCEEDED for a pin too many; and what `create_post`
    raises), and ShardUnavailable."""
    values: dict[str, Any] = dict(change)
    for name, field in (SWITCHES | {"media": "media"}).items():
        if name in values and values[name] is None:
            raise UserFault(UserErrorCode.INVALID, "This cannot be null.", (field,))
    await own_post(backend, links, author_id, post_id, FIELD)
    values = await _checked(backend, links, author_id, values)
    async with backend.transaction(shard_of(post_id)) as transaction:
        left = await _write(transaction, author_id, post_id, values)
    if left is not None:
        await or_later(list_post(backend, post_id, left))


async def _checked(backend: Backend, links: MediaLinks, author_id: int, values: dict[str, Any]) -> dict[str, Any]:
    """With what the caption points at and the place's row. What others see is made last."""
    checked = dict(values)
    entities = []
    if "caption" in values:
        checked["caption"] = checked_caption(values["caption"] or "")
        entities = checked_entities(checked["caption"], "caption")
    if values.get("place"):
        checked["place"] = checked_place(values["place"], "place")
    if "media" in values:
        checked["media"] = [_checked_media(one, str(place)) for place, one in enumerate(values["media"])]
        await check_tags(backend, links, author_id, [one.get("tags") or () for one in values["media"]])
    if "caption" in values:
        said = await written(backend, links, author_id, entities)
        checked |= {"entities": said.entities, "hashtags": said.hashtags}
    if checked.get("place"):
        checked["place"] = asdict(await place_for(backend, checked["place"]))
    return checked


def _checked_media(change: MediaChange, place: str) -> dict[str, Any]:
    """What changes inline, behind its id and whether it is a film."""
    columns: dict[str, Any] = {"id": change["media_id"], "is_film": change.get("is_film", False)}
    if "alt_text" in change:
        columns["alt_text"] = checked_alt_text(change["alt_text"] or "", "media", place) or None
    if "tags" in change:
        columns["tags"] = stored_tags(change["tags"] or ())
    return columns


async def _write(transaction: Transaction, author_id: int, post_id: int, values: dict[str, Any]) -> Pages | None:
    """The pages that the post has left; None where there was nothing to change."""
    execute = transaction.session.execute
    if "is_pinned" in values:  # of two pins of one author, each sees the one before
        await execute(select(User.id).where(User.id == author_id).with_for_update(key_share=True))
    post = (await execute(select(Post).where(Post.id == post_id).with_for_update())).scalar_one()
    if post.state == PostState.DELETED:  # by another request, a moment ago
        raise not_found("post", FIELD)
    content, switches = _content(post, values), await _switches(transaction, post, values)
    if not content and not switches:
        return None
    if content:
        content["edited_at"] = func.clock_now()
    before = {name: getattr(post, name) for name in ("hashtags", "place", "media", "entities")}
    after = {name: content.get(name, value) for name, value in before.items()}
    changed = content | switches | {"version": Post.version + 1}
    await execute(update(Post).where(Post.id == post_id).values(changed))
    left = _pages(before).without(_pages(after))
    happened: dict[str, JSON] = {
        "post_id": post_id,
        "author_id": author_id,
        "left": left.payload(),
        "came": sorted(_named(after) - _named(before)),
    }
    await emit(transaction, EventKind.POST_UPDATED, happened)
    return left


def _pages(columns: dict[str, Any]) -> Pages:
    return pages_of(columns["hashtags"], columns["place"], columns["media"])


def _named(columns: dict[str, Any]) -> set[int]:
    return set(_pages(columns).user_ids) | mentioned(columns["entities"])


async def _switches(transaction: Transaction, post: Post, values: dict[str, Any]) -> dict[str, Any]:
    """The columns that change and are no edit. Raises UserFault."""
    columns: dict[str, Any] = {
        name: values[name]
        for name in ("comments_enabled", "like_count_hidden")
        if name in values and values[name] != getattr(post, name)
    }
    if "is_pinned" in values and values["is_pinned"] != (post.pinned_at is not None):
        columns["pinned_at"] = await _pin(transaction, post) if values["is_pinned"] else None
    return columns


def _content(post: Post, values: dict[str, Any]) -> dict[str, Any]:
    """The columns that change and are an edit."""
    columns: dict[str, Any] = {}
    if "caption" in values and values["caption"] != post.caption:
        columns |= {name: values[name] for name in ("caption", "entities", "hashtags")}
    if "place" in values and values["place"] != post.place:
        columns["place"] = values["place"]
    if "media" in values and (media := _arranged(post.media, values["media"])) != post.media:
        columns["media"] = media
    return columns


def _arranged(media: Sequence[dict[str, Any]], wanted: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Raises UserFault: NOT_FOUND, INVALID for one that is there twice, TOO_SHORT where one is left out."""
    left = {(one["id"], is_film(one)): one for one in media}
    arranged = []
    for place, change in enumerate(wanted):
        path = ("media", str(place), "mediaId")
        columns = dict(change)
        named = columns["id"], columns.pop("is_film")
        if named not in left:
            if any((one["id"], is_film(one)) == named for one in media):
                raise UserFault(UserErrorCode.INVALID, "This is there twice.", path)
            raise not_found("picture or video", *path)
        arranged.append(left.pop(named) | columns)
    if left:
        raise UserFault(UserErrorCode.TOO_SHORT, "Name every picture and video of the post.", ("media",))
    return arranged


async def _pin(transaction: Transaction, post: Post) -> Any:
    if post.state != PostState.LIVE:
        raise UserFault(UserErrorCode.NOT_ALLOWED, "An archived post cannot be pinned.", ("isPinned",))
    pinned = select(func.count()).where(
        Post.author_id == post.author_id, Post.state == PostState.LIVE.value, Post.pinned_at.is_not(None)
    )
    if (await transaction.session.execute(pinned)).scalar_one() >= MOST_PINNED:
        raise UserFault(UserErrorCode.QUOTA_EXCEEDED, f"Pin {MOST_PINNED} posts at most.", ("isPinned",))
    return func.clock_now()
