"""Posting."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import insert

from core.errors import UserErrorCode, UserFault
from models.ids import shard_of
from models.shards import Transaction
from models.tables import Counter, Post, PostKind
from services import counts
from services.backend import Backend
from services.consequences import EventKind
from services.entities import checked_entities
from services.feeds.fanout import push_own
from services.idempotency import checked_key, claim_key
from services.mirrored import or_later
from services.outbox import emit
from services.places import NewPlace, checked_place, place_for
from services.posts.attaching import NewMedia, attach
from services.posts.checks import MOST_MEDIA, check_tags, checked_alt_text, checked_caption
from services.posts.listing import list_post
from services.visible import MediaLinks
from services.written import Written, written

OPERATION = "createPost"


@dataclass(frozen=True, slots=True)
class NewPost:
    """`kind` None lets the media decide. An `idempotency_key` used before gives what it made then."""

    media: Sequence[NewMedia]
    caption: str = ""
    place: NewPlace | None = None
    kind: PostKind | None = None
    comments_enabled: bool = True
    like_count_hidden: bool = False
    idempotency_key: str | None = None


async def create_post(backend: Backend, links: MediaLinks, author_id: int, wanted: NewPost) -> int:
    """The post's id. Raises UserFault, after which nothing has changed, and ShardUnavailable."""
    wanted = _checked(wanted)
    entities = checked_entities(wanted.caption, "caption")
    await check_tags(backend, links, author_id, [one.tags for one in wanted.media])
    said = await written(backend, links, author_id, entities)
    place = asdict(await place_for(backend, wanted.place)) if wanted.place else None
    async with backend.transaction(shard_of(author_id), crash_after_commit="create_post.after_commit") as transaction:
        post_id = await _write(transaction, author_id, wanted, said, place)
    await or_later(push_own(backend, author_id, post_id))
    if place or said.hashtags or any(one.tags for one in wanted.media):
        await or_later(list_post(backend, post_id))
    return post_id


async def _write(
    transaction: Transaction, author_id: int, wanted: NewPost, said: Written, place: dict[str, Any] | None
) -> int:
    post_id = await transaction.mint_id()
    if wanted.idempotency_key is not None:
        made = await claim_key(transaction, author_id, OPERATION, wanted.idempotency_key, post_id)
        if made != post_id:
            return made
    media, kind = await attach(transaction, author_id, post_id, wanted.media)
    _check_kind(wanted.kind, kind)
    await transaction.session.execute(
        insert(Post).values(
            id=post_id,
            author_id=author_id,
            kind=kind.value,
            caption=wanted.caption,
            entities=said.entities,
            hashtags=said.hashtags,
            place=place,
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
        raise UserFault(UserErrorCode.TOO_SHORT, "Show one picture or video at least.", ("media",))
    if len(wanted.media) > MOST_MEDIA:
        raise UserFault(UserErrorCode.TOO_LONG, f"Show {MOST_MEDIA} pictures and videos at most.", ("media",))
    checked_key(wanted.idempotency_key, "idempotencyKey")
    if wanted.kind is not None and (wanted.kind is PostKind.CAROUSEL) != (len(wanted.media) > 1):
        shown = "of several is a carousel" if len(wanted.media) > 1 else "of one is no carousel"
        raise UserFault(UserErrorCode.INVALID, f"A post {shown}.", ("kind",))
    return replace(
        wanted,
        caption=checked_caption(wanted.caption),
        place=wanted.place and checked_place(wanted.place, "place"),
        media=_checked_media(wanted.media),
    )


def _check_kind(wanted: PostKind | None, made: PostKind) -> None:
    """Raises UserFault where somebody wants another kind than the media make."""
    if wanted in (None, made):
        return
    if made is PostKind.PHOTO:
        raise UserFault(UserErrorCode.UNSUPPORTED_MEDIA, "This takes a video.", ("kind",))
    if wanted is PostKind.PHOTO:
        raise UserFault(UserErrorCode.UNSUPPORTED_MEDIA, "This takes a picture.", ("kind",))
    if wanted is PostKind.REEL:
        raise UserFault(UserErrorCode.INVALID, "A reel is uploaded to be one: with the purpose REEL.", ("kind",))
    raise UserFault(UserErrorCode.INVALID, "This was uploaded as a reel, and can be nothing else.", ("kind",))


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
            text = checked_alt_text(text, *path)
        checked.append(replace(one, alt_text=text))
    return checked
