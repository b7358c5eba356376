"""Links, as linkify-it finds them: with http or https, or without where the top-level domain is a well-known one.

It knows spaces and ASCII punctuation; what else ends an address in written text is made a space for it here.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

import regex
from linkify_it import LinkifyIt

_FINDER = LinkifyIt({"ftp:": None, "//": None})
_TRIES = 4

# What RFC 3986 has in no address, punctuation of full width, emoji, and what has no width but the joiners: turning
# marks stand around addresses.
_BREAK = regex.compile(
    r"""
    [[[\p{P}&&[\p{East_Asian_Width=W}\p{East_Asian_Width=F}\p{East_Asian_Width=H}]]--\p{XID_Continue}]
     [[\p{Extended_Pictographic}\p{Emoji_Presentation}]--\p{L}]
     [<>^`|] [\p{Variation_Selector}\u20E3] [\p{Cf}--[\u200C\u200D]]]
    """,
    regex.V1 | regex.VERBOSE,
)
# Other punctuation ends a sentence, or a quotation, where it ends a word: `।`, `؟`, `»`.
_LAST = regex.compile(r"(?<!\p{P})\p{P}++(?=[\p{Z}\p{Cc}]|$)", regex.V1)
_LAST_OF_OTHERS = regex.compile(r"[\p{P}--\p{ASCII}--\p{XID_Continue}]", regex.V1)
# The finder takes time beyond measure where it can read one thing in two ways. So Punycode reads as any other label,
# and of the signs that can be both in front of a host and in it, the first of a piece may be in front; others are
# letters.
_PUNYCODE = regex.compile(r"(?<=xn)--", regex.IGNORECASE)
_SIGN = regex.compile(r"[$+=]")
# Between spaces; and a scheme begins anew behind a letter of a script without spaces.
_PIECE = regex.compile(
    r"(?:(?!(?<=\P{ASCII})https?://)[^\p{Z}\p{Cc}])++|https?://[^\p{Z}\p{Cc}]*?(?=\P{ASCII}https?://|[\p{Z}\p{Cc}]|$)",
    regex.V1 | regex.IGNORECASE,
)


def links_in(text: str) -> Iterator[tuple[int, int, str | None]]:
    """Start, end and address of each. The address is None where it is an e-mail address, or has a sign-in in it."""
    readable = _LAST.sub(lambda last: _LAST_OF_OTHERS.sub(" ", last[0]), _BREAK.sub(" ", text))
    for piece in _PIECE.finditer(readable):
        if "." not in piece[0] and "://" not in piece[0]:
            continue
        for found in _FINDER.match(_unambiguous(piece[0])) or ():
            start, end = piece.start() + found.index, piece.start() + found.last_index
            length = _standing_alone(_unambiguous(text[start:end])) if found.schema != "mailto:" else 0
            yield start, start + length if length else end, _address(text[start : start + length], found.schema)


def _unambiguous(piece: str) -> str:
    """As long as `piece`, with the same addresses in the same places."""
    head = sign.end() if (sign := _SIGN.search(piece)) else len(piece)
    return str(_PUNYCODE.sub("00", piece[:head] + _SIGN.sub("a", piece[head:])))


def _standing_alone(typed: str) -> int:
    """How much of it is an address whatever follows: `a.co/x,` is one with its comma only before more. 0 for none."""
    for _ in range(_TRIES):
        while typed and _LAST_OF_OTHERS.match(typed[-1]):
            typed = typed[:-1]
        found = _FINDER.match(typed)
        if not found or found[0].index:
            return 0
        if found[0].last_index == len(typed):
            return len(typed)
        typed = typed[: found[0].last_index]
    return 0


def _address(typed: str, scheme: str) -> str | None:
    url = scheme.lower() + typed[len(scheme) :] if scheme else f"https://{typed}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc else None
