"""Keeping comments at the top of a post."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from core.errors import UserErrorCode, UserFault, not_found
from models.ids import shard_of
from models.shards import Transaction
from models.tables import Comment, CommentState, PostState
from services.backend import Backend
from services.comments.pages import MOST_PINNED
from services.comments.threads import lock_post
from services.seen import comment_seen
from services.visible import MediaLinks

FIELD = "commentId"


async def pin_comment(backend: Backend, links: MediaLinks, viewer_id: int, comment_id: int) -> None:
    """One that is pinned already keeps its place.

    Raises UserFault: NOT_FOUND; NOT_ALLOWED for who has not posted it, and for a reply; QUOTA_EXCEEDED where
    MOST_PINNED are. Raises ShardUnavailable.
    """
    post_id = await _checked(backend, links, viewer_id, comment_id)
    async with backend.transaction(shard_of(comment_id)) as transaction:
        comment = await _held(transaction, post_id, comment_id)
        if comment.pinned_at is None:
            await _pin(transaction, post_id, comment_id)


async def unpin_comment(backend: Backend, links: MediaLinks, viewer_id: int, comment_id: int) -> None:
    """One that is not pinned stays so. Raises as `pin_comment`, apart from the quota."""
    post_id = await _checked(backend, links, viewer_id, comment_id)
    async with backend.transaction(shard_of(comment_id)) as transaction:
        await _held(transaction, post_id, comment_id)
        await transaction.session.execute(update(Comment).where(Comment.id == comment_id).values(pinned_at=None))


async def _checked(backend: Backend, links: MediaLinks, viewer_id: int, comment_id: int) -> int:
    """The id of its post."""
    comment = await comment_seen(backend, links, viewer_id, comment_id, FIELD)
    if not comment.post.viewer_is_author:
        raise UserFault(UserErrorCode.NOT_ALLOWED, "Only who posted can pin comments.", (FIELD,))
    if comment.parent_id is not None:
        raise UserFault(UserErrorCode.NOT_ALLOWED, "A reply cannot be pinned.", (FIELD,))
    return comment.post.id


async def _held(transaction: Transaction, post_id: int, comment_id: int) -> Any:
    post = await lock_post(transaction, post_id)
    asked = select(Comment.pinned_at).where(Comment.id == comment_id, Comment.state == CommentState.LIVE.value)
    comment = (await transaction.session.execute(asked)).one_or_none()
    if comment is None or post.state == PostState.DELETED:  # by another request, a moment ago
        raise not_found("comment", FIELD)
    return comment


async def _pin(transaction: Transaction, post_id: int, comment_id: int) -> None:
    pinned = (Comment.post_id == post_id, Comment.state == CommentState.LIVE.value, Comment.pinned_at.is_not(None))
    asked = select(Comment.id, Comment.pinned_at, Comment.withheld).where(*pinned)
    there = (await transaction.session.execute(asked)).all()
    if sum(not one.withheld for one in there) >= MOST_PINNED:
        message = f"{MOST_PINNED} comments are pinned: unpin one first."
        raise UserFault(UserErrorCode.QUOTA_EXCEEDED, message, (FIELD,))
    if len(there) >= MOST_PINNED:  # those that nobody sees, and the author could not unpin, make room
        unseen = [one.id for one in there if one.withheld]
        await transaction.session.execute(update(Comment).where(Comment.id.in_(unseen)).values(pinned_at=None))
    # Later than every other, whatever the clock says: the latest pin comes first.
    moment = func.clock_now()
    if there:
        moment = func.greatest(moment, max(one.pinned_at for one in there) + timedelta(milliseconds=1))
    await transaction.session.execute(update(Comment).where(Comment.id == comment_id).values(pinned_at=moment))
