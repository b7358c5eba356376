"""People come to town: registered once, known again by their e-mail address."""

import asyncio
import secrets

from commands.town.people import SIGN_INS, Resident
from core import clock
from core.embedded.faults import StartupError
from core.errors import UserErrorCode, UserFault
from models.tables import ClaimKind
from services.accounts.claims import Name, holder
from services.accounts.profile import ProfileChange, update_profile
from services.accounts.register import Registration, register
from services.accounts.sessions import Origin
from services.backend import Backend
from services.marks import NOBODY
from services.viewer import ViewerIdentity
from services.visibility import visible_users
from services.visible import MediaLinks, VisibleUser

PASSWORD = "sunlight by mirror"  # noqa: S105  told to everybody: the demo town is refused in production
GRACE_SECONDS = 10
"""On top of the life of a claim, for its being given back."""


async def join(backend: Backend, links: MediaLinks, resident: Resident) -> VisibleUser:
    """The user, as registered now or before. Raises StartupError."""
    user = await known(backend, links, resident) or await _register(backend, links, resident)
    if not user.bio:
        await change_profile(backend, user, {"bio": resident.bio})
    return user


async def known(backend: Backend, links: MediaLinks, resident: Resident) -> VisibleUser | None:
    """Whoever registered with the resident's address."""
    held = await holder(backend, Name(ClaimKind.EMAIL, resident.email))
    if held is None:
        return None
    return (await visible_users(backend.reader(), links, NOBODY, [held.owner_id])).get(held.owner_id)


async def change_profile(backend: Backend, user: VisibleUser, change: ProfileChange) -> None:
    """By the service behind updateProfile."""
    viewer = ViewerIdentity(user, session_id=0, email="", is_email_confirmed=False, has_password=True)
    await update_profile(backend, viewer, change)


async def _register(backend: Backend, links: MediaLinks, resident: Resident) -> VisibleUser:
    """Waits for the claims of a sowing that was killed while it registered this person."""
    password = PASSWORD if resident.number < SIGN_INS else secrets.token_urlsafe(24)
    deadline = clock.monotonic() + backend.settings.claim_seconds + GRACE_SECONDS
    username = resident.username
    while clock.monotonic() < deadline:
        try:
            wanted = Registration(username, resident.email, password, resident.full_name)
            return (await register(backend, links, wanted, Origin("demo town"))).viewer.user
        except UserFault as fault:
            if fault.code is not UserErrorCode.TAKEN:
                raise
        if (there := await known(backend, links, resident)) is not None:
            return there
        taken = await holder(backend, Name(ClaimKind.USERNAME, username))
        if taken is not None and taken.is_confirmed:  # somebody was here before the town
            username = f"{resident.username}_{resident.number}"
        else:
            await asyncio.sleep(0.5)
    raise StartupError(f"{resident.full_name} of the demo town could not register: try again in a minute.")
