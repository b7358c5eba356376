"""Deleting a comment: it is gone from every road at once, with what answers it."""

from dataclasses import dataclass

from sqlalchemy import or_, update

from core.errors import UserErrorCode, UserFault, not_found
from models.ids import shard_of
from models.shards import Transaction
from models.tables import Comment, CommentState, Counter, PostState
from services import counts
from services.backend import Backend
from services.comments.mirror import Made, mirror_comments
from services.comments.threads import lock_post
from services.consequences import EventKind
from services.mirrored import or_later
from services.mirrors import Subject
from services.outbox import JSON, emit
from services.seen import comment_seen
from services.visible import MediaLinks

FIELD = "commentId"


@dataclass(frozen=True, slots=True)
class _Gone:
    """A comment that a deletion took. `counted` is whether it was counted until then."""

    made: Made
    parent_id: int | None
    counted: bool


async def delete_comment(backend: Backend, links: MediaLinks, viewer_id: int, comment_id: int) -> None:
    """Raises UserFault: NOT_FOUND, also the second time, and NOT_ALLOWED where neither the comment nor the post is the
    viewer's; and ShardUnavailable."""
    comment = await comment_seen(backend, links, viewer_id, comment_id, FIELD)
    if not comment.viewer_can_delete:
        raise UserFault(UserErrorCode.NOT_ALLOWED, "Only who said it, or who posted, can delete it.", (FIELD,))
    async with backend.transaction(shard_of(comment_id)) as transaction:
        gone = await _delete(transaction, comment.post.id, comment_id)
    own = [one.made for one in gone if one.made.author_id == viewer_id]
    await or_later(mirror_comments(backend, own))


async def _delete(transaction: Transaction, post_id: int, comment_id: int) -> list[_Gone]:
    post = await lock_post(transaction, post_id)
    gone = await _take(transaction, comment_id, Subject(post.author_id, post.kind))
    deleted = next((one for one in gone if one.made.comment_id == comment_id), None)
    if deleted is None or post.state == PostState.DELETED:  # by another request, a moment ago
        raise not_found("comment", FIELD)
    counted = sum(one.counted for one in gone)
    await counts.add(transaction, post_id, Counter.COMMENTS, -counted)
    await counts.add(transaction, comment_id, Counter.REPLIES, deleted.counted - counted)
    if deleted.parent_id is not None:
        await counts.add(transaction, deleted.parent_id, Counter.REPLIES, -int(deleted.counted))
    happened: dict[str, JSON] = {
        "comment_id": comment_id,
        "post_id": post_id,
        "author_id": deleted.made.author_id,
        "post_author_id": post.author_id,
        "parent_id": deleted.parent_id,
    }
    await emit(transaction, EventKind.COMMENT_DELETED, happened)
    return gone


async def _take(transaction: Transaction, comment_id: int, about: Subject) -> list[_Gone]:
    taken = await transaction.session.execute(
        update(Comment)
        .where(or_(Comment.id == comment_id, Comment.parent_id == comment_id), Comment.state == CommentState.LIVE.value)
        .values(state=CommentState.DELETED.value, version=Comment.version + 1, pinned_at=None)
        .returning(Comment.id, Comment.author_id, Comment.version, Comment.parent_id, Comment.withheld)
    )
    return [
        _Gone(
            Made(row.id, row.author_id, CommentState.DELETED.value, row.version, about),
            row.parent_id,
            counted=not row.withheld,
        )
        for row in taken
    ]
