"""Telling the moderators of something."""

from dataclasses import dataclass, replace

from sqlalchemy import text

from core.errors import UserErrorCode, UserFault, not_found
from models.global_ids import NodeKind
from models.ids import shard_of
from models.reads.uploads import UPLOADS_BY_ID
from models.shards import Transaction
from models.tables import ReportReason
from services.backend import Backend
from services.idempotency import checked_key, claim_key, renew_claim
from services.seen import comment_seen, post_seen, user_seen
from services.text import checked_text
from services.visible import MediaLinks

OPERATION = "report"
LONGEST_DETAILS = 1000
FIELD = "subjectId"


@dataclass(frozen=True, slots=True)
class NewReport:
    """An `idempotency_key` used before on this subject gives what it made then."""

    subject_kind: NodeKind
    subject_id: int
    reason: ReportReason
    details: str | None = None
    idempotency_key: str | None = None


async def report(backend: Backend, links: MediaLinks, reporter_id: int, wanted: NewReport) -> int:
    """The report's id: that of the open one, where the same person reported the same for the same reason before.

    Raises UserFault, after which nothing has changed: NOT_FOUND for what the reporter may not see, INVALID for what is
    the reporter's own, TOO_LONG; and ShardUnavailable.
    """
    checked_key(wanted.idempotency_key, "idempotencyKey")
    details = checked_text(wanted.details or "", "details", limit=LONGEST_DETAILS, multiline=True)
    wanted = replace(wanted, details=details or None)
    if await _owner_of(backend, links, reporter_id, wanted) == reporter_id:
        raise UserFault(UserErrorCode.INVALID, "This is your own.", (FIELD,))
    async with backend.transaction(shard_of(wanted.subject_id)) as transaction:
        return await _write(transaction, reporter_id, wanted)


async def _owner_of(backend: Backend, links: MediaLinks, viewer_id: int, wanted: NewReport) -> int:
    """Whose it is, if the viewer may see it."""
    kind, subject_id = wanted.subject_kind, wanted.subject_id
    if kind is NodeKind.USER:
        return (await user_seen(backend, links, viewer_id, subject_id, FIELD)).id
    if kind is NodeKind.POST:
        return (await post_seen(backend, links, viewer_id, subject_id, FIELD)).author.id
    if kind is NodeKind.COMMENT:
        return (await comment_seen(backend, links, viewer_id, subject_id, FIELD)).author_id
    # An upload is seen by nobody but its owner.
    if kind is NodeKind.UPLOAD and await backend.reader().on_shard_of(
        subject_id, UPLOADS_BY_ID, [subject_id], viewer_id
    ):
        return viewer_id
    raise not_found(kind.name.lower(), FIELD)


# That the row which is in the way is written anew changes nothing, but gives its id, whoever is in the way.
_REPORT = text("""
    INSERT INTO reports (id, subject_kind, subject_id, reporter_id, reason, details)
    VALUES (:id, :subject_kind, :subject_id, :reporter_id, :reason, :details)
    ON CONFLICT (subject_id, reporter_id, reason) WHERE status = 'OPEN' DO UPDATE SET status = reports.status
    RETURNING id
""")


async def _write(transaction: Transaction, reporter_id: int, wanted: NewReport) -> int:
    new_id = await transaction.mint_id()
    operation = f"{OPERATION}:{wanted.subject_id}"
    if wanted.idempotency_key is not None:
        made = await claim_key(transaction, reporter_id, operation, wanted.idempotency_key, new_id)
        if made != new_id:
            return made
    row = {
        "id": new_id,
        "subject_kind": wanted.subject_kind.name,
        "subject_id": wanted.subject_id,
        "reporter_id": reporter_id,
        "reason": wanted.reason.value,
        "details": wanted.details,
    }
    report_id = int((await transaction.session.execute(_REPORT, row)).scalar_one())
    if report_id != new_id and wanted.idempotency_key is not None:
        await renew_claim(transaction, reporter_id, operation, wanted.idempotency_key, report_id)
    return report_id
