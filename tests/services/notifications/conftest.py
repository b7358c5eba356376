"""People who are told, and a live listener of this process."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from models.global_ids import NodeKind
from models.ids import shard_of
from models.tables import Notification, NotificationActor, NotificationKind, User, UserState
from services.backend import Backend
from services.live import Live
from services.notifications.tell import tell
from services.visible import MediaLinks

_serial = itertools.count(1)
_events = itertools.count(1)


@dataclass(slots=True)
class People:
    """Makes rows of people, and tells them things."""

    backend: Backend

    async def new(self, name: str = "ada", *, shard: int | None = None, state: UserState = UserState.ACTIVE) -> int:
        """A person; the username is the name and a number of its own."""
        home = self.backend.shards.any_shard() if shard is None else shard
        async with self.backend.transaction(home) as transaction:
            user_id = await transaction.mint_id()
            await transaction.session.execute(
                insert(User).values(id=user_id, username=f"{name}{next(_serial)}", full_name=name.title(), state=state)
            )
        return user_id

    async def set_state(self, user_id: int, state: UserState) -> None:
        async with self.backend.transaction(shard_of(user_id)) as transaction:
            await transaction.session.execute(update(User).where(User.id == user_id).values(state=state))

    async def username(self, user_id: int) -> str:
        [row] = await self.backend.reader().on_shard_of(user_id, "SELECT username FROM users WHERE id = $1", user_id)
        return str(row["username"])

    async def likes(self, recipient_id: int, actor_id: int, post_id: int = 1024, **more: Any) -> None:
        """Tells of a like that is a new event."""
        await tell(
            self.backend,
            recipient_id,
            NotificationKind.LIKE,
            event_id=more.pop("event_id", None) or next(_events),
            actor_id=actor_id,
            subject=(NodeKind.POST, post_id),
            **more,
        )

    async def rows(self, recipient_id: int) -> list[dict[str, Any]]:
        """The recipient's notifications as they are stored, in the order of their sequence."""
        async with self.backend.transaction(shard_of(recipient_id)) as transaction:
            found = await transaction.session.execute(
                select(
                    Notification.id, Notification.sequence, Notification.kind, Notification.actor_count,
                    Notification.subject_kind, Notification.subject_id,
                ).where(Notification.recipient_id == recipient_id).order_by(Notification.sequence)
            )  # fmt: skip
            return [dict(row) for row in found.mappings()]

    async def actors(self, notification_id: int) -> list[int]:
        async with self.backend.transaction(shard_of(notification_id)) as transaction:
            found = await transaction.session.scalars(
                select(NotificationActor.actor_id)
                .where(NotificationActor.notification_id == notification_id)
                .order_by(NotificationActor.sequence)
            )
            return list(found)

    async def mark_read(self, recipient_id: int) -> None:
        async with self.backend.transaction(shard_of(recipient_id)) as transaction:
            changed = update(Notification).where(Notification.recipient_id == recipient_id)
            await transaction.session.execute(changed.values(read_at=Notification.created_at))


@pytest.fixture
def people(backend: Backend) -> People:
    return People(backend)


@pytest.fixture
def links(backend: Backend) -> MediaLinks:
    return MediaLinks(backend.signer)


@pytest.fixture
async def live(backend: Backend) -> AsyncIterator[Live]:
    listening = Live(backend.redis)
    listening.start()
    yield listening
    await listening.stop()
