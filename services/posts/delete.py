"""Deleting a post: it is gone from every road at once, its pictures too."""

from sqlalchemy import select, update

from core.errors import not_found
from models.ids import shard_of
from models.shards import Transaction
from models.tables import Counter, Post, PostState
from services import counts
from services.backend import Backend
from services.consequences import EventKind
from services.mirrored import or_later
from services.outbox import emit
from services.posts.attaching import release
from services.posts.listing import list_post
from services.seen import own_post
from services.visible import MediaLinks

FIELD = "postId"


async def delete_post(backend: Backend, links: MediaLinks, viewer_id: int, post_id: int) -> None:
    """Raises UserFault: NOT_FOUND, and NOT_ALLOWED for another's post; and ShardUnavailable."""
    await own_post(backend, links, viewer_id, post_id, FIELD)
    async with backend.transaction(shard_of(post_id)) as transaction:
        await delete_within(transaction, viewer_id, post_id)
    await or_later(list_post(backend, post_id))


async def delete_within(transaction: Transaction, author_id: int, post_id: int) -> None:
    """In a transaction; afterwards the pages on which it stood are to be told (`list_post`). Raises UserFault where it
    is deleted already."""
    execute = transaction.session.execute
    asked = select(Post.state, Post.media).where(Post.id == post_id).with_for_update()
    before = (await execute(asked)).one()
    if before.state == PostState.DELETED:  # by another request, a moment ago
        raise not_found("post", FIELD)
    gone = {"state": PostState.DELETED.value, "version": Post.version + 1}
    await execute(update(Post).where(Post.id == post_id).values(gone))
    if before.state == PostState.LIVE:
        await counts.add(transaction, author_id, Counter.POSTS, -1)
    await emit(transaction, EventKind.POST_DELETED, {"post_id": post_id, "author_id": author_id})
    await release(transaction, author_id, post_id, (inline["id"] for inline in before.media))
