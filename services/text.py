"""Text that people type, before it is stored."""

import unicodedata

import regex

from core.errors import UserErrorCode, UserFault

_LINE_BREAKS = {"\n", "\r", "\t"}
# The empty pattern of Braille is a sign by its kind, and a space to the eye.
_UNSEEN = regex.compile(r"[\p{Default_Ignorable_Code_Point}\p{Z}\p{Cc}\p{Cf}\u2800]*+", regex.V1)


def checked_text(value: str, *field: str, limit: int, multiline: bool = False) -> str:
    """Composed (NFC), without space around it, at most `limit` code points; line breaks as `\\n`, if at all.

    `field` is the path of the input field. Raises UserFault: TOO_LONG, or INVALID for what no one can read.
    """
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").strip()
    if len(text) > limit:
        raise UserFault(UserErrorCode.TOO_LONG, f"Use {limit} characters at most.", field or None)
    allowed = _LINE_BREAKS if multiline else ()
    # Cc holds NUL, which PostgreSQL refuses, and Cs the halves of surrogate pairs, which are not text.
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in allowed for character in text):
        raise UserFault(UserErrorCode.INVALID, "This has characters that cannot be shown.", field or None)
    return text


def is_blank(text: str) -> bool:
    """Whether there is nothing in it that can be seen."""
    return _UNSEEN.fullmatch(text) is not None
