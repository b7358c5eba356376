"""The fields of a profile, as they may be stored."""

from urllib.parse import urlsplit

from core.errors import UserErrorCode, UserFault
from services.text import checked_text

FULL_NAME_LENGTH, BIO_LENGTH, PRONOUNS_LENGTH, WEBSITE_LENGTH = 64, 150, 30, 200


def checked_full_name(text: str) -> str:
    """May be empty. Raises UserFault, as the others do: TOO_LONG or INVALID."""
    return checked_text(text, "fullName", limit=FULL_NAME_LENGTH)


def checked_bio(text: str) -> str:
    """May be empty, and have lines."""
    return checked_text(text, "bio", limit=BIO_LENGTH, multiline=True)


def checked_pronouns(text: str) -> str | None:
    return checked_text(text, "pronouns", limit=PRONOUNS_LENGTH) or None


def checked_website(text: str) -> str | None:
    """As typed, if it is an absolute address with http or https and no sign-in in it."""
    website = checked_text(text, "website", limit=WEBSITE_LENGTH)
    if not website:
        return None
    invalid = UserFault(UserErrorCode.INVALID, "Give a whole address: https://example.com", ("website",))
    try:
        parts = urlsplit(website)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError as fault:
        raise invalid from fault
    # What is not printable has no width or turns the text around: the address would not be the one that is read.
    plain = all(character.isprintable() and character not in ' <>"\\^`{|}' for character in website)
    if not (plain and port_is_fine and parts.scheme in ("http", "https") and parts.hostname) or "@" in parts.netloc:
        raise invalid
    return website
