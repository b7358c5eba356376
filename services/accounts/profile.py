"""Changing one's own profile, all of it or nothing."""

from collections.abc import Callable
from typing import Any, TypedDict

from sqlalchemy import select, update

from core.errors import UserErrorCode, UserFault
from models.ids import shard_of
from models.reads.accounts import MINT_TWO
from models.shards import Transaction
from models.tables import ClaimKind, User
from services.accounts.avatar import change_avatar
from services.accounts.claims import TRIES, AttemptAbandoned, Name, holding, keep, or_later, settle
from services.accounts.fields import checked_bio, checked_full_name, checked_pronouns, checked_website
from services.accounts.names import checked_username
from services.backend import Backend
from services.consequences import EventKind
from services.outbox import emit
from services.relationships.gate import close_gate
from services.relationships.opening import open_account
from services.viewer import ViewerIdentity
from services.withdrawals import withdraw_content


class ProfileChange(TypedDict, total=False):
    """What is left out stays. None clears; a username and the privacy cannot be cleared. `avatar_upload_id` is None
    for no picture, 0 for an id that is no upload's."""

    username: str | None
    full_name: str | None
    bio: str | None
    website: str | None
    pronouns: str | None
    is_private: bool | None
    avatar_upload_id: int | None


async def update_profile(backend: Backend, viewer: ViewerIdentity, change: ProfileChange) -> None:
    """Raises UserFault, after which nothing has changed, and ShardUnavailable, after which it may have."""
    values = _checked(change)
    username = values.get("username")
    if username is None or username == viewer.user.username:
        async with backend.transaction(shard_of(viewer.id)) as transaction:
            await _write(transaction, viewer.id, values)
        return
    for _ in range(TRIES):
        try:
            given_up = await _rename(backend, viewer.id, Name(ClaimKind.USERNAME, username), values)
        except AttemptAbandoned:
            continue
        if given_up != username:
            await or_later(settle(backend, Name(ClaimKind.USERNAME, given_up)))
        return
    raise Name(ClaimKind.USERNAME, username).taken()


async def _rename(backend: Backend, user_id: int, name: Name, values: dict[str, Any]) -> str:
    """The name that the user had before."""
    shard = shard_of(user_id)
    [minted] = await backend.reader().on_shard(shard, MINT_TWO, shard)
    attempt = minted["first"]
    async with holding(backend, (name,), user_id, attempt), backend.transaction(shard) as transaction:
        await keep(transaction, attempt)
        return await _write(transaction, user_id, values)


async def _write(transaction: Transaction, user_id: int, values: dict[str, Any]) -> str:
    """Returns the username until now."""
    execute = transaction.session.execute
    if "is_private" in values:
        await close_gate(transaction, user_id)
    asked = (
        select(User.username, User.full_name, User.avatar, User.is_private).where(User.id == user_id).with_for_update()
    )
    before = (await execute(asked)).one()
    columns: dict[str, Any] = {column: value for column, value in values.items() if column != "avatar_upload_id"}
    if "avatar_upload_id" in values:
        columns["avatar"] = await change_avatar(transaction, user_id, before.avatar, values["avatar_upload_id"])
    is_renamed = any(
        column in columns and columns[column] != getattr(before, column) for column in ("username", "full_name")
    )
    if is_renamed:
        columns["name_version"] = User.name_version + 1
    if columns:
        await execute(update(User).where(User.id == user_id).values(**columns))
    if values.get("is_private") and not before.is_private:
        await withdraw_content(transaction, user_id)
    if before.is_private and values.get("is_private") is False:
        await open_account(transaction, user_id)
    if is_renamed:
        await emit(transaction, EventKind.USER_RENAMED, {"user_id": user_id, "old_username": before.username})
    return str(before.username)


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "full_name": checked_full_name,
    "bio": checked_bio,
    "website": checked_website,
    "pronouns": checked_pronouns,
}


def _checked(change: ProfileChange) -> dict[str, Any]:
    values: dict[str, Any] = dict(change)
    for column, check in _CHECKS.items():
        if column in values:
            values[column] = check(values[column] or "")
    if "username" in values:
        values["username"] = checked_username(_there(values["username"], "username"), "username")
    if "is_private" in values:
        values["is_private"] = _there(values["is_private"], "isPrivate")
    return values


def _there(value: Any, field: str) -> Any:
    if value is None:
        raise UserFault(UserErrorCode.INVALID, "This cannot be null.", (field,))
    return value
