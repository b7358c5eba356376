"""What is in collections: saved posts, as long as the save lasts with which they were put in.

Everything here works within a transaction on the saver's shard. Locks are taken in one order: the mirror of the save,
then collections by id, then what is in them. docs/protocols.md tells how it holds together.
"""

from dataclasses import dataclass
from enum import Enum

from sqlalchemy import text

from models.shards import Transaction
from models.tables import CollectionPostState, Counter, SaveMade, SaveState
from services import counts
from services.mirrors import Edge, Subject, apply

MOST_POSTS = 10_000
"""In one collection."""


class Placed(Enum):
    """What became of putting a post into a collection."""

    IN = "in"
    FULL = "full"
    OUT = "out"
    """Somebody unsaved it, took it out or deleted the collection meanwhile."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """What the saver's shard knows of a save; held to commit."""

    user_id: int
    post_id: int
    state: str
    version: int

    @property
    def is_saved(self) -> bool:
        return self.state == SaveState.SAVED


_MIRROR = text("""
    SELECT state, version FROM saves_made WHERE user_id = :user_id AND post_id = :post_id FOR NO KEY UPDATE
""")


async def settle(transaction: Transaction, user_id: int, post_id: int, edge: Edge, about: Subject) -> Mirror:
    """Brings the mirror of a save to its truth, and takes the post out of the collections of a save that is over."""
    key = {"user_id": user_id, "post_id": post_id}
    values = {"since": edge.since, **about._asdict()}
    change = await apply(transaction, SaveMade, key, values, version=edge.version, state=edge.after)
    if change.changed:
        if change.before is not None:
            await _take_out_of_all(transaction, user_id, post_id, edge.version)
        return Mirror(user_id, post_id, edge.after, edge.version)
    known = (await transaction.session.execute(_MIRROR, key)).one()
    return Mirror(user_id, post_id, known.state, known.version)


_HOLDING = text("""
    SELECT c.id FROM collections c
    WHERE c.owner_id = :user_id AND c.state = 'LIVE' AND EXISTS (
        SELECT FROM collection_posts p
        WHERE p.collection_id = c.id AND p.post_id = :post_id AND p.state = 'IN' AND p.save_version < :version)
    ORDER BY c.id FOR NO KEY UPDATE
""")
_END_OLDER = text("""
    UPDATE collection_posts SET state = 'GONE'
    WHERE collection_id = ANY(:collections) AND post_id = :post_id AND state = 'IN' AND save_version < :version
    RETURNING collection_id
""")


async def _take_out_of_all(transaction: Transaction, user_id: int, post_id: int, version: int) -> None:
    """Out of those into which an older save put it: a newer version says that that one has ended."""
    given = {"post_id": post_id, "version": version}
    holding = (await transaction.session.scalars(_HOLDING, given | {"user_id": user_id})).all()
    if holding:
        ended = await transaction.session.scalars(_END_OLDER, given | {"collections": list(holding)})
        for collection_id in ended.all():
            await counts.add(transaction, collection_id, Counter.POSTS, -1)


_LOCK_COLLECTION = text("""
    SELECT id FROM collections WHERE id = :collection_id AND owner_id = :user_id AND state = 'LIVE' FOR NO KEY UPDATE
""")
_PLACE = text("""
    SELECT (SELECT count(*) FROM collection_posts WHERE collection_id = :collection_id AND state = 'IN') AS post_count,
           (SELECT state FROM collection_posts WHERE collection_id = :collection_id AND post_id = :post_id) AS state
""")
_PUT = text("""
    INSERT INTO collection_posts AS p (collection_id, post_id, state, save_version, since)
    VALUES (:collection_id, :post_id, :state, :version, clock_now())
    ON CONFLICT (collection_id, post_id)
    DO UPDATE SET state = excluded.state, save_version = excluded.save_version, since = excluded.since
    WHERE p.state = 'GONE' AND p.save_version < :below
    RETURNING p.state
""")


async def lock_collection(transaction: Transaction, owner_id: int, collection_id: int) -> bool:
    """Holds a collection of the owner's to commit; false where there is none."""
    asked = {"collection_id": collection_id, "user_id": owner_id}
    return (await transaction.session.execute(_LOCK_COLLECTION, asked)).one_or_none() is not None


async def put_in(transaction: Transaction, mirror: Mirror, collection_id: int, *, by_hand: bool) -> Placed:
    """Puts a saved post into a collection; one that is in it stays.

    `by_hand` is somebody who wants it now. Else it is part of the save of the mirror's version: done once, so that
    a job that comes late or twice does not bring back what was taken out, or refused, since.
    """
    if not mirror.is_saved or not await lock_collection(transaction, mirror.user_id, collection_id):
        return Placed.OUT
    row = {"collection_id": collection_id, "post_id": mirror.post_id}
    place = (await transaction.session.execute(_PLACE, row)).one()
    if place.state == CollectionPostState.IN:
        return Placed.IN
    is_full = place.post_count >= MOST_POSTS
    if is_full and by_hand:
        return Placed.FULL
    state = CollectionPostState.GONE if is_full else CollectionPostState.IN
    below = mirror.version + 1 if by_hand else mirror.version
    put = await transaction.session.execute(_PUT, {**row, "state": state, "version": mirror.version, "below": below})
    if put.one_or_none() is None:
        return Placed.OUT
    await counts.add(transaction, collection_id, Counter.POSTS, 0 if is_full else 1)
    return Placed.FULL if is_full else Placed.IN


_TAKE_OUT = text("""
    UPDATE collection_posts SET state = 'GONE', save_version = :version
    WHERE collection_id = :collection_id AND post_id = :post_id AND state = 'IN'
    RETURNING post_id
""")
_KEEP_OUT = text("""
    INSERT INTO collection_posts AS p (collection_id, post_id, state, save_version, since)
    VALUES (:collection_id, :post_id, 'GONE', :version, clock_now())
    ON CONFLICT (collection_id, post_id) DO UPDATE SET save_version = excluded.save_version
    WHERE p.save_version < excluded.save_version
""")


async def take_out(transaction: Transaction, mirror: Mirror, collection_id: int) -> None:
    """Takes a saved post out of one collection; the save stays. Where it is not in yet, its late job finds that it was
    taken out."""
    if not mirror.is_saved or not await lock_collection(transaction, mirror.user_id, collection_id):
        return
    row = {"collection_id": collection_id, "post_id": mirror.post_id, "version": mirror.version}
    if (await transaction.session.execute(_TAKE_OUT, row)).one_or_none() is None:
        await transaction.session.execute(_KEEP_OUT, row)
    else:
        await counts.add(transaction, collection_id, Counter.POSTS, -1)
