"""What happened, as the outbox keeps it, and the jobs that follow."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from sqlalchemy import insert

from models.ids import shard_of
from models.tables import Post, PostKind
from services.backend import Backend
from services.consequences import EventKind
from services.outbox import Job

_EVENTS = """
    SELECT id, kind, payload FROM events
    WHERE shard_of(id) = $1 AND kind = ANY($2) AND payload @> $3::jsonb ORDER BY id
"""


async def jobs(
    backend: Backend, about: int, kinds: set[EventKind], payload: dict[str, Any], handler: str = "a_handler"
) -> list[Job]:
    """One job for each event that happened on the shard of `about` and whose payload has all of this."""
    rows = await backend.reader().on_shard_of(about, _EVENTS, shard_of(about), sorted(kinds), payload)
    return [
        Job(
            backend,
            row["id"],
            EventKind(row["kind"]),
            handler,
            row["payload"] if isinstance(row["payload"], dict) else orjson.loads(row["payload"]),
            1,
            None,
            10.0,
        )
        for row in rows
    ]


async def new_post(backend: Backend, author_id: int) -> int:
    """A row alone: what is told of a post needs no picture."""
    async with backend.transaction(shard_of(author_id)) as transaction:
        post_id = await transaction.mint_id()
        await transaction.session.execute(
            insert(Post).values(id=post_id, author_id=author_id, kind=PostKind.PHOTO.value, media=[])
        )
    return post_id


async def run(handler: Callable[[Job], Awaitable[None]], *todo: Job) -> None:
    for job in todo:
        await handler(job)
