"""How a viewer wants to read feeds."""

from sqlalchemy import update

from models.ids import shard_of
from models.tables import User
from services.backend import Backend
from services.feeds.reasons import FeedOrder


async def set_feed_order(backend: Backend, viewer_id: int, order: FeedOrder) -> None:
    """In which order the home feed comes where none is named. Raises ShardUnavailable."""
    async with backend.transaction(shard_of(viewer_id)) as transaction:
        await transaction.session.execute(update(User).where(User.id == viewer_id).values(feed_order=order.value))
