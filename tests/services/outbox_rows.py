"""Events and deliveries, as a test writes and reads them."""

from typing import Any

from sqlalchemy import text

from models.ids import shard_of
from services.backend import Backend
from services.consequences import EventKind
from services.deliveries import Claimed, claim, put_back
from services.outbox import Job, emit
from services.tries import begin

HANDLERS = ["welcome_notification", "confirm_claims"]
WELCOME = HANDLERS[:1]


async def emitted(backend: Backend, shard: int, user_id: int = 1) -> int:
    """The id of a new UserRegistered event on the shard."""
    async with backend.transaction(shard) as transaction:
        return await emit(transaction, EventKind.USER_REGISTERED, {"user_id": user_id})


async def delivery(backend: Backend, event_id: int, handler: str = "welcome_notification") -> dict[str, Any]:
    """The row, with the seconds until it is due as `wait`."""
    [row] = await backend.reader().on_shard_of(
        event_id,
        "SELECT *, extract(epoch FROM due_at - clock_now())::float AS wait FROM deliveries"
        " WHERE event_id = $1 AND handler = $2",
        event_id,
        handler,
    )
    return dict(row)


async def make_due(backend: Backend, event_id: int) -> None:
    """Lets the wait of its deliveries be over."""
    await change(backend, event_id, "due_at = clock_now() - interval '1 second'")


async def change(backend: Backend, event_id: int, assignment: str) -> None:
    async with backend.transaction(shard_of(event_id)) as transaction:
        await transaction.session.execute(
            text(f"UPDATE deliveries SET {assignment} WHERE event_id = :event_id"), {"event_id": event_id}
        )


async def claimed(backend: Backend, event_id: int) -> Claimed:
    """The event's welcome, claimed by a relay; others of its shard that were claimed with it are put back."""
    shard = shard_of(event_id)
    found = {one.event_id: one for one in await claim(backend, shard, WELCOME)}
    wanted = found.pop(event_id)
    await put_back(backend, shard, found.values())
    return wanted


async def begun(backend: Backend, event_id: int, lease_seconds: float = 10) -> Job:
    """The event's welcome, claimed by a relay and begun by a worker."""
    job = await begin(backend, await claimed(backend, event_id), lease_seconds)
    assert job is not None
    return job
