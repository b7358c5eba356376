"""Archiving: the post is there for its author alone, until it is brought back. URLs of its media that were given out
before do not come back."""

from sqlalchemy import select, update

from core.errors import not_found
from models.ids import shard_of
from models.shards import Transaction
from models.tables import Counter, Post, PostState, User
from services import counts
from services.backend import Backend
from services.consequences import EventKind
from services.feeds.fanout import push_own
from services.mirrored import or_later
from services.outbox import emit
from services.posts.listing import list_post
from services.seen import own_post
from services.visible import MediaLinks
from services.withdrawals import withdraw_post_media

FIELD = "postId"


async def archive_post(backend: Backend, links: MediaLinks, viewer_id: int, post_id: int) -> None:
    """It is pinned no more. The second time changes nothing. Raises UserFault: NOT_FOUND, and NOT_ALLOWED for another's
    post; and ShardUnavailable."""
    await _set(backend, links, viewer_id, post_id, PostState.ARCHIVED)


async def unarchive_post(backend: Backend, links: MediaLinks, viewer_id: int, post_id: int) -> None:
    """It stands again where its date puts it. Raises as `archive_post`."""
    if await _set(backend, links, viewer_id, post_id, PostState.LIVE):
        await or_later(push_own(backend, viewer_id, post_id))


async def _set(backend: Backend, links: MediaLinks, viewer_id: int, post_id: int, state: PostState) -> bool:
    """Whether it was in the other state."""
    await own_post(backend, links, viewer_id, post_id, FIELD)
    async with backend.transaction(shard_of(post_id)) as transaction:
        changed = await _write(transaction, viewer_id, post_id, state)
    if changed:
        await or_later(list_post(backend, post_id))
    return changed


async def _write(transaction: Transaction, author_id: int, post_id: int, state: PostState) -> bool:
    """All that archiving and its end change of the truth."""
    execute = transaction.session.execute
    archived = state is PostState.ARCHIVED
    if archived:  # the author ahead of the post, as everywhere
        await execute(select(User.id).where(User.id == author_id).with_for_update(key_share=True))
    before = (await execute(select(Post.state).where(Post.id == post_id).with_for_update())).scalar_one()
    if before == PostState.DELETED:  # by another request, a moment ago
        raise not_found("post", FIELD)
    if before == state:
        return False
    changed = {"state": state.value, "version": Post.version + 1, "pinned_at": None}
    await execute(update(Post).where(Post.id == post_id).values(changed))
    if archived:
        await withdraw_post_media(transaction, author_id, post_id)
    await counts.add(transaction, author_id, Counter.POSTS, -1 if archived else 1)
    kind = EventKind.POST_ARCHIVED if archived else EventKind.POST_UNARCHIVED
    await emit(transaction, kind, {"post_id": post_id, "author_id": author_id})
    return True
