"""The horizon: an id below which everything that will ever be there is there, so that who reads in the order of ids
passes nothing over. Why that holds is in docs/protocols.md ("The horizon")."""

from core.errors import ShardUnavailable
from models.reads.reader import Reader

_HORIZON = "SELECT id_horizon() AS id"


async def horizon_of(reader: Reader, shard: int) -> int:
    """Of the shard's node. What is read below it must be read by a statement of its own, which begins after this one.

    Raises ShardUnavailable.
    """
    [row] = await reader.on_shard(shard, _HORIZON)
    return int(row["id"])


async def common_horizon(reader: Reader) -> int:
    """Of all nodes: one statement on each. Raises ShardUnavailable where one does not answer, as nothing is known of
    what it may still bring."""
    rows = await reader.on_every_node(_HORIZON)
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    return min(int(row["id"]) for row in rows)
