"""Posts, with what comes with them."""

from collections.abc import Sequence
from typing import Any

from loaders.context import Context
from loaders.reach import in_reach
from loaders.relationship import prime_relationships
from models.tables import PostKind
from services.pages import Page
from services.posts.liked import liked_posts
from services.posts.pages import archived_posts, posts_of_authors, tagged_posts
from services.viewer import ViewerIdentity
from services.visibility import visible_posts
from services.visible import VisiblePost, VisibleUser


async def posts_by_id(context: Context, post_ids: Sequence[int]) -> dict[int, VisiblePost]:
    posts = await visible_posts(context.reader, context.links, context.viewer_id, post_ids)
    prime_relationships(context, list(posts.values()))
    return posts


async def load_posts(
    context: Context,
    rows: Sequence[VisibleUser],
    *,
    first: int = 20,
    after: str | None = None,
    kind: PostKind | None = None,
) -> list[Any]:
    ids = [row.id for row in rows]
    found = await posts_of_authors(
        context.reader, context.links, context.viewer_id, ids, kind=kind, first=first, after=after
    )
    prime_relationships(context, [post for page in found.values() for post in page.nodes])
    return in_reach(context, ids, found)


async def load_reels(
    context: Context, rows: Sequence[VisibleUser], *, first: int = 20, after: str | None = None
) -> list[Any]:
    return await load_posts(context, rows, first=first, after=after, kind=PostKind.REEL)


async def load_tagged_posts(
    context: Context, rows: Sequence[VisibleUser], *, first: int = 20, after: str | None = None
) -> list[Any]:
    ids = [row.id for row in rows]
    found = await tagged_posts(context.reader, context.links, context.viewer_id, ids, first=first, after=after)
    prime_relationships(context, [post for page in found.values() for post in page.nodes])
    return in_reach(context, ids, found)


async def load_liked_posts(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[VisiblePost]]:
    pages = [await liked_posts(context.reader, context.links, row.id, first=first, after=after) for row in rows]
    prime_relationships(context, [post for page in pages for post in page.nodes])
    return pages


async def load_archived_posts(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[VisiblePost]]:
    return [await archived_posts(context.reader, context.links, row.id, first=first, after=after) for row in rows]
