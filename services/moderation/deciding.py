"""What moderators decide: what is held may be shown, or not; what is shown is taken away.

Each decision is one transaction on the owner's shard. Whoever decides second changes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from models.ids import shard_of
from models.reads.moderation import POST_TO_REMOVE
from models.reads.uploads import UPLOAD_FOR_JOB
from models.shards import Transaction
from models.tables import MediaStatus, Post, PostState, Upload, User
from services.backend import Backend
from services.consequences import EventKind
from services.mirrored import or_later
from services.outbox import emit
from services.posts.delete import delete_within
from services.posts.listing import list_post
from services.uploads.outcomes import make_approved
from services.uploads.rows import renditions
from services.uploads.watching import tell_change
from services.withdrawals import withdraw

TRIES = 10
DECIDED = (MediaStatus.HELD.value, MediaStatus.READY.value)


class NotToBeDecided(Exception):
    """There is no such thing, or it is in a state in which there is nothing to decide. A sentence for the moderator."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What is taken away: some uploads of one owner, of which all are shown by the same thing, or by nothing."""

    owner_id: int
    upload_ids: Sequence[int]
    shown_by: int | None
    before: Collection[str]
    reason: str

    @property
    def post_id(self) -> int | None:
        return None if self.is_avatar else self.shown_by

    @property
    def is_avatar(self) -> bool:
        return self.shown_by == self.owner_id


async def approve(backend: Backend, upload_id: int) -> bool:
    """What is held becomes READY, and its owner is told. Whether that changed anything: it may be READY already.

    Raises NotToBeDecided and ShardUnavailable.
    """
    upload = await _upload(backend, upload_id)
    if await make_approved(backend, upload):
        return True
    status = (await _upload(backend, upload_id))["status"]
    if status != MediaStatus.READY:
        raise NotToBeDecided(f"It is {status}, not HELD.")
    return False


async def reject(backend: Backend, upload_id: int, reason: str) -> bool:
    """What is held becomes REJECTED, as `remove` has it. Raises the same, also for what is READY."""
    return await _remove_upload(backend, upload_id, (MediaStatus.HELD.value,), reason)


async def remove(backend: Backend, upload_id: int, reason: str) -> bool:
    """An upload that is READY or HELD becomes REJECTED for good: a post that shows it is deleted, a profile is without
    it, its URLs die, its owner is told the reason, and it is remembered so that it is known when it comes back.

    Whether that changed anything: it may be REJECTED already. Raises NotToBeDecided and ShardUnavailable.
    """
    return await _remove_upload(backend, upload_id, DECIDED, reason)


async def remove_post(backend: Backend, post_id: int, reason: str) -> bool:
    """The same of a post with all that it shows. Raises the same."""
    rows = await backend.reader().on_shard_of(post_id, POST_TO_REMOVE, post_id)
    if not rows:
        raise NotToBeDecided("There is no such post.")
    [post] = rows
    uploads = sorted(inline["id"] for inline in post["media"])
    taken = _Taken(post["author_id"], uploads, post_id, DECIDED, reason)
    # Where nothing is to be taken it was deleted, by its author or by a moderator who was faster.
    return post["state"] != PostState.DELETED and await _take(backend, taken)


async def _remove_upload(backend: Backend, upload_id: int, before: Collection[str], reason: str) -> bool:
    for _ in range(TRIES):
        upload = await _upload(backend, upload_id)
        if upload["status"] == MediaStatus.REJECTED:
            return False
        if upload["status"] not in before:
            raise NotToBeDecided(f"It is {upload['status']}, not {' or '.join(before)}.")
        if await _take(backend, _Taken(upload["owner_id"], [upload_id], upload["attached_to"], before, reason)):
            return True
        # Something shows it, or shows it no longer, since a moment ago.
    raise NotToBeDecided("It changes too often: try again.")


async def _upload(backend: Backend, upload_id: int) -> Any:
    rows = await backend.reader().on_shard_of(upload_id, UPLOAD_FOR_JOB, upload_id)
    if not rows:
        raise NotToBeDecided("There is no such upload.")
    return rows[0]


async def _take(backend: Backend, taken: _Taken) -> bool:
    """False, and nothing has changed, where it is not as `taken` says any more."""
    async with backend.transaction(shard_of(taken.owner_id)) as transaction:
        if not await _is_so(transaction, taken):
            return False
        await _reject(transaction, taken)
        if taken.is_avatar:
            await transaction.session.execute(update(User).where(User.id == taken.owner_id).values(avatar=None))
        if taken.post_id is not None:
            await delete_within(transaction, taken.owner_id, taken.post_id)
    if taken.post_id is not None:
        await or_later(list_post(backend, taken.post_id))
    for upload_id in taken.upload_ids:
        await tell_change(backend, upload_id)
    return True


async def _is_so(transaction: Transaction, taken: _Taken) -> bool:
    """Locks all that it concerns, in the order in which its owner's requests do: what shows it, then uploads by id."""
    execute = transaction.session.execute
    locked = list(taken.upload_ids)
    if taken.is_avatar:
        await execute(select(User.id).where(User.id == taken.owner_id).with_for_update())
    if taken.post_id is not None:
        asked = select(Post.state, Post.media).where(Post.id == taken.post_id).with_for_update()
        post = (await execute(asked)).one_or_none()
        if post is None or post.state == PostState.DELETED:
            return False
        locked += [inline["id"] for inline in post.media]
    found = select(Upload.id, Upload.status, Upload.attached_to).where(Upload.id.in_(locked))
    rows = (await execute(found.order_by(Upload.id).with_for_update())).all()
    wanted = [row for row in rows if row.id in set(taken.upload_ids)]
    return len(wanted) == len(taken.upload_ids) and all(
        row.status in taken.before and row.attached_to == taken.shown_by for row in wanted
    )


async def _reject(transaction: Transaction, taken: _Taken) -> None:
    rejected = await transaction.session.execute(
        update(Upload)
        .where(Upload.id.in_(taken.upload_ids))
        .values(
            status=MediaStatus.REJECTED.value,
            failure_reason=taken.reason,
            rejected_at=func.clock_now(),
            attached_to=None,
            version=Upload.version + 1,
        )
        .returning(Upload.id, Upload.object_key, Upload.result)
    )
    withdrawn: list[str] = []
    for upload in rejected.mappings():
        withdrawn += renditions(upload)
        about = {"upload_id": upload["id"], "owner_id": taken.owner_id, "status": MediaStatus.REJECTED.value}
        await emit(transaction, EventKind.UPLOAD_REMOVED, about)
    await withdraw(transaction, taken.owner_id, withdrawn)
