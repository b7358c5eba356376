"""A family of jobs: the functions that share one queue and one kind of worker."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from services.consequences import Family
from services.outbox import JobFunction
from services.queues import queue_name


@dataclass(frozen=True, slots=True)
class JobFamily:
    """`timeout_seconds` is what one try may take: longer work saves its progress and raises `Unfinished`.

    `resources` are open while a worker of the family runs. What `computes` fills cores for seconds: its processes
    give way to all others.
    """

    family: Family
    timeout_seconds: float
    concurrency: int
    functions: Mapping[str, JobFunction]
    resources: tuple[AbstractAsyncContextManager[Any], ...] = ()
    computes: bool = False

    @property
    def queue(self) -> str:
        return queue_name(self.family)
