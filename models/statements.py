"""Counts the SQL statements of an operation, for the response extension in development."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class StatementCount:
    reads: int = 0
    writes: int = 0


counted: ContextVar[StatementCount | None] = ContextVar("counted", default=None)


def count_read() -> None:
    if (count := counted.get()) is not None:
        count.reads += 1


def count_write(*_: object) -> None:
    if (count := counted.get()) is not None:
        count.writes += 1
