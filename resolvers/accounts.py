"""Registering, signing in and out, oneself and others by name."""

from typing import Annotated, Any, cast

import strawberry

from loaders.context import Context
from models.global_ids import NodeKind, decode_as
from resolvers.mutations import change, mutation
from schema.accounts import (
    RefreshSessionInput,
    RegisterInput,
    SignInInput,
    SignInPayload,
    SignOutInput,
    SignOutPayload,
    UpdateProfileInput,
    ViewerPayload,
)
from schema.user import User
from schema.viewer import Viewer
from services.accounts.lookup import is_username_available, user_named
from services.accounts.profile import ProfileChange, update_profile
from services.accounts.register import Registration, register
from services.accounts.sessions import Origin, SignedIn, refresh, sign_out, viewer_again
from services.accounts.sign_in import sign_in

Info = strawberry.Info[Context, None]


@strawberry.type
class AccountsQuery:
    @strawberry.field(description="You; null for an anonymous caller.")
    def viewer(self, info: Info) -> Viewer | None:
        return cast(Viewer | None, info.context.viewer)

    @strawberry.field(description="Who goes by this username; null if nobody does, or you may not see them.")
    async def user(
        self, info: Info, username: Annotated[str, strawberry.argument(description="In upper or lower case.")]
    ) -> User | None:
        context = info.context
        found = await user_named(context.backend, context.reader, context.links, context.viewer_id, username)
        return cast(User | None, context.found(found))

    @strawberry.field(description="Whether it could be yours at this moment; false for what cannot be a username.")
    async def is_username_available(
        self, info: Info, username: Annotated[str, strawberry.argument(description="In upper or lower case.")]
    ) -> bool | None:
        return await is_username_available(info.context.backend, username)


@strawberry.type
class AccountsMutation:
    @mutation(description="Makes an account, and signs in to it.")
    async def register(
        self, info: Info, input: Annotated[RegisterInput, strawberry.argument(description="Who wants to join.")]
    ) -> SignInPayload | None:
        return await change(info, SignInPayload, lambda context: _register(context, input))

    @mutation(description="Begins a session. What is wrong with login or password is not told.")
    async def sign_in(
        self, info: Info, input: Annotated[SignInInput, strawberry.argument(description="Who is back.")]
    ) -> SignInPayload | None:
        return await change(info, SignInPayload, lambda context: _sign_in(context, input))

    @mutation(description="Two new tokens for a refresh token. Needs no access token.")
    async def refresh_session(
        self, info: Info, input: Annotated[RefreshSessionInput, strawberry.argument(description="The token.")]
    ) -> SignInPayload | None:
        return await change(info, SignInPayload, lambda context: _refresh(context, input))

    @mutation(description="Ends this session, or all of yours: their tokens at once, their sockets within a second.")
    async def sign_out(
        self,
        info: Info,
        input: Annotated[SignOutInput | None, strawberry.argument(description="This session, if left out.")] = None,
    ) -> SignOutPayload | None:
        everywhere = input is not None and input.everywhere
        return await change(info, SignOutPayload, lambda context: _sign_out(context, everywhere=everywhere))

    @mutation(description="Changes what you give of your profile, all of it or nothing.")
    async def update_profile(
        self, info: Info, input: Annotated[UpdateProfileInput, strawberry.argument(description="What to change.")]
    ) -> ViewerPayload | None:
        return await change(info, ViewerPayload, lambda context: _update_profile(context, input))


def _origin(context: Context) -> Origin:
    return Origin(context.user_agent, context.ip_address)


def _as_viewer(context: Context, answer: SignedIn) -> dict[str, Any]:
    """Whoever signed in is the viewer of the rest of the answer."""
    context.viewer = answer.viewer
    return {
        "access_token": answer.access_token,
        "refresh_token": answer.refresh_token,
        "access_token_expires_at": answer.access_token_expires_at,
        "viewer": answer.viewer,
    }


async def _register(context: Context, given: RegisterInput) -> dict[str, Any]:
    registration = Registration(given.username, given.email, given.password, given.full_name)
    return _as_viewer(context, await register(context.backend, context.links, registration, _origin(context)))


async def _sign_in(context: Context, given: SignInInput) -> dict[str, Any]:
    answer = await sign_in(context.backend, context.links, given.login, given.password, _origin(context))
    return _as_viewer(context, answer)


async def _refresh(context: Context, given: RefreshSessionInput) -> dict[str, Any]:
    return _as_viewer(context, await refresh(context.backend, context.links, given.refresh_token))


async def _sign_out(context: Context, *, everywhere: bool) -> dict[str, Any]:
    count = await sign_out(context.backend, context.signed_in(), everywhere=everywhere)
    context.viewer = None
    return {"revoked_session_count": count}


async def _update_profile(context: Context, given: UpdateProfileInput) -> dict[str, Any]:
    viewer = context.signed_in()
    await update_profile(context.backend, viewer, _changes(given))
    context.viewer = await viewer_again(context.backend, context.links, viewer)
    return {"viewer": context.viewer}


def _changes(given: UpdateProfileInput) -> ProfileChange:
    changes: dict[str, Any] = {name: value for name, value in vars(given).items() if value is not strawberry.UNSET}
    if changes.get("avatar_upload_id") is not None:
        changes["avatar_upload_id"] = decode_as(NodeKind.UPLOAD, changes["avatar_upload_id"]) or 0
    return cast(ProfileChange, changes)
