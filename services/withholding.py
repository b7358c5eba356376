"""What is withheld: likes, saves, comments and follows of people who are suspended, or who block or are blocked by
whose it is. Such a row stands, but is not counted and shown to nobody (`models.tables.Withheld`).

`settle` brings rows to what the truth says, and the counts with them in the same transaction. It looks at the truth
again behind what it wrote, so whatever job writes last has seen the last state: jobs may come late, twice, in the wrong
order and beside each other. The protocol is told in `docs/protocols.md`, What is withheld.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import TextClause, text

from core import clock
from core.errors import ShardUnavailable
from models.ids import shard_of
from models.reads import withholding as sql
from models.reads.reader import Reader
from models.tables import Counter, Withheld
from services.backend import Backend
from services.outbox import Job, Unfinished

TURN_SECONDS = 5.0
TURNS = 5
CHUNK = 500
ROWS_AT_ONCE = 2_000
"""Of one transaction, so that nobody waits long for a lock; more only where a single comment has more replies."""
SHARDS_AT_ONCE = 4


class Unsettled(Exception):
    """The truth changes faster than one can follow: try again later."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A table whose rows can be withheld. A row is named by the person who did it and the id of what it was done to, on
    whose shard it is (a comment: by its own id).

    `done` pages through all that a person did, `owner` tells whose a subject is, `amiss` finds the rows that are to
    change: all from `models/reads/withholding.py`. `hold` and then `change` are run for them, in one transaction.
    """

    done: str
    amiss: str
    hold: Sequence[TextClause]
    change: Sequence[TextClause]
    owner: str | None = None
    """None for what no block withholds."""
    chunk: int = CHUNK


def _edge(  # noqa: PLR0917
    table: str, key: tuple[str, str], counted: tuple[str, Counter], done: str, amiss: str, owner: str | None = None
) -> Kind:
    """Of a table with one row for each pair of subject and person, who are its `key`, counted in one state."""
    (subject, person), (state, counter) = key, counted
    rows = f"FROM {table} WHERE {subject} = ANY(:ids) AND {person} = :person"
    hold = f"SELECT {rows} ORDER BY {subject} FOR UPDATE"
    change = f"""
        WITH before AS (
            SELECT {subject} AS id, withheld {rows} AND (withheld & CAST(:mask AS smallint)) <> :bits
        ), changed AS (
            UPDATE {table} e SET withheld = (e.withheld & ~CAST(:mask AS smallint)) | CAST(:bits AS smallint)
            FROM before b WHERE e.{subject} = b.id AND e.{person} = :person
            RETURNING b.id, e.state, (e.withheld = 0)::int - (b.withheld = 0)::int AS delta
        )
        INSERT INTO count_deltas (id, object_id, counter, delta)
        SELECT mint_id(:shard), id, {counter.value}, delta FROM changed WHERE state = '{state}' AND delta <> 0
    """  # noqa: S608  put together from constants
    return Kind(done, amiss, [text(hold)], [text(change)], owner)


LIKES = _edge(
    "likes",
    ("subject_id", "user_id"),
    ("LIKED", Counter.LIKES),
    done=sql.LIKED_AFTER,
    amiss=sql.LIKES_AMISS,
    owner=sql.OWNER_OF_SUBJECT,
)
SAVES = _edge(
    "saves",
    ("post_id", "user_id"),
    ("SAVED", Counter.SAVES),
    done=sql.SAVED_AFTER,
    amiss=sql.SAVES_AMISS,
    owner=sql.OWNER_OF_POST,
)
FOLLOWS = _edge(
    "follows",
    ("followed_id", "follower_id"),
    ("ACCEPTED", Counter.FOLLOWERS),
    done=sql.FOLLOWED_AFTER,
    amiss=sql.FOLLOWS_AMISS,
)
FOLLOWING = _edge(
    "following",
    ("follower_id", "followed_id"),
    ("ACCEPTED", Counter.FOLLOWING),
    done=sql.FOLLOWERS_AFTER,
    amiss=sql.FOLLOWING_AMISS,
)
"""The mirror: what was done is being followed, and the person is whom they follow."""


def _comments(before: str, withheld: str) -> TextClause:
    """Changes the comments that `before` finds (`id` and `withheld`), and counts them on their posts and parents."""
    return text(f"""
        WITH before AS ({before}), changed AS (
            UPDATE comments c SET withheld = {withheld} FROM before b WHERE c.id = b.id
            RETURNING c.post_id, c.parent_id, c.state, (c.withheld = 0)::int - (b.withheld = 0)::int AS delta
        ), counted AS (
            SELECT post_id AS id, {Counter.COMMENTS.value} AS counter, delta FROM changed WHERE state = 'LIVE'
            UNION ALL
            SELECT parent_id, {Counter.REPLIES.value}, delta FROM changed WHERE state = 'LIVE' AND parent_id IS NOT NULL
        ), summed AS (
            SELECT id, counter, sum(delta) AS delta FROM counted GROUP BY id, counter HAVING sum(delta) <> 0
        )
        INSERT INTO count_deltas (id, object_id, counter, delta)
        SELECT mint_id(:shard), id, counter, delta FROM summed
    """)  # noqa: S608  put together from constants


# Comments, and the replies to them. Joined by id: with an OR between the two, the whole table is read each time.
_WITH_REPLIES = """
    SELECT unnest(CAST(:ids AS bigint[])) AS id
    UNION SELECT id FROM comments WHERE parent_id = ANY(:ids) AND state = 'LIVE'
"""
# The posts are held first, so that no reply is added meanwhile: its own job comes later and sees what is written here.
COMMENTS = Kind(
    done=sql.COMMENTED_AFTER,
    amiss=sql.COMMENTS_AMISS,
    owner=sql.OWNER_OF_COMMENTED,
    chunk=50,
    hold=[
        text("""
            SELECT FROM posts WHERE id IN (SELECT post_id FROM comments WHERE id = ANY(:ids))
            ORDER BY id FOR NO KEY UPDATE
        """),
        text(f"""
            SELECT FROM comments c
            JOIN ({_WITH_REPLIES} UNION SELECT parent_id FROM comments WHERE id = ANY(:ids)) AS held ON held.id = c.id
            ORDER BY c.id FOR UPDATE OF c
        """),  # noqa: S608  a constant
    ],
    change=[
        _comments(
            """
            SELECT id, withheld FROM comments
            WHERE id = ANY(:ids) AND author_id = :person AND (withheld & CAST(:mask AS smallint)) <> :bits
            """,
            "(c.withheld & ~CAST(:mask AS smallint)) | CAST(:bits AS smallint)",
        ),
        _comments(
            f"""
            SELECT r.id, r.withheld FROM ({_WITH_REPLIES}) AS touched
            JOIN comments r ON r.id = touched.id JOIN comments q ON q.id = r.parent_id
            WHERE (r.withheld & {Withheld.PARENT.value} <> 0) <> (q.withheld <> 0)
            """,  # noqa: S608  a constant
            f"c.withheld # {Withheld.PARENT.value}",
        ),
    ],
)


async def settle(
    backend: Backend, kind: Kind, person_id: int, ids: Collection[int], owner_id: int | None = None
) -> None:
    """Brings what the person did to these subjects to what the truth says: whether the person is suspended and, with an
    owner, of what is the owner's, whether the two block each other. Ids of nothing are passed over.

    Raises Unsettled and ShardUnavailable.
    """
    mask = Withheld.SUSPENSION if owner_id is None else Withheld.SUSPENSION | Withheld.BLOCK
    for _ in range(TURNS):
        bits = await _truth(backend.reader(), person_id, owner_id)
        amiss = await _amiss(backend.reader(), kind, ids, person_id, owner_id, mask, bits)
        if not amiss:
            return
        turns = asyncio.Semaphore(SHARDS_AT_ONCE)
        values = {"person": person_id, "mask": mask.value, "bits": bits.value}
        await asyncio.gather(
            *(
                _change(backend, turns, kind, shard, [values | {"ids": some} for some in _bundled(rows)])
                for shard, rows in _by_shard(amiss).items()
            )
        )
    raise Unsettled


async def settle_one(backend: Backend, kind: Kind, person_id: int, subject_id: int) -> None:
    """The same of one row: for whoever has written it, behind its mirror. Raises as `settle`."""
    owner_id: int | None = None
    if kind.owner is not None:
        owners = await backend.reader().on_shard_of(subject_id, kind.owner, subject_id)
        if not owners:
            return
        owner_id = owners[0]["owner_id"]
    await settle(backend, kind, person_id, [subject_id], owner_id)


async def withhold_person(job: Job) -> None:
    """For USER_SUSPENDED and USER_RESTORED: all that the person did, and being followed by the person's followers.

    Raises Unsettled, ShardUnavailable, and Unfinished where there is more to do.
    """
    person_id = job.payload["user_id"]
    await _work(job, [Part(kind, person_id) for kind in (LIKES, SAVES, COMMENTS, FOLLOWS, FOLLOWING)])


async def withhold_pair(job: Job) -> None:
    """For BLOCKED and UNBLOCKED: what either did to things of the other. Raises as `withhold_person`."""
    one, other = job.payload["blocker_id"], job.payload["blocked_id"]
    pairs = ((one, other), (other, one))
    await _work(job, [Part(kind, *pair) for pair in pairs for kind in (LIKES, SAVES, COMMENTS)])


@dataclass(frozen=True, slots=True)
class Part:
    """What a person did, in one table; with an owner, to things of the owner."""

    kind: Kind
    person_id: int
    owner_id: int | None = None


async def _work(job: Job, parts: Sequence[Part]) -> None:
    """In chunks. The progress is {"part": which one, "after": the last id that is done}.

    A row that is not there yet when its chunk comes by sees to itself: its own job settles it behind its mirror.
    """
    progress = job.progress or {"part": 0, "after": 0}
    began = clock.monotonic()
    for number, part in enumerate(parts):
        if number < progress["part"]:
            continue
        after = progress["after"] if number == progress["part"] else 0
        while True:
            chunk = min(CHUNK, part.kind.chunk)
            rows = await job.backend.reader().on_shard_of(part.person_id, part.kind.done, part.person_id, after, chunk)
            ids = [row["id"] for row in rows]
            await settle(job.backend, part.kind, part.person_id, ids, part.owner_id)
            if len(ids) < chunk:
                break
            after = ids[-1]
            await job.save_progress({"part": number, "after": after})
            if clock.monotonic() - began > TURN_SECONDS:
                raise Unfinished


async def _truth(reader: Reader, person_id: int, owner_id: int | None) -> Withheld:
    people = [person_id] if owner_id in (None, person_id) else [person_id, owner_id]
    rows = _all(reader, await reader.by_ids(sql.TRUTH_OF_PEOPLE, people, people))
    bits = Withheld(0)
    for row in rows:
        if row["blocks"]:
            bits |= Withheld.BLOCK
        if row["is_suspended"] and row["user_id"] == person_id:
            bits |= Withheld.SUSPENSION
    return bits


async def _amiss(  # noqa: PLR0917
    reader: Reader,
    kind: Kind,
    ids: Collection[int],
    person_id: int,
    owner_id: int | None,
    mask: Withheld,
    bits: Withheld,
) -> list[Any]:
    """Each with its `id`, and the number of `rows` that change with it."""
    return _all(reader, await reader.by_ids(kind.amiss, ids, person_id, owner_id, mask.value, bits.value))


async def _change(
    backend: Backend, turns: asyncio.Semaphore, kind: Kind, shard: int, bundles: Sequence[dict[str, Any]]
) -> None:
    """A transaction for each bundle. The rows are there, and rows are never deleted: so `hold` holds them all while
    they are counted."""
    async with turns:
        for values in bundles:
            async with backend.transaction(shard) as transaction:
                for statement in (*kind.hold, *kind.change):
                    await transaction.session.execute(statement, values | {"shard": shard})


def _bundled(rows: Iterable[Any]) -> Iterator[list[int]]:
    """The ids by their order, so many at a time that ROWS_AT_ONCE change."""
    bundle: list[int] = []
    room = ROWS_AT_ONCE
    for row in sorted(rows, key=itemgetter("id")):
        if bundle and row["rows"] > room:
            yield bundle
            bundle, room = [], ROWS_AT_ONCE
        bundle.append(row["id"])
        room -= row["rows"]
    if bundle:
        yield bundle


def _all(reader: Reader, rows: list[Any]) -> list[Any]:
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    return rows


def _by_shard(rows: Iterable[Any]) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = {}
    for row in rows:
        grouped.setdefault(shard_of(row["id"]), []).append(row)
    return grouped
