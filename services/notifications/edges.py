"""Telling of an edge: a like, a follow. What is taken back before it is read is untold.

The edge is looked at before and after the telling. Before, so that nobody is told of what is gone. After, because it
may have ended in between, and the job of that end may have found nothing to take back yet. Whatever way the two jobs
interleave, and wherever one of them dies and is run again, the last one that ends has seen how the edge stands.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from models.tables import NotificationKind
from services.notifications.tell import Subject, tell
from services.notifications.untell import untell
from services.outbox import Job


@dataclass(frozen=True, slots=True)
class Standing:
    """How an edge stands now. `holds` is false once it was taken back, or what it points to is gone."""

    owner_id: int
    holds: bool
    version: int


Look = Callable[[], Awaitable[Standing | None]]
MayBeTold = Callable[[Standing], Awaitable[bool]]


async def _always(_edge: Standing) -> bool:
    return True


async def settle(
    job: Job,
    kind: NotificationKind,
    actor_id: int,
    subject: Subject,
    look: Look,
    *,
    may_be_told: MayBeTold = _always,
) -> None:
    """Makes what the owner is told agree with the edge. A job of an older version of it leaves it to the newer's.

    `job.payload["version"]` is the edge's when the event happened. Raises ShardUnavailable.
    """
    edge = await look()
    if edge is not None and edge.holds and edge.version == job.payload["version"] and await may_be_told(edge):
        await tell(
            job.backend,
            edge.owner_id,
            kind,
            event_id=job.event_id,
            actor_id=actor_id,
            subject=subject,
            version=edge.version,
        )
        edge = await look()
    if edge is not None and not edge.holds:
        # One more than its version: where what it points to is gone, the edge itself has not changed.
        await untell(job.backend, edge.owner_id, kind, actor_id=actor_id, subject=subject, version=edge.version + 1)
