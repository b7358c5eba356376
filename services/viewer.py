"""Who asks."""

from dataclasses import dataclass

from services.feeds.reasons import FeedOrder
from services.visible import VisibleUser


@dataclass(slots=True, eq=False)
class ViewerIdentity:
    """Someone signed in, by a session that is alive: read with the request, in one statement. `feed_order` is the
    viewer's own choice for the home feed."""

    user: VisibleUser
    session_id: int
    email: str
    is_email_confirmed: bool
    has_password: bool
    feed_order: FeedOrder = FeedOrder.CHRONOLOGICAL

    @property
    def id(self) -> int:
        return self.user.id
