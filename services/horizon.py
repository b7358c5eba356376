"""The horizon: an id below which everything that will ever be there is there, so that who reads in the order of ids
passes nothing over. Why that holds is in docs/protocols.md ("The horizon")."""

from dataclasses import dataclass

from core.clock import EPOCH_MS
from core.errors import ShardUnavailable
from models.ids import TIME_SHIFT
from models.reads.reader import Reader

# The floor is asked for behind the horizon, which raises it. Where the clock is behind it (it was stepped back), what
# is minted stands at the floor, and not below.
_HORIZON = f"""
    SELECT id_horizon() AS id, (
        SELECT last_value + (clock_ms() - {EPOCH_MS} < last_value)::integer FROM id_floor
    ) << {TIME_SHIFT} AS present
"""  # noqa: S608  constants


@dataclass(frozen=True, slots=True)
class Horizon:
    """Ids. `present`: no horizon that was given before is above it, and when one has come up to it, all is below that
    was committed by now (but what was minted ahead of the clock)."""

    id: int
    present: int


async def horizon_of(reader: Reader, shard: int) -> int:
    """Of the shard's node. What is read below it must be read by a statement of its own, which begins after this one.

    Raises ShardUnavailable.
    """
    [row] = await reader.on_shard(shard, _HORIZON)
    return int(row["id"])


async def horizon_on(reader: Reader, node: int) -> int | None:
    """Of one node, as `horizon_of`; None, and the node in `reader.unavailable`, where it does not answer."""
    rows = await reader.on_node(node, _HORIZON)
    return int(rows[0]["id"]) if rows else None


async def common_horizon(reader: Reader) -> Horizon:
    """Of all nodes: one statement on each. Raises ShardUnavailable where one does not answer, as nothing is known of
    what it may still bring."""
    rows = await reader.on_every_node(_HORIZON)
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    return Horizon(min(row["id"] for row in rows), max(row["present"] for row in rows))
