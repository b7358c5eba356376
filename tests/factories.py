"""People for tests, made by the services that make everyone."""

import itertools
import secrets
from dataclasses import dataclass
from typing import Any, cast

from models.global_ids import NodeKind, encode
from services.accounts.profile import ProfileChange, update_profile
from services.accounts.register import Registration, register
from services.accounts.sessions import Origin, viewer_again
from services.backend import Backend
from services.viewer import ViewerIdentity
from services.visible import MediaLinks

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)
_run = secrets.token_hex(3)


@dataclass(frozen=True, slots=True)
class Person:
    viewer: ViewerIdentity
    email: str
    password: str
    access_token: str
    refresh_token: str

    @property
    def id(self) -> int:
        return self.viewer.id

    @property
    def username(self) -> str:
        return self.viewer.user.username

    @property
    def global_id(self) -> str:
        return encode(NodeKind.USER, self.id)


def new_username() -> str:
    """One that nobody has, in this run or another."""
    return f"p{next(_numbers)}_{_run}"


async def make_user(
    backend: Backend, username: str | None = None, *, password: str = PASSWORD, **profile: Any
) -> Person:
    """Registered and signed in, with the fields of a profile that are given: `make_user(backend, is_private=True)`."""
    username = username or new_username()
    links = MediaLinks(backend.signer)
    email = f"{username}@example.com"
    signed_in = await register(backend, links, Registration(username, email, password), Origin("tests", "127.0.0.1"))
    viewer = signed_in.viewer
    if profile:
        await update_profile(backend, viewer, cast(ProfileChange, profile))
        viewer = await viewer_again(backend, links, viewer)
    return Person(viewer, email, password, signed_in.access_token, signed_in.refresh_token)
