"""Operations that tests of accounts share."""

from typing import Any

from tests.api import Api
from tests.factories import PASSWORD

VIEWER = "viewer { user { id username } email isEmailConfirmed hasPassword }"
SIGN_IN_PAYLOAD = f"accessToken refreshToken accessTokenExpiresAt {VIEWER} userErrors {{ code field }}"
REGISTER = f"mutation ($input: RegisterInput!) {{ register(input: $input) {{ {SIGN_IN_PAYLOAD} }} }}"
SIGN_IN = f"mutation ($input: SignInInput!) {{ signIn(input: $input) {{ {SIGN_IN_PAYLOAD} }} }}"
REFRESH = f"mutation ($input: RefreshSessionInput!) {{ refreshSession(input: $input) {{ {SIGN_IN_PAYLOAD} }} }}"
SIGN_OUT = "mutation ($input: SignOutInput) { signOut(input: $input) { revokedSessionCount userErrors { code } } }"
WHO = f"{{ {VIEWER} }}"


async def registered(api: Api, name: str, **changed: Any) -> dict[str, Any]:
    """The payload of `register` for a username, and what is given instead."""
    given = {"username": name, "email": f"{name}@example.com", "password": PASSWORD} | changed
    payload: dict[str, Any] = (await api.data(REGISTER, {"input": given}))["register"]
    return payload


def refused(code: str, *field: str) -> dict[str, Any]:
    """A SIGN_IN_PAYLOAD that says no."""
    return {
        "accessToken": None,
        "refreshToken": None,
        "accessTokenExpiresAt": None,
        "viewer": None,
        "userErrors": [{"code": code, "field": list(field) or None}],
    }


async def error_code(api: Api, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None) -> str:
    """The code of the one top-level error."""
    [error] = (await api(query, variables, token=token))["errors"]
    code: str = error["extensions"]["code"]
    return code
