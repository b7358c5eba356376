"""Showing a post to people."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import insert, select

from core.errors import UserErrorCode, UserFault, not_found
from models.ids import shard_of
from models.shards import Transaction
from models.tables import Counter, Post, PostState, Share
from services import counts
from services.backend import Backend
from services.consequences import EventKind
from services.idempotency import checked_key, claim_key
from services.outbox import JSON, emit
from services.seen import all_users, post_seen
from services.text import checked_text
from services.visible import MediaLinks

OPERATION = "sharePost"
MOST_RECIPIENTS = 20
LONGEST_TEXT = 1000


@dataclass(frozen=True, slots=True)
class NewShare:
    """An `idempotency_key` used before on this post does nothing."""

    post_id: int
    recipient_ids: Sequence[int]
    text: str = ""
    idempotency_key: str | None = None


async def share_post(backend: Backend, links: MediaLinks, viewer_id: int, wanted: NewShare) -> None:
    """Counts once for each recipient. Raises UserFault, after which nothing has changed, and ShardUnavailable."""
    wanted = _checked(viewer_id, wanted)
    await post_seen(backend, links, viewer_id, wanted.post_id, "postId")
    people = await all_users(backend, links, viewer_id, wanted.recipient_ids)
    for number, recipient_id in enumerate(wanted.recipient_ids):
        if recipient_id not in people:
            raise not_found("person", "userIds", str(number))
    async with backend.transaction(shard_of(wanted.post_id)) as transaction:
        await _write(transaction, viewer_id, wanted)


def _checked(viewer_id: int, wanted: NewShare) -> NewShare:
    checked_key(wanted.idempotency_key, "idempotencyKey")
    if not wanted.recipient_ids:
        raise UserFault(UserErrorCode.TOO_SHORT, "Share it with one person at least.", ("userIds",))
    if len(wanted.recipient_ids) > MOST_RECIPIENTS:
        raise UserFault(UserErrorCode.TOO_LONG, f"Share it with {MOST_RECIPIENTS} people at most.", ("userIds",))
    for number, recipient_id in enumerate(wanted.recipient_ids):
        path = ("userIds", str(number))
        if recipient_id == viewer_id:
            raise UserFault(UserErrorCode.INVALID, "This is you.", path)
        if recipient_id in wanted.recipient_ids[:number]:
            raise UserFault(UserErrorCode.INVALID, "This person is there twice.", path)
    return replace(wanted, text=checked_text(wanted.text, "text", limit=LONGEST_TEXT, multiline=True))


async def _write(transaction: Transaction, user_id: int, wanted: NewShare) -> None:
    execute = transaction.session.execute
    asked = select(Post.state).where(Post.id == wanted.post_id).with_for_update(key_share=True)
    state = (await execute(asked)).scalar_one()
    if state == PostState.DELETED:  # a moment ago
        raise not_found("post", "postId")
    if state != PostState.LIVE:
        raise UserFault(UserErrorCode.NOT_ALLOWED, "An archived post cannot be shared.", ("postId",))
    ids = [await transaction.mint_id() for _ in wanted.recipient_ids]
    if wanted.idempotency_key is not None:
        operation = f"{OPERATION}:{wanted.post_id}"
        if await claim_key(transaction, user_id, operation, wanted.idempotency_key, ids[0]) != ids[0]:
            return
    await execute(
        insert(Share),
        [
            {"id": number, "post_id": wanted.post_id, "user_id": user_id, "recipient_id": to, "text": wanted.text}
            for number, to in zip(ids, wanted.recipient_ids, strict=True)
        ],
    )
    await counts.add(transaction, wanted.post_id, Counter.SHARES, len(ids))
    happened: dict[str, JSON] = {
        "post_id": wanted.post_id,
        "user_id": user_id,
        "recipient_ids": list(wanted.recipient_ids),
    }
    await emit(transaction, EventKind.SHARED, happened)
