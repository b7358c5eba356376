"""The time. Nothing else in the tree asks the system for it; SQL asks `clock_ms()`, made by the migrations."""

import time
from datetime import UTC, datetime

EPOCH_MS = 1_735_689_600_000
"""2025-01-01T00:00:00Z, from which ids count, in milliseconds since 1970."""


def now() -> datetime:
    return datetime.now(UTC)


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def timestamp() -> float:
    """Seconds since 1970."""
    return time.time()


def monotonic() -> float:
    """Seconds that only ever grow, for measuring a span."""
    return time.perf_counter()


def from_ms(milliseconds: int) -> datetime:
    """The moment that many milliseconds after 1970, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
