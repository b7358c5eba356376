"""Inputs and payloads of accounts: registering, signing in and out, the profile."""

from datetime import datetime

import strawberry
from strawberry.scalars import ID

from schema.base import UserError
from schema.scalars import URL
from schema.viewer import Viewer

USER_ERRORS = "Why it was refused; empty on success."


@strawberry.input(description="Who wants to join.")
class RegisterInput:
    username: str = strawberry.field(
        description="1 to 30 of a to z, 0 to 9, full stop and underscore; a full stop neither first, last nor twice in"
        " a row. Upper case is taken as lower case."
    )
    email: str = strawberry.field(description="An address that mail reaches; upper case is taken as lower case.")
    password: str = strawberry.field(description="8 to 256 characters, any.")
    full_name: str | None = strawberry.field(default=None, description="At most 64 characters; empty if left out.")


@strawberry.input(description="Who is back.")
class SignInInput:
    login: str = strawberry.field(description="The username, or the e-mail address.")
    password: str = strawberry.field(description="The password.")


@strawberry.input(description="What the tokens are renewed with.")
class RefreshSessionInput:
    refresh_token: str = strawberry.field(
        description="The newest refresh token of the session. It ends with this use: one that is used a second time"
        " ends the whole session."
    )


@strawberry.input(description="How far to sign out.")
class SignOutInput:
    everywhere: bool = strawberry.field(default=False, description="All your sessions, instead of this one.")


@strawberry.input(
    description="What to change of your profile. What is left out stays as it is; null empties a field, and cannot be"
    " given for `username` and `isPrivate`."
)
class UpdateProfileInput:
    username: str | None = strawberry.field(default=strawberry.UNSET, description="As when registering.")
    full_name: str | None = strawberry.field(default=strawberry.UNSET, description="At most 64 characters.")
    bio: str | None = strawberry.field(default=strawberry.UNSET, description="At most 150 characters, in any lines.")
    website: URL | None = strawberry.field(
        default=strawberry.UNSET, description="With http or https, at most 200 characters."
    )
    pronouns: str | None = strawberry.field(default=strawberry.UNSET, description="At most 30 characters.")
    avatar_upload_id: ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="An upload of yours of the purpose AVATAR that is READY and was not used before. The picture that"
        " it replaces is deleted; so it is with null.",
    )
    is_private: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether only accepted followers see what you post."
    )


@strawberry.type(description="A session that began or was renewed, or why not.")
class SignInPayload:
    access_token: str | None = strawberry.field(
        default=None, description="Send it as `Authorization: Bearer …`. It ends with its session, or by itself."
    )
    refresh_token: str | None = strawberry.field(
        default=None, description="Good once, for 7 days, for the next two tokens. Keep it secret."
    )
    access_token_expires_at: datetime | None = strawberry.field(
        default=None, description="When the access token ends by itself."
    )
    viewer: Viewer | None = strawberry.field(default=None, description="You.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="What was signed out.")
class SignOutPayload:
    revoked_session_count: int = strawberry.field(default=0, description="How many sessions ended by this.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="You after a change, or why it was refused.")
class ViewerPayload:
    viewer: Viewer | None = strawberry.field(default=None, description="You, changed.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS)
