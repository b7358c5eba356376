"""64-bit ids: 41 bits of milliseconds since 2025-01-01, 13 of logical shard, 10 of sequence.

They are minted in the database by `mint_id(shard)`; here they are taken apart.
"""

import hashlib
from datetime import datetime

from core.clock import EPOCH_MS, from_ms

SHARD_SHIFT = 10
SHARD_MASK = (1 << 13) - 1
TIME_SHIFT = 23
MAX_ID = (1 << 63) - 1


def shard_of(identifier: int) -> int:
    return (identifier >> SHARD_SHIFT) & SHARD_MASK


def created_at(identifier: int) -> datetime:
    """When the id was minted, to the millisecond."""
    return from_ms((identifier >> TIME_SHIFT) + EPOCH_MS)


def floor_of(milliseconds: int) -> int:
    """The smallest id that can have been minted at that moment (milliseconds since 1970)."""
    return max(0, milliseconds - EPOCH_MS) << TIME_SHIFT


def shard_of_name(name: str, logical_shards: int) -> int:
    """The shard on which a name (of a claim, a hashtag, a place) lives."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) % logical_shards
