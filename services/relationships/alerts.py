"""What a person asked to be told of an author: the bell on a profile. On the person's shard."""

from typing import TypedDict

from sqlalchemy.dialects.postgresql import insert

from core.errors import UserErrorCode, UserFault
from models.ids import shard_of
from models.tables import AuthorAlert
from services.backend import Backend
from services.relationships.edges import FIELD
from services.seen import user_seen
from services.visible import MediaLinks


class Alerts(TypedDict):
    """None leaves it as it is."""

    posts: bool | None
    stories: bool | None
    reels: bool | None
    live: bool | None


async def set_alerts(backend: Backend, links: MediaLinks, viewer_id: int, user_id: int, wanted: Alerts) -> None:
    """Raises UserFault: NOT_FOUND, and INVALID for oneself; and ShardUnavailable."""
    if user_id == viewer_id:
        raise UserFault(UserErrorCode.INVALID, "You cannot be told of yourself.", (FIELD,))
    await user_seen(backend, links, viewer_id, user_id, FIELD)
    given = {name: value for name, value in wanted.items() if value is not None}
    if not given:
        return
    async with backend.transaction(shard_of(viewer_id)) as transaction:
        await transaction.session.execute(
            insert(AuthorAlert)
            .values(user_id=viewer_id, author_id=user_id, **given)
            .on_conflict_do_update(index_elements=["user_id", "author_id"], set_=given)
        )
