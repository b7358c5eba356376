"""How many files one person may announce within a time."""

from dataclasses import dataclass

from sqlalchemy import text

from core import clock
from core.errors import UserErrorCode, UserFault
from core.settings import Settings
from models.ids import floor_of
from models.shards import Transaction

DAY_MS = 24 * 3600 * 1000
MONTH_MS = 30 * DAY_MS

# By a name of its own: who follows or is followed does not wait for who uploads.
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('uploads', :owner_id))")
# Whatever became of them: else cancelling would give back what was used. A picture that moves is a picture.
_LATELY = text("""
    SELECT count(*) FILTER (WHERE id >= :day),
           count(*) FILTER (WHERE content_type NOT LIKE 'video/%'),
           count(*) FILTER (WHERE content_type LIKE 'video/%')
    FROM uploads WHERE owner_id = :owner_id AND id >= :month
""")


@dataclass(frozen=True, slots=True)
class Quota:
    """At most so many of `what` within `time`, as sentences call both. 0 sets no limit."""

    most: int
    what: str
    time: str


@dataclass(frozen=True, slots=True)
class Announced:
    """What one transaction has announced anew."""

    pictures: int = 0
    films: int = 0


async def refuse_beyond_quotas(
    transaction: Transaction, owner_id: int, settings: Settings, announced: Announced, *field: str
) -> None:
    """To be called when the new uploads are written. From here to the commit the owner's other announcements wait, so
    the limits hold exactly beside them. Raises UserFault (QUOTA_EXCEEDED)."""
    quotas = _quotas(settings, announced)
    if not any(quota.most for quota in quotas):
        return
    await transaction.session.execute(_ALONE, {"owner_id": owner_id})
    now = clock.now_ms()
    asked = {"owner_id": owner_id, "day": floor_of(now - DAY_MS), "month": floor_of(now - MONTH_MS)}
    counts = (await transaction.session.execute(_LATELY, asked)).one()
    for quota, count in zip(quotas, counts, strict=True):
        if 0 < quota.most < count:
            message = f"You can announce {quota.most:,} {quota.what} at most within {quota.time}: try again later."
            raise UserFault(UserErrorCode.QUOTA_EXCEEDED, message, field or None)


def _quotas(settings: Settings, announced: Announced) -> tuple[Quota, ...]:
    """In the order in which `_LATELY` counts. What is not announced exceeds nothing, though it may have once."""
    return (
        Quota(settings.uploads_per_day if announced != Announced() else 0, "files", "24 hours"),
        Quota(settings.photographs_per_month if announced.pictures else 0, "pictures", "30 days"),
        Quota(settings.videos_per_month if announced.films else 0, "videos", "30 days"),
    )
