"""What a mutation is about: there for the viewer, or refused. Read from the truth, right before the change."""

from collections.abc import Iterable

from core.errors import ShardUnavailable, UserErrorCode, UserFault, not_found
from models.reads.reader import Reader
from services.backend import Backend
from services.visibility import users_blocked, visible_comments, visible_posts, visible_users
from services.visible import MediaLinks, VisibleComment, VisiblePost, VisibleUser

# Each raises ShardUnavailable where a node that could know does not answer: that is no "not found".


async def post_seen(backend: Backend, links: MediaLinks, viewer_id: int, post_id: int, *field: str) -> VisiblePost:
    """Raises UserFault (NOT_FOUND)."""
    reader = backend.reader()
    found = (await visible_posts(reader, links, viewer_id, [post_id])).get(post_id)
    all_answered(reader)
    if found is None:
        raise not_found("post", *field)
    return found


async def own_post(backend: Backend, links: MediaLinks, viewer_id: int, post_id: int, *field: str) -> VisiblePost:
    """Raises UserFault: NOT_FOUND, and NOT_ALLOWED for another's post."""
    post = await post_seen(backend, links, viewer_id, post_id, *field)
    if not post.viewer_is_author:
        raise UserFault(UserErrorCode.NOT_ALLOWED, "Only who posted it can do this.", field or None)
    return post


async def comment_seen(
    backend: Backend, links: MediaLinks, viewer_id: int, comment_id: int, *field: str
) -> VisibleComment:
    """Raises UserFault (NOT_FOUND)."""
    reader = backend.reader()
    found = (await visible_comments(reader, links, viewer_id, [comment_id])).get(comment_id)
    if found is None:
        all_answered(reader)
        raise not_found("comment", *field)
    return found


async def user_seen(backend: Backend, links: MediaLinks, viewer_id: int, user_id: int, *field: str) -> VisibleUser:
    """Raises UserFault (NOT_FOUND)."""
    found = (await all_users(backend, links, viewer_id, [user_id])).get(user_id)
    if found is None:
        raise not_found("person", *field)
    return found


async def user_seen_or_blocked(
    backend: Backend, links: MediaLinks, viewer_id: int, user_id: int, *field: str
) -> VisibleUser:
    """As `user_seen`, and those whom the viewer blocks: for what makes and ends a block."""
    reader = backend.reader()
    found = await visible_users(reader, links, viewer_id, [user_id])
    found = found or await users_blocked(reader, links, viewer_id, [user_id])
    all_answered(reader)
    if user_id not in found:
        raise not_found("person", *field)
    return found[user_id]


async def all_users(
    backend: Backend, links: MediaLinks, viewer_id: int, user_ids: Iterable[int]
) -> dict[int, VisibleUser]:
    """Those who may be seen, by id."""
    reader = backend.reader()
    found = await visible_users(reader, links, viewer_id, user_ids)
    all_answered(reader)
    return found


def all_answered(reader: Reader) -> None:
    """Raises ShardUnavailable where a node did not answer."""
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
