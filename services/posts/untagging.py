"""Taking oneself off the pictures of a post."""

from sqlalchemy import select, update

from core.errors import not_found
from models.ids import shard_of
from models.shards import Transaction
from models.tables import Post, PostState
from services.backend import Backend
from services.consequences import EventKind
from services.mirrored import or_later
from services.outbox import JSON, emit
from services.posts.listing import Pages, list_post
from services.seen import post_seen
from services.visible import MediaLinks

FIELD = "postId"


async def remove_my_tag(backend: Backend, links: MediaLinks, viewer_id: int, post_id: int) -> None:
    """Off all of its pictures. It is no edit of the author's. Who is on none of them changes nothing.

    Raises UserFault (NOT_FOUND) and ShardUnavailable.
    """
    await post_seen(backend, links, viewer_id, post_id, FIELD)
    left = Pages(user_ids=frozenset([viewer_id]))
    async with backend.transaction(shard_of(post_id)) as transaction:
        changed = await _write(transaction, viewer_id, post_id, left)
    if changed:
        await or_later(list_post(backend, post_id, left))


async def _write(transaction: Transaction, user_id: int, post_id: int, left: Pages) -> bool:
    execute = transaction.session.execute
    asked = select(Post.state, Post.media, Post.author_id).where(Post.id == post_id).with_for_update()
    post = (await execute(asked)).one()
    if post.state == PostState.DELETED:  # by its author, a moment ago
        raise not_found("post", FIELD)
    kept = [{**one, "tags": [tag for tag in one.get("tags", ()) if tag["user_id"] != user_id]} for one in post.media]
    if all(len(now["tags"]) == len(one.get("tags", ())) for now, one in zip(kept, post.media, strict=True)):
        return False
    await execute(update(Post).where(Post.id == post_id).values(media=kept, version=Post.version + 1))
    happened: dict[str, JSON] = {"post_id": post_id, "author_id": post.author_id, "left": left.payload(), "came": []}
    await emit(transaction, EventKind.POST_UPDATED, happened)
    return True
