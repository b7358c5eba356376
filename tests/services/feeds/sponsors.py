"""Sponsorships for tests."""

from datetime import timedelta

from sqlalchemy import text

from core import clock
from models.ids import shard_of
from services.backend import Backend
from services.feeds.sponsoring import forget_sponsorships
from services.feeds.sponsorships import sponsor_post


async def sponsor(backend: Backend, post_id: int, label: str = "Paid", begins: float = -1, ends: float = 24) -> int:
    """From and until so many hours from now, known to this process at once."""
    now = clock.now()
    made = await sponsor_post(backend, post_id, label, now + timedelta(hours=begins), now + timedelta(hours=ends))
    forget_sponsorships(backend)
    return made


async def end_all_sponsorships(backend: Backend) -> None:
    """Of whatever was tested before."""
    rows = await backend.reader().on_every_node("SELECT id FROM sponsorships WHERE ends_at > clock_now()")
    for row in rows:
        async with backend.transaction(shard_of(row["id"])) as transaction:
            ended = text("UPDATE sponsorships SET ends_at = clock_now() WHERE id = :id")
            await transaction.session.execute(ended, {"id": row["id"]})
    forget_sponsorships(backend)
