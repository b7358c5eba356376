"""Sponsorships as those who sell them decide: made, ended, looked at."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, text

from core.errors import UserErrorCode, UserFault, not_found
from models.ids import shard_of
from models.reads.sponsorships import POST_TO_SPONSOR, SPONSORSHIPS_EVER
from models.tables import PostState, Sponsorship, UserState
from services.backend import Backend
from services.text import checked_text, is_blank

LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True)
class Sold:
    """A sponsorship of a post of `username`."""

    id: int
    post_id: int
    label: str
    begins_at: datetime
    ends_at: datetime
    username: str


async def sponsor_post(backend: Backend, post_id: int, label: str, begins_at: datetime, ends_at: datetime) -> int:
    """The id of the sponsorship: the post is shown, with the label, from `begins_at` to before `ends_at`.

    Raises UserFault: NOT_FOUND, NOT_ALLOWED for what cannot be shown to everybody at this moment, TOO_SHORT, TOO_LONG,
    INVALID; and ShardUnavailable.
    """
    label = checked_text(label, "label", limit=LONGEST_LABEL)
    if is_blank(label):
        raise UserFault(UserErrorCode.TOO_SHORT, "The label says nothing.", ("label",))
    if ends_at <= begins_at:
        raise UserFault(UserErrorCode.INVALID, "It ends before it begins.", ("until",))
    rows = await backend.reader().on_shard_of(post_id, POST_TO_SPONSOR, post_id)
    if not rows or rows[0]["state"] == PostState.DELETED:
        raise not_found("post", "post")
    row = rows[0]
    if row["state"] != PostState.LIVE:
        raise UserFault(UserErrorCode.NOT_ALLOWED, "The post is archived.", ("post",))
    if row["user_state"] != UserState.ACTIVE or row["is_private"]:
        why = "private" if row["is_private"] else "not active"
        raise UserFault(UserErrorCode.NOT_ALLOWED, f"The account {row['username']} is {why}.", ("post",))
    async with backend.transaction(shard_of(post_id)) as transaction:
        new_id = await transaction.mint_id()
        made = {"id": new_id, "post_id": post_id, "label": label, "begins_at": begins_at, "ends_at": ends_at}
        await transaction.session.execute(insert(Sponsorship).values(made))
    return new_id


_END = text("""
    WITH found AS (SELECT id, ends_at FROM sponsorships WHERE id = :id FOR UPDATE),
    ended AS (
        UPDATE sponsorships s SET ends_at = clock_now() FROM found
        WHERE s.id = found.id AND found.ends_at > clock_now() RETURNING s.id
    )
    SELECT (SELECT count(*) FROM found) AS found, (SELECT count(*) FROM ended) AS ended
""")


async def end_sponsorship(backend: Backend, sponsorship_id: int) -> bool:
    """Whether it was not over yet. No page shows it from the commit on.

    Raises UserFault (NOT_FOUND) and ShardUnavailable.
    """
    if not backend.shards.exists(sponsorship_id):
        raise not_found("sponsorship", "id")
    async with backend.transaction(shard_of(sponsorship_id)) as transaction:
        done = (await transaction.session.execute(_END, {"id": sponsorship_id})).one()
    if not done.found:
        raise not_found("sponsorship", "id")
    return bool(done.ended)


async def all_sponsorships(backend: Backend) -> tuple[list[Sold], set[int]]:
    """All that there ever were, the newest first, and the nodes that did not answer."""
    reader = backend.reader()
    rows = await reader.on_every_node(SPONSORSHIPS_EVER)
    return sorted((Sold(**row) for row in rows), key=lambda sold: sold.id, reverse=True), reader.unavailable
