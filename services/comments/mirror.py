"""The mirror of a comment, with the one who said it: brought to what the truth says by its version."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from core import clock
from models.ids import created_at, shard_of
from models.reads.comments import WITH_REPLIES_AFTER
from models.reads.edges import COMMENT
from models.tables import CommentMade
from services.backend import Backend
from services.mirrors import Subject, apply
from services.outbox import Job, Unfinished
from services.withholding import COMMENTS, settle_one

CHUNK = 100
TURN_SECONDS = 5.0
"""A job that has worked for this long lets others have a turn."""


class Made(NamedTuple):
    """A comment by `author_id`; `about` is the post on which it stands."""

    comment_id: int
    author_id: int
    state: str
    version: int
    about: Subject


async def mirror_comments(backend: Backend, comments: Iterable[Made]) -> None:
    """A transaction for each shard on which some of them have their authors. Raises ShardUnavailable."""
    by_shard: dict[int, list[Made]] = defaultdict(list)
    for one in comments:
        by_shard[shard_of(one.author_id)].append(one)
    for shard, some in by_shard.items():
        async with backend.transaction(shard) as transaction:
            for one in sorted(some):
                await apply(
                    transaction,
                    CommentMade,
                    {"user_id": one.author_id, "comment_id": one.comment_id},
                    {"since": created_at(one.comment_id), **one.about._asdict()},
                    version=one.version,
                    state=one.state,
                )


async def repair_comment(job: Job) -> None:
    """For COMMENT_ADDED: brings the commenter's mirror to what the truth says now, and behind it settles whether the
    comment is withheld. Raises Unsettled and ShardUnavailable."""
    for one in await _read(job):
        await mirror_comments(job.backend, [one])
        await settle_one(job.backend, COMMENTS, one.author_id, one.comment_id)


async def repair_thread(job: Job) -> None:
    """For COMMENT_DELETED: the same for the comment and all that ever answered it, in steps.

    The progress is {"after": the last reply that was served}. Raises ShardUnavailable; Unfinished where there is more
    to do.
    """
    if job.progress is None:
        await mirror_comments(job.backend, await _read(job))
    comment_id, after = job.payload["comment_id"], (job.progress or {"after": 0})["after"]
    began = clock.monotonic()
    while True:
        reader = job.backend.reader()
        rows = await reader.on_shard_of(comment_id, WITH_REPLIES_AFTER, comment_id, after, CHUNK)
        await mirror_comments(job.backend, [_made(row["id"], row) for row in rows])
        if len(rows) < CHUNK:
            return
        after = rows[-1]["id"]
        await job.save_progress({"after": after})
        if clock.monotonic() - began > TURN_SECONDS:
            raise Unfinished


async def _read(job: Job) -> list[Made]:
    comment_id = job.payload["comment_id"]
    rows = await job.backend.reader().on_shard_of(comment_id, COMMENT, comment_id)
    return [_made(comment_id, row) for row in rows]


def _made(comment_id: int, row: Any) -> Made:
    about = Subject(row["post_author_id"], row["post_kind"])
    return Made(comment_id, row["author_id"], row["state"], row["version"], about)
