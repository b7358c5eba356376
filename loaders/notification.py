"""Notifications of the viewer, who did what they tell of, and what they are about."""

from collections.abc import Sequence
from typing import Any

from loaders.context import Context
from loaders.subjects import subjects_by_id
from services.notifications.listing import notifications_page, unread_count
from services.notifications.shown import MAX_ACTORS, NEWEST_ACTORS, ShownNotification, actors_of, shown_by_id
from services.pages import Page, checked_first
from services.viewer import ViewerIdentity
from services.visibility import visible_users
from services.visible import VisibleUser


async def notifications_by_id(context: Context, notification_ids: Sequence[int]) -> dict[int, ShownNotification]:
    if context.viewer is None:
        return {}
    return await shown_by_id(context.reader, context.links, context.viewer_id, notification_ids)


async def load_notifications(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[ShownNotification]]:
    return [await notifications_page(context.reader, context.links, row.id, first, after) for row in rows]


async def load_unread_count(context: Context, rows: Sequence[ViewerIdentity]) -> list[int]:
    return [await unread_count(context.reader, row.id) for row in rows]


async def load_actors(
    context: Context, rows: Sequence[ShownNotification], *, first: int = 3
) -> list[list[VisibleUser]]:
    """Mostly read already with the notification; more are asked for where more are wanted."""
    wanted = checked_first(first)
    short = [row.id for row in rows if len(row.newest) < wanted and not row.knows_all_actors]
    deeper = await actors_of(context.reader, short, min(wanted + NEWEST_ACTORS, MAX_ACTORS)) if short else {}
    people = await visible_users(
        context.reader, context.links, context.viewer_id, {actor for actors in deeper.values() for actor in actors}
    )
    found = {id_: [people[actor] for actor in actors if actor in people] for id_, actors in deeper.items()}
    # Where the deeper look found nobody, a node did not answer, or it had looked deeper before.
    return [max(found.get(row.id, []), row.newest, key=len)[:wanted] for row in rows]


async def load_subject(context: Context, rows: Sequence[ShownNotification]) -> list[Any]:
    """None for what is gone or may not be seen any more."""
    found = await subjects_by_id(context, [(row.subject_kind, row.subject_id) for row in rows])
    return [found.get((row.subject_kind, row.subject_id)) for row in rows]
