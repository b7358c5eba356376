"""What something is about, whatever it is: rows that the viewer may see."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from loaders.comment import comments_by_id
from loaders.context import Context
from loaders.post import posts_by_id
from loaders.upload import uploads_by_id
from loaders.user import users_by_id
from models.global_ids import NodeKind

SUBJECTS: dict[NodeKind, Callable[[Context, Sequence[int]], Awaitable[dict[int, Any]]]] = {
    NodeKind.POST: posts_by_id,
    NodeKind.COMMENT: comments_by_id,
    NodeKind.USER: users_by_id,
    NodeKind.UPLOAD: uploads_by_id,
}
"""What a notification or a report can be about."""


async def subjects_by_id(
    context: Context, wanted: Iterable[tuple[NodeKind | None, int | None]]
) -> dict[tuple[NodeKind | None, int | None], Any]:
    """One batch per kind. What is gone or may not be seen is left out."""
    about: dict[NodeKind, set[int]] = {}
    for kind, number in wanted:
        if kind in SUBJECTS and number is not None:
            about.setdefault(kind, set()).add(number)
    answers = await asyncio.gather(*(SUBJECTS[kind](context, list(ids)) for kind, ids in about.items()))
    return {(kind, number): one for kind, ones in zip(about, answers, strict=True) for number, one in ones.items()}
