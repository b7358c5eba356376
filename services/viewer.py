"""Who asks."""

from dataclasses import dataclass

from services.visible import VisibleUser


@dataclass(slots=True, eq=False)
class ViewerIdentity:
    """Someone signed in, by a session that is alive: read with the request, in one statement."""

    user: VisibleUser
    session_id: int
    email: str
    is_email_confirmed: bool
    has_password: bool

    @property
    def id(self) -> int:
        return self.user.id
