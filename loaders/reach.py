"""What is said of a row whose node did not answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.errors import ShardUnavailable
from loaders.context import Context
from models.ids import shard_of


def in_reach(context: Context, identifiers: Iterable[int], found: Mapping[int, Any]) -> list[Any]:
    """A value for each id: what was found, or ShardUnavailable where its node did not answer, and nothing can be said.

    A batch that gives an exception as a row's value fails that row's field alone.
    """
    reader = context.reader
    if not reader.unavailable:
        return [found.get(identifier) for identifier in identifiers]
    shards = reader.shards
    nodes = {number: shards.node_of(shard_of(number)) for number in identifiers if shards.exists(number)}
    return [
        ShardUnavailable(nodes[number]) if nodes.get(number) in reader.unavailable else found.get(number)
        for number in identifiers
    ]
