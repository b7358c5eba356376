"""Comments and the replies to them."""

from collections.abc import Sequence
from typing import Any

from loaders.context import Context
from loaders.reach import in_reach
from loaders.relationship import prime_relationships
from services.comments.pages import CommentOrder, comments_of_posts, replies_of_comments
from services.visibility import visible_comments
from services.visible import VisibleComment, VisiblePost


async def comments_by_id(context: Context, comment_ids: Sequence[int]) -> dict[int, VisibleComment]:
    comments = await visible_comments(context.reader, context.links, context.viewer_id, comment_ids)
    prime_relationships(context, [comment.post for comment in comments.values()])
    return comments


async def load_comments(
    context: Context,
    rows: Sequence[VisiblePost],
    *,
    first: int = 20,
    after: str | None = None,
    order: CommentOrder = CommentOrder.TOP,
) -> list[Any]:
    found = await comments_of_posts(
        context.reader, context.links, context.viewer_id, rows, order=order, first=first, after=after
    )
    return in_reach(context, [row.id for row in rows], found)


async def load_replies(
    context: Context, rows: Sequence[VisibleComment], *, first: int = 20, after: str | None = None
) -> list[Any]:
    found = await replies_of_comments(context.reader, context.links, context.viewer_id, rows, first=first, after=after)
    for row in rows:
        for reply in found[row.id].nodes:
            context.batches.prime(load_parent, reply, row)
    return in_reach(context, [row.id for row in rows], found)


async def load_parent(context: Context, rows: Sequence[VisibleComment]) -> list[Any]:
    parent_ids = [row.parent_id for row in rows if row.parent_id is not None]
    found = await comments_by_id(context, parent_ids) if parent_ids else {}
    known = dict(zip(parent_ids, in_reach(context, parent_ids, found), strict=True))
    return [None if row.parent_id is None else known[row.parent_id] for row in rows]
