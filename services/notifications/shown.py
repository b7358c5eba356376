"""Notifications as their recipient may see them: with those of their actors who may be seen.

Only the newest actors are looked at: a handful, and where none of those may be seen, MAX_ACTORS. What is about people
and has nobody left to name is not shown. `docs/notifications.md` tells the rules.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.global_ids import NodeKind, encode
from models.reads.notifications import ACTORS_OF, NOTIFICATIONS_BY_ID
from models.reads.reader import Reader
from models.tables import NotificationKind
from services.notifications.text import is_about_people, sentence
from services.visibility import visible_users
from services.visible import MediaLinks, VisibleUser

NEWEST_ACTORS = 10
"""Read with each notification."""
MAX_ACTORS = 200


@dataclass(slots=True, eq=False)
class ShownNotification:
    """`newest` are actors who may be seen, newest first: all of them where `knows_all_actors`.

    `actor_count` leaves out those who were looked at and may not be seen.
    """

    id: int
    recipient_id: int
    sequence: int
    kind: NotificationKind
    subject_kind: NodeKind | None
    subject_id: int | None
    newest: list[VisibleUser]
    knows_all_actors: bool
    actor_count: int
    details: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    is_read: bool

    @property
    def global_id(self) -> str:
        return encode(NodeKind.NOTIFICATION, self.id)

    @property
    def text(self) -> str:
        names = [user.username for user in self.newest]
        return sentence(self.kind, names, self.actor_count, self.details, self.subject_kind)


async def shown(
    reader: Reader, links: MediaLinks, recipient_id: int, rows: Sequence[Any]
) -> dict[int, ShownNotification]:
    """Those of the rows (with the columns of models/reads/notifications.py) that may be shown, by id."""
    actors: dict[int, list[int]] = {row["id"]: row["actor_ids"] or [] for row in rows}
    users = await visible_users(reader, links, recipient_id, {actor for ids in actors.values() for actor in ids})
    faceless = [row["id"] for row in rows if _is_faceless(row, actors[row["id"]], users)]
    if faceless:
        deeper = await actors_of(reader, faceless, MAX_ACTORS)
        actors |= deeper
        users |= await visible_users(
            reader, links, recipient_id, {actor for ids in deeper.values() for actor in ids} - users.keys()
        )
    found = {row["id"]: _shown(row, actors[row["id"]], users) for row in rows}
    return {id_: one for id_, one in found.items() if one.newest or not is_about_people(one.kind)}


async def actors_of(reader: Reader, notification_ids: Iterable[int], limit: int) -> dict[int, list[int]]:
    """Ids of the newest actors of each, newest first, whether they may be seen or not."""
    rows = await reader.by_ids(ACTORS_OF, notification_ids, limit)
    return {row["id"]: row["actor_ids"] or [] for row in rows}


async def shown_by_id(
    reader: Reader, links: MediaLinks, recipient_id: int, ids: Iterable[int]
) -> dict[int, ShownNotification]:
    """Those of the notifications that are the recipient's and may be shown, by id."""
    rows = await reader.by_ids(NOTIFICATIONS_BY_ID, ids, recipient_id, NEWEST_ACTORS)
    return await shown(reader, links, recipient_id, rows)


def _is_faceless(row: Any, looked_at: Sequence[int], users: dict[int, VisibleUser]) -> bool:
    """Whether more actors must be looked at to find one who may be seen."""
    return row["actor_count"] > len(looked_at) and not any(actor in users for actor in looked_at)


def _shown(row: Any, looked_at: Sequence[int], users: dict[int, VisibleUser]) -> ShownNotification:
    newest = [users[actor] for actor in looked_at if actor in users]
    return ShownNotification(
        id=row["id"],
        recipient_id=row["recipient_id"],
        sequence=row["sequence"],
        kind=NotificationKind(row["kind"]),
        subject_kind=NodeKind[row["subject_kind"]] if row["subject_kind"] else None,
        subject_id=row["subject_id"],
        newest=newest,
        knows_all_actors=len(looked_at) >= row["actor_count"],
        actor_count=row["actor_count"] - (len(looked_at) - len(newest)),
        details=row["details"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        is_read=row["read_at"] is not None,
    )
