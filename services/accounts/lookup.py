"""People by the name that they go by."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import ShardUnavailable, UserFault
from models.ids import shard_of
from models.reads.accounts import CLAIM, SIGN_IN, USERNAMES
from models.reads.reader import Reader
from models.tables import ClaimKind, UserState
from services.accounts.claims import Name, holder, is_free
from services.accounts.names import checked_username, username_in
from services.backend import Backend
from services.visibility import visible_users
from services.visible import MediaLinks, VisibleUser


async def user_named(
    backend: Backend, reader: Reader, links: MediaLinks, viewer_id: int, username: str
) -> VisibleUser | None:
    """None where nobody goes by the name or may not be seen. Two statements. Raises ShardUnavailable."""
    value = username_in(username)
    if value is None:
        return None
    name = Name(ClaimKind.USERNAME, value)
    shard = name.shard(backend)
    rows = await reader.on_shard(shard, CLAIM, shard, name.kind.value, value)
    if not rows:
        return None
    user_id = rows[0]["owner_id"]
    user = (await visible_users(reader, links, viewer_id, [user_id])).get(user_id)
    if user is None and (node := reader.shards.node_of(shard_of(user_id))) in reader.unavailable:
        raise ShardUnavailable(node)
    # A claim may be one of a registration that never finished, or of a name just given up.
    return user if user is not None and user.username == value else None


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody as the people see them who run the house: in whatever state."""

    id: int
    username: str
    state: UserState


async def account_named(backend: Backend, username: str) -> Account | None:
    """For commands, never for an answer: it asks nothing about who may see whom. Raises ShardUnavailable."""
    value = username_in(username)
    held = None if value is None else await holder(backend, Name(ClaimKind.USERNAME, value))
    if held is None:
        return None
    for row in await backend.reader().on_shard_of(held.owner_id, SIGN_IN, held.owner_id):
        if row["username"] == value:
            return Account(held.owner_id, row["username"], UserState(row["user_state"]))
    return None


async def users_named(
    backend: Backend, reader: Reader, links: MediaLinks, viewer_id: int, usernames: Iterable[str]
) -> dict[str, VisibleUser]:
    """Those whom the viewer may see, by username, which is in lower case: two statements per node for all of them.

    Raises ShardUnavailable.
    """
    by_node: dict[int, list[Name]] = {}
    for username in dict.fromkeys(usernames):
        name = Name(ClaimKind.USERNAME, username)
        by_node.setdefault(reader.shards.node_of(name.shard(backend)), []).append(name)
    answers = await asyncio.gather(
        *(
            reader.on_node(node, USERNAMES, [name.shard(backend) for name in names], [name.value for name in names])
            for node, names in by_node.items()
        )
    )
    claimed = {row["value"]: row["owner_id"] for rows in answers for row in rows}
    users = await visible_users(reader, links, viewer_id, claimed.values())
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    found = {username: users.get(owner_id) for username, owner_id in claimed.items()}
    # As in `user_named`, a claim alone makes no name.
    return {username: user for username, user in found.items() if user is not None and user.username == username}


async def is_username_available(backend: Backend, username: str) -> bool:
    """False also for what cannot be a username. Raises ShardUnavailable."""
    try:
        value = checked_username(username)
    except UserFault:
        return False
    return await is_free(backend, Name(ClaimKind.USERNAME, value))
