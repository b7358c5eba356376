"""Posting."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import insert

from core.errors import UserErrorCode, UserFault, not_found
from models.ids import shard_of
from models.shards import Transaction
from models.tables import Counter, Post, PostKind
from services import counts
from services.backend import Backend
from services.consequences import EventKind
from services.feeds.fanout import push_own
from services.idempotency import checked_key, claim_key
from services.mirrored import or_later
from services.outbox import emit
from services.posts.attaching import NewMedia, attach
from services.seen import all_users
from services.text import checked_text
from services.visible import MediaLinks

OPERATION = "createPost"
MOST_MEDIA = 20
MOST_TAGS = 20
"""On one picture."""
LONGEST_CAPTION = 2200
LONGEST_ALT_TEXT = 1000


@dataclass(frozen=True, slots=True)
class NewPost:
    """`kind` None lets the media decide. An `idempotency_key` used before gives what it made then."""

    media: Sequence[NewMedia]
    caption: str = ""
    kind: PostKind | None = None
    comments_enabled: bool = True
    like_count_hidden: bool = False
    idempotency_key: str | None = None


async def create_post(backend: Backend, links: MediaLinks, author_id: int, wanted: NewPost) -> int:
    """The post's id. Raises UserFault, after which nothing has changed, and ShardUnavailable."""
    wanted = _checked(wanted)
    await _check_tagged(backend, links, author_id, wanted)
    async with backend.transaction(shard_of(author_id), crash_after_commit="create_post.after_commit") as transaction:
        post_id = await _write(transaction, author_id, wanted)
    await or_later(push_own(backend, author_id, post_id))
    return post_id


async def _write(transaction: Transaction, author_id: int, wanted: NewPost) -> int:
    post_id = await transaction.mint_id()
    if wanted.idempotency_key is not None:
        made = await claim_key(transaction, author_id, OPERATION, wanted.idempotency_key, post_id)
        if made != post_id:
            return made
    media = await attach(transaction, author_id, post_id, wanted.media)
    await transaction.session.execute(
        insert(Post).values(
            id=post_id,
            author_id=author_id,
            kind=_kind_of(wanted).value,
            caption=wanted.caption,
            media=media,
            comments_enabled=wanted.comments_enabled,
            like_count_hidden=wanted.like_count_hidden,
        )
    )
    await counts.add(transaction, author_id, Counter.POSTS, 1)
    await emit(transaction, EventKind.POST_CREATED, {"post_id": post_id, "author_id": author_id})
    return post_id


def _checked(wanted: NewPost) -> NewPost:
    if not wanted.media:
        raise UserFault(UserErrorCode.TOO_SHORT, "Show one picture at least.", ("media",))
    if len(wanted.media) > MOST_MEDIA:
        raise UserFault(UserErrorCode.TOO_LONG, f"Show {MOST_MEDIA} pictures at most.", ("media",))
    checked_key(wanted.idempotency_key, "idempotencyKey")
    kind = _kind_of(wanted)
    if wanted.kind in (PostKind.REEL, PostKind.VIDEO):
        raise UserFault(UserErrorCode.UNSUPPORTED_MEDIA, "This takes a video.", ("kind",))
    if wanted.kind not in (None, kind):
        raise UserFault(UserErrorCode.INVALID, f"With this many pictures it is a {kind.lower()}.", ("kind",))
    caption = checked_text(wanted.caption, "caption", limit=LONGEST_CAPTION, multiline=True)
    return replace(wanted, caption=caption, media=_checked_media(wanted.media))


def _kind_of(wanted: NewPost) -> PostKind:
    return PostKind.PHOTO if len(wanted.media) == 1 else PostKind.CAROUSEL


def _checked_media(media: Sequence[NewMedia]) -> list[NewMedia]:
    checked: list[NewMedia] = []
    seen: set[int] = set()
    for place, one in enumerate(media):
        path = ("media", str(place))
        if one.upload_id in seen:
            raise UserFault(UserErrorCode.INVALID, "This upload is there twice.", (*path, "uploadId"))
        seen.add(one.upload_id)
        text = one.alt_text
        if text is not None:
            text = checked_text(text, *path, "altText", limit=LONGEST_ALT_TEXT, multiline=True)
        if len(one.tags) > MOST_TAGS:
            raise UserFault(UserErrorCode.TOO_LONG, f"Tag {MOST_TAGS} people at most.", (*path, "userTags"))
        checked.append(replace(one, alt_text=text))
    return checked


async def _check_tagged(backend: Backend, links: MediaLinks, author_id: int, wanted: NewPost) -> None:
    people = await all_users(backend, links, author_id, {tag.user_id for one in wanted.media for tag in one.tags})
    for place, one in enumerate(wanted.media):
        tagged: set[int] = set()
        for number, tag in enumerate(one.tags):
            path = ("media", str(place), "userTags", str(number))
            if tag.user_id not in people:
                raise not_found("person", *path, "userId")
            if tag.user_id in tagged:
                raise UserFault(UserErrorCode.INVALID, "This person is tagged twice.", (*path, "userId"))
            tagged.add(tag.user_id)
            for name, value in (("x", tag.x), ("y", tag.y)):
                if not (math.isfinite(value) and 0 <= value <= 1):
                    raise UserFault(UserErrorCode.INVALID, "This lies between 0 and 1.", (*path, name))
