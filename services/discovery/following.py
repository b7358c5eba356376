"""Following hashtags: on the viewer's shard and nowhere else, without an event, so that nobody sees who follows one.

A hashtag may be followed before anybody has used it. That makes its row, so how many rows one person can make in this
way is bounded: by what they may follow, and over time by what they have ever followed.
"""

from collections.abc import Iterable

from sqlalchemy import text

from core.errors import UserErrorCode, UserFault, not_found
from models.ids import shard_of
from models.reads.discovery import (
    FOLLOWED_HASHTAGS,
    HASHTAG_BY_NAME,
    HASHTAGS_FOLLOWED_EVER,
    HASHTAGS_OF_VIEWER,
)
from models.reads.reader import Reader
from models.tables import HashtagFollow, HashtagFollowState
from services.backend import Backend
from services.entities import HASHTAG_LENGTH, hashtag_name, without_sign
from services.hashtags import hashtags_for, shard_of_hashtag
from services.marks import NOBODY
from services.mirrors import transition
from services.pages import LATEST, Page, checked_first, decode_cursor, encode_cursor, in_calendar, microseconds, page_of
from services.text import checked_text
from services.visible import HashtagRow

FIELD = "name"
MOST_FOLLOWED = 500
MOST_EVER = 2_000
"""Who has followed so many, and no longer does, can follow those alone that they come by (`hashtag_called`)."""
TYPED_LENGTH = 400
"""Code points as typed: some ways of writing a name take more than its one form."""

_HOLD = text("SELECT 1 FROM users WHERE id = :user_id FOR NO KEY UPDATE")
_OTHERS = text("""
    SELECT count(*) FROM hashtag_follows
    WHERE user_id = :user_id AND hashtag_id <> :hashtag_id AND state = 'FOLLOWED'
""")


def checked_hashtag(typed: str) -> str:
    """The one name of a hashtag in any way of writing it, with or without the sign.

    Raises UserFault at `name`: TOO_LONG, or INVALID for what is no hashtag.
    """
    written = without_sign(checked_text(typed, FIELD, limit=TYPED_LENGTH))
    name = hashtag_name(written)
    if name is not None:
        return name
    if len(written) > HASHTAG_LENGTH:
        raise UserFault(UserErrorCode.TOO_LONG, f"Use {HASHTAG_LENGTH} characters at most.", (FIELD,))
    raise UserFault(UserErrorCode.INVALID, "No hashtag can be called that.", (FIELD,))


async def follow_hashtag(backend: Backend, viewer_id: int, typed: str) -> HashtagRow:
    """Also one that nobody has used yet; the second time changes nothing.

    Raises UserFault: as `checked_hashtag`, and QUOTA_EXCEEDED; and ShardUnavailable.
    """
    name = checked_hashtag(typed)
    hashtag = await hashtag_called(backend, backend.reader(), viewer_id, name)
    if hashtag is None:
        # Also where it has a row that the viewer does not come by: a refusal must not tell of it.
        await _refuse_to_make(backend, viewer_id)
        hashtag = (await hashtags_for(backend, [name]))[name]
    key = {"user_id": viewer_id, "hashtag_id": hashtag.id}
    async with backend.transaction(shard_of(viewer_id)) as transaction:
        await transaction.session.execute(_HOLD, {"user_id": viewer_id})
        if (await transaction.session.execute(_OTHERS, key)).scalar_one() >= MOST_FOLLOWED:
            raise _too_many()
        await transition(
            transaction,
            HashtagFollow,
            key,
            to_state=HashtagFollowState.FOLLOWED.value,
            from_states=[None, HashtagFollowState.GONE.value],
            values={"name": name},
        )
    return hashtag


async def _refuse_to_make(backend: Backend, viewer_id: int) -> None:
    """Before the row is made that would be left behind by a refusal."""
    reader = backend.reader()
    [row] = await reader.on_shard_of(viewer_id, HASHTAGS_FOLLOWED_EVER, viewer_id, MOST_EVER)
    if row["at_present"] >= MOST_FOLLOWED:
        raise _too_many()
    if row["ever"] >= MOST_EVER:
        message = f"You have followed {MOST_EVER:,} hashtags: you can follow those that somebody has used."
        raise UserFault(UserErrorCode.QUOTA_EXCEEDED, message, (FIELD,))


def _too_many() -> UserFault:
    return UserFault(UserErrorCode.QUOTA_EXCEEDED, f"You can follow {MOST_FOLLOWED} hashtags at most.", (FIELD,))


async def unfollow_hashtag(backend: Backend, viewer_id: int, typed: str) -> HashtagRow:
    """The second time changes nothing. Raises UserFault: as `checked_hashtag`, and NOT_FOUND for one that the viewer
    does not come by (`hashtag_called`); and ShardUnavailable."""
    hashtag = await hashtag_called(backend, backend.reader(), viewer_id, checked_hashtag(typed))
    if hashtag is None:
        raise not_found("hashtag", FIELD)
    async with backend.transaction(shard_of(viewer_id)) as transaction:
        await transition(
            transaction,
            HashtagFollow,
            {"user_id": viewer_id, "hashtag_id": hashtag.id},
            to_state=HashtagFollowState.GONE.value,
            from_states=[HashtagFollowState.FOLLOWED.value],
        )
    return hashtag


async def hashtag_called(backend: Backend, reader: Reader, viewer_id: int, name: str) -> HashtagRow | None:
    """The hashtag of this name (in its one form), if a post stands on its page, or the viewer follows it or once did.

    A row alone does not do: it may be there because somebody wrote the word where the viewer may not look, such as in a
    comment on a private account's post, or follows it. That a post stands there, hidden or not, is what `postCount`
    tells everybody. Raises ShardUnavailable.
    """
    rows = await reader.on_shard(shard_of_hashtag(backend, name), HASHTAG_BY_NAME, name)
    for row in rows:
        known = row["post_count"] > 0 or row["id"] in await _states(reader, viewer_id, [row["id"]])
        return HashtagRow(row["id"], row["name"]) if known else None
    return None


async def followed_among(reader: Reader, viewer_id: int, hashtag_ids: Iterable[int]) -> set[int]:
    """Which of the hashtags the viewer follows: one statement, none for an anonymous viewer. Raises
    ShardUnavailable."""
    states = await _states(reader, viewer_id, hashtag_ids)
    return {hashtag_id for hashtag_id, state in states.items() if state == HashtagFollowState.FOLLOWED}


async def _states(reader: Reader, viewer_id: int, hashtag_ids: Iterable[int]) -> dict[int, str]:
    if viewer_id == NOBODY:
        return {}
    rows = await reader.on_shard_of(viewer_id, HASHTAGS_OF_VIEWER, viewer_id, list(set(hashtag_ids)))
    return {row["hashtag_id"]: row["state"] for row in rows}


async def followed_hashtags(reader: Reader, viewer_id: int, *, first: int, after: str | None) -> Page[HashtagRow]:
    """What the viewer follows, the latest first: one statement. Raises RequestFault for a bad `first` or `after`, and
    ShardUnavailable."""
    checked_first(first)
    moment, below = LATEST if after is None else decode_cursor(after, 2)
    rows = await reader.on_shard_of(viewer_id, FOLLOWED_HASHTAGS, viewer_id, in_calendar(moment), below, first + 1)
    cursors = {row["hashtag_id"]: encode_cursor(microseconds(row["since"]), row["hashtag_id"]) for row in rows}
    hashtags = [HashtagRow(row["hashtag_id"], row["name"]) for row in rows]
    return page_of(hashtags, first, lambda hashtag: cursors[hashtag.id], after=after)
