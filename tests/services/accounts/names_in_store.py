"""What the store says of names, for tests of the protocol."""

from typing import Any

from sqlalchemy import text

from models.reads.accounts import MINT_TWO
from services.accounts.claims import Name
from services.backend import Backend


async def new_attempt(backend: Backend) -> tuple[int, int]:
    """The id of a user to be, and an attempt."""
    shard = backend.shards.any_shard()
    [minted] = await backend.reader().on_shard(shard, MINT_TWO, shard)
    return minted["first"], minted["second"]


async def claim_row(backend: Backend, name: Name) -> dict[str, Any] | None:
    rows = await backend.reader().on_every_node(
        "SELECT shard, owner_id, attempt, state, expires_at FROM claims WHERE kind = $1 AND value = $2",
        name.kind.value,
        name.value,
    )
    assert len(rows) <= 1
    return dict(rows[0]) if rows else None


async def state_of(backend: Backend, name: Name) -> str | None:
    row = await claim_row(backend, name)
    return row["state"] if row else None


async def outcome_of(backend: Backend, attempt: int) -> str | None:
    rows = await backend.reader().on_shard_of(attempt, "SELECT outcome FROM claim_outcomes WHERE attempt = $1", attempt)
    return rows[0]["outcome"] if rows else None


async def let_expire(backend: Backend, *names: Name) -> None:
    """As if the time of the claims had passed."""
    for name in names:
        async with backend.transaction(name.shard(backend)) as transaction:
            await transaction.session.execute(
                text("UPDATE claims SET expires_at = clock_now() WHERE kind = :kind AND value = :value"),
                {"kind": name.kind.value, "value": name.value},
            )


async def orphans(backend: Backend, *fragments: str) -> list[str]:
    """Users without their two confirmed claims, and claims without their user, among names with these fragments."""
    reader = backend.reader()
    users = await reader.on_every_node(
        "SELECT u.id, u.username, c.email FROM users u LEFT JOIN credentials c ON c.user_id = u.id"
    )
    claims = await reader.on_every_node("SELECT kind, value, owner_id, state FROM claims")
    wanted = {(row["id"], "USERNAME", row["username"]) for row in users}
    wanted |= {(row["id"], "EMAIL", row["email"]) for row in users}
    held = {(row["owner_id"], row["kind"], row["value"]) for row in claims if row["state"] == "CONFIRMED"}
    pending = {f"pending claim {row['value']}" for row in claims if row["state"] != "CONFIRMED"}
    faults = {f"user {key} without claim" for key in wanted - held} | {
        f"claim {key} without user" for key in held - wanted
    }
    return sorted(fault for fault in faults | pending if any(part in fault for part in fragments))
