"""Which posts of an author are pushed into timelines, and when that changes: the writing side of `pulled_intervals`.

It is decided by a post's id alone, on the author's shard. Intervals are opened and closed under the author's row, and
whoever sees one open looks again under it: a post above the end of an interval is left unpushed by nobody who has not
seen that end. Who sees none open needs no lock, since it does no harm to push what is pulled too.

An interval begins at an id of the moment in which it is opened, however old the post is that was fanned out then: its
first minute, in which posts are pushed and pulled, is for readers to learn of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, text, update

from models.ids import MAX_ID, TIME_SHIFT, shard_of
from models.reads.feeds import STANDING_OF
from models.reads.pulled import GRACE_MS
from models.shards import Transaction
from models.tables import PulledInterval
from services.backend import Backend

GRACE_IDS = GRACE_MS << TIME_SHIFT

_HOLD = text("SELECT 1 FROM users WHERE id = :author_id FOR NO KEY UPDATE")


@dataclass(frozen=True, slots=True)
class Standing:
    """How many follow an author, and the intervals (since, until): the open one, where there is one, until MAX_ID."""

    followers: int
    intervals: list[tuple[int, int]]

    @property
    def is_pulled(self) -> bool:
        return any(until == MAX_ID for _, until in self.intervals)

    def pushed(self, post_ids: Sequence[int]) -> list[int]:
        """Those of the author's posts that go into timelines."""
        return [
            post_id
            for post_id in post_ids
            if not any(since + GRACE_IDS <= post_id < until for since, until in self.intervals)
        ]


async def pushed_of(backend: Backend, author_id: int, post_ids: Sequence[int]) -> list[int]:
    """Those of an author's posts that go into timelines. Raises ShardUnavailable."""
    standing = await _look(backend, author_id)
    if standing.is_pulled:
        async with backend.transaction(shard_of(author_id)) as transaction:
            await transaction.session.execute(_HOLD, {"author_id": author_id})
            standing = await _look(backend, author_id)
    return standing.pushed(post_ids)


async def review(backend: Backend, author_id: int, post_ids: Sequence[int]) -> list[int]:
    """The same, behind opening or closing an interval as the number of followers asks. Raises ShardUnavailable."""
    standing = await _look(backend, author_id)
    if standing.is_pulled or _opens(backend, standing):
        async with backend.transaction(shard_of(author_id)) as transaction:
            await transaction.session.execute(_HOLD, {"author_id": author_id})
            standing = await _turn(backend, transaction, author_id, await _look(backend, author_id))
    return standing.pushed(post_ids)


def _opens(backend: Backend, standing: Standing) -> bool:
    return not standing.is_pulled and standing.followers >= backend.settings.pull_from_followers


async def _turn(backend: Backend, transaction: Transaction, author_id: int, standing: Standing) -> Standing:
    """The author's row is held, so the intervals that were read behind that are as they stand."""
    if _opens(backend, standing):
        since = await transaction.mint_id()
        await transaction.session.execute(insert(PulledInterval).values(author_id=author_id, since_id=since))
        return Standing(standing.followers, [*standing.intervals, (since, MAX_ID)])
    if standing.is_pulled and standing.followers < backend.settings.push_below_followers:
        until = await transaction.mint_id()
        is_open = (PulledInterval.author_id == author_id) & PulledInterval.until_id.is_(None)
        await transaction.session.execute(update(PulledInterval).where(is_open).values(until_id=until))
        ended = [(since, min(end, until)) for since, end in standing.intervals]
        return Standing(standing.followers, ended)
    return standing


async def _look(backend: Backend, author_id: int) -> Standing:
    """One statement. Raises ShardUnavailable."""
    rows = await backend.reader().on_shard_of(author_id, STANDING_OF, author_id)
    intervals = [(row["since_id"], row["until_id"] or MAX_ID) for row in rows if row["since_id"]]
    return Standing(rows[0]["followers"], intervals)
