"""Telling of comments: the post's author, of a reply the author of what it answers, and who is mentioned.

A comment is looked at before and after the telling, as an edge is (`edges.py`): whatever way the jobs of a comment and
of its end interleave, and wherever one of them dies and is run again, the last one that ends has seen how it stands.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core import clock
from models.global_ids import NodeKind
from models.reads.comments import WITH_REPLIES_AFTER
from models.reads.notifications import COMMENT_TOLD, REPLIES_BY, SAID_TO_POST_BY
from models.tables import NotificationKind
from services.notifications.sight import sees
from services.notifications.tell import Subject, tell
from services.notifications.untell import untell
from services.outbox import Job, Unfinished
from services.written import mentioned

CHUNK = 50
TURN_SECONDS = 5.0
"""A job that has worked for this long lets others have a turn."""


@dataclass(frozen=True, slots=True)
class _News:
    """What one person is to be told of a comment."""

    recipient_id: int
    kind: NotificationKind
    subject: Subject


async def comment_notification(job: Job) -> None:
    """For COMMENT_ADDED. Nobody is told twice of one comment, nor of one that they may not see, or that is deleted.

    Raises ShardUnavailable.
    """
    comment_id = job.payload["comment_id"]
    row = await _look(job, comment_id)
    if row is None:
        return
    if row["stands"]:
        for news in _news(row):
            if await sees(
                job.backend, news.recipient_id, actor_id=row["author_id"], subject=(NodeKind.COMMENT, comment_id)
            ):
                await tell(
                    job.backend,
                    news.recipient_id,
                    news.kind,
                    event_id=job.event_id,
                    actor_id=row["author_id"],
                    subject=news.subject,
                    version=comment_id,
                )
        row = await _look(job, comment_id)
    if row is not None and not row["stands"]:
        await _untell(job, row, comment_id + 1)


async def untell_thread(job: Job) -> None:
    """For COMMENT_DELETED: what is unread of the comment, and of all that answered it, is taken back, in steps.

    The progress is {"after": the last reply that was served}. Raises ShardUnavailable; Unfinished where there is more
    to do.
    """
    comment_id, after = job.payload["comment_id"], (job.progress or {"after": 0})["after"]
    if job.progress is None:
        await _untell_all(job, [comment_id])
    began = clock.monotonic()
    while True:
        rows = await job.backend.reader().on_shard_of(comment_id, WITH_REPLIES_AFTER, comment_id, after, CHUNK)
        await _untell_all(job, [row["id"] for row in rows])
        if len(rows) < CHUNK:
            return
        after = rows[-1]["id"]
        await job.save_progress({"after": after})
        if clock.monotonic() - began > TURN_SECONDS:
            raise Unfinished


async def _untell_all(job: Job, comment_ids: list[int]) -> None:
    for comment_id in comment_ids:
        row = await _look(job, comment_id)
        if row is not None and not row["stands"]:
            # The event's id is above those of the comments that there were then, and below those that came later.
            await _untell(job, row, job.event_id)


async def _look(job: Job, comment_id: int) -> Any | None:
    rows = await job.backend.reader().on_shard_of(comment_id, COMMENT_TOLD, comment_id)
    return rows[0] if rows else None


def _news(row: Any) -> Iterator[_News]:
    """Each person once, the nearest first; not who said it."""
    told = {row["author_id"]}
    reply = NotificationKind.REPLY, (NodeKind.COMMENT, row["parent_id"])
    comment = NotificationKind.COMMENT, (NodeKind.POST, row["post_id"])
    mention = NotificationKind.MENTION, (NodeKind.COMMENT, row["id"])
    for recipient_id, (kind, subject) in [
        (row["parent_author_id"], reply),
        (row["post_author_id"], comment),
        *((user_id, mention) for user_id in sorted(mentioned(row["entities"]))),
    ]:
        if recipient_id is not None and recipient_id not in told:
            told.add(recipient_id)
            yield _News(recipient_id, kind, subject)


async def _untell(job: Job, row: Any, version: int) -> None:
    """Takes back what is older than `version`. Of a person who said more than this to the same, what is told stays."""
    for news in _news(row):
        if not await _says_more(job, row, news.kind):
            await untell(
                job.backend,
                news.recipient_id,
                news.kind,
                actor_id=row["author_id"],
                subject=news.subject,
                version=version,
            )


async def _says_more(job: Job, row: Any, kind: NotificationKind) -> bool:
    reader = job.backend.reader()
    if kind is NotificationKind.REPLY:
        return bool(await reader.on_shard_of(row["id"], REPLIES_BY, row["parent_id"], row["author_id"]))
    if kind is NotificationKind.COMMENT:
        post = (row["post_id"], row["author_id"], row["post_author_id"])
        return bool(await reader.on_shard_of(row["id"], SAID_TO_POST_BY, *post))
    return False
