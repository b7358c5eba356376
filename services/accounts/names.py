"""Usernames and e-mail addresses in the one form in which they are unique."""

import re

from email_validator import EmailNotValidError, validate_email

from core.errors import UserErrorCode, UserFault

USERNAME_LENGTH = 30
LOGIN_LENGTH = 320
"""The longest e-mail address that any system takes, in characters; longer input is not looked at."""

_CHARACTERS = re.compile(r"[a-z0-9._]+", re.ASCII)
_RESERVED_WORDS = """
    about account accounts admin administrator api app auth blog contact developer developers direct docs explore
    graphql healthz help heliograph home inbox legal live login logout me media messages moderation moderator
    notifications null official post posts press privacy readyz reels register root search security settings
    signin signout signup staff static status stories story support system team terms undefined user username
    users www
"""
RESERVED = frozenset(_RESERVED_WORDS.split())


def checked_username(text: str, *field: str) -> str:
    """In lower case. Raises UserFault: TOO_SHORT, TOO_LONG, INVALID, or TAKEN for a name kept by the house."""
    if not text:
        raise UserFault(UserErrorCode.TOO_SHORT, "Choose a username.", field or None)
    if len(text) > USERNAME_LENGTH:
        raise UserFault(UserErrorCode.TOO_LONG, f"Use {USERNAME_LENGTH} characters at most.", field or None)
    # Judged before it is lowered as well: the Kelvin sign becomes a plain k.
    username = text.lower() if text.isascii() else ""
    if not _CHARACTERS.fullmatch(username):
        raise UserFault(
            UserErrorCode.INVALID, "Use only letters from a to z, digits, full stops and underscores.", field or None
        )
    if username.startswith(".") or username.endswith(".") or ".." in username:
        raise UserFault(
            UserErrorCode.INVALID, "A full stop cannot begin or end a username, or follow another.", field or None
        )
    if username in RESERVED:
        raise UserFault(UserErrorCode.TAKEN, "This username is taken.", field or None)
    return username


def username_in(text: str) -> str | None:
    """The username that somebody looks for; None for what nobody can have."""
    username = text.lower() if text.isascii() and len(text) <= USERNAME_LENGTH else ""
    return username if _CHARACTERS.fullmatch(username) else None


def checked_email(text: str, *field: str, allow_test_domain: bool) -> str:
    """In lower case, composed, its domain in Unicode. Raises UserFault: TOO_LONG or INVALID.

    `allow_test_domain` takes addresses below `.test`, to which no mail can ever go.
    """
    if len(text) > LOGIN_LENGTH:
        raise UserFault(UserErrorCode.TOO_LONG, "This is too long for an e-mail address.", field or None)
    try:
        checked = validate_email(text.strip(), check_deliverability=False, test_environment=allow_test_domain)
    except EmailNotValidError as fault:
        raise UserFault(UserErrorCode.INVALID, "This is not an e-mail address.", field or None) from fault
    # A mail server may tell Ada@ from ada@; none is known that does, and people mix them up.
    return checked.normalized.lower()
