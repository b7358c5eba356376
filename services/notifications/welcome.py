"""Greeting someone new."""

from models.tables import NotificationKind
from services.notifications.tell import tell
from services.outbox import Job


async def welcome_notification(job: Job) -> None:
    """For USER_REGISTERED. Raises ShardUnavailable."""
    await tell(job.backend, job.payload["user_id"], NotificationKind.WELCOME, event_id=job.event_id)
