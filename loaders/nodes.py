"""Anything by its id. A kind that is not in the table cannot be fetched by `node`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core.errors import RequestErrorCode, RequestFault
from loaders.collection import collections_by_id
from loaders.comment import comments_by_id
from loaders.context import Context
from loaders.media import images_by_id, videos_by_id
from loaders.notification import notifications_by_id
from loaders.pages import hashtags_by_id, places_by_id
from loaders.post import posts_by_id
from loaders.report import reports_by_id
from loaders.upload import uploads_by_id
from loaders.user import users_by_id
from models.global_ids import NodeKind, decode

NodeLoader = Callable[[Context, Sequence[int]], Awaitable[dict[int, Any]]]
"""Rows that the viewer may see, by number: what is not there and what is hidden are both left out."""

MAX_NODES = 100

NODE_LOADERS: dict[NodeKind, NodeLoader] = {
    NodeKind.USER: users_by_id,
    NodeKind.POST: posts_by_id,
    NodeKind.COMMENT: comments_by_id,
    NodeKind.IMAGE: images_by_id,
    NodeKind.VIDEO: videos_by_id,
    NodeKind.NOTIFICATION: notifications_by_id,
    NodeKind.UPLOAD: uploads_by_id,
    NodeKind.HASHTAG: hashtags_by_id,
    NodeKind.PLACE: places_by_id,
    NodeKind.COLLECTION: collections_by_id,
    NodeKind.REPORT: reports_by_id,
}


async def nodes_by_id(context: Context, global_ids: Sequence[str]) -> list[Any | None]:
    """In the order asked for, one batch per kind. Raises RequestFault: BAD_ID, or LIMIT_EXCEEDED past 100."""
    if len(global_ids) > MAX_NODES:
        raise RequestFault(RequestErrorCode.LIMIT_EXCEEDED, f"Ask for {MAX_NODES} nodes at most.")
    wanted = [decode(global_id) for global_id in global_ids]
    found: dict[NodeKind, dict[int, Any]] = {}
    for kind in {kind for kind, _ in wanted} & NODE_LOADERS.keys():
        found[kind] = await NODE_LOADERS[kind](context, [number for of, number in wanted if of is kind])
    return [context.found(found.get(kind, {}).get(number)) for kind, number in wanted]
