"""Taking back what somebody was told of, as long as it is unread: a like that is gone is no news."""

from sqlalchemy import text

from models.ids import shard_of
from models.tables import NotificationKind
from services.backend import Backend
from services.notifications.tell import Subject, fold_key

# Tellers take this lock first of all, so none of them is at work beside us.
_LOCK_STREAM = text("SELECT last_sequence FROM notification_streams WHERE recipient_id = :recipient_id FOR UPDATE")
_TAKE_OUT = text("""
    WITH gone AS (
        DELETE FROM notification_actors AS a USING notifications n
        WHERE n.recipient_id = :recipient_id AND n.fold_key = :fold_key AND n.read_at IS NULL
          AND a.notification_id = n.id AND a.actor_id = :actor_id AND a.version < :version
        RETURNING a.notification_id
    )
    UPDATE notifications SET actor_count = actor_count - 1 FROM gone WHERE id = gone.notification_id
    RETURNING id, actor_count
""")
_REMOVE = text("DELETE FROM notifications WHERE id = :id")


async def untell(
    backend: Backend, recipient_id: int, kind: NotificationKind, *, actor_id: int, subject: Subject, version: int
) -> None:
    """Takes the actor out of the unread notification, if what was told is older than `version`: the version of the
    edge that says it is gone. With its last actor the notification goes. It moves nowhere: less is no news.

    Raises ShardUnavailable.
    """
    if not backend.shards.exists(recipient_id):
        return
    who = {"recipient_id": recipient_id, "fold_key": fold_key(kind, subject), "actor_id": actor_id, "version": version}
    async with backend.transaction(shard_of(recipient_id)) as transaction:
        execute = transaction.session.execute
        await execute(_LOCK_STREAM, {"recipient_id": recipient_id})
        left = (await execute(_TAKE_OUT, who)).one_or_none()
        if left is not None and left.actor_count == 0:
            await execute(_REMOVE, {"id": left.id})
