"""Mentions: `@` or `＠` and a username (`services/accounts/names.py`).

In front of the sign there is no word character, as with hashtags. Full stops behind the username end the sentence.
Where more of a word follows, it is a name that nobody can have (`@josé`), not the mention of somebody else (`@jos`);
but scripts that put no space between a name and what is said of it do not lengthen it: `@anna님`, `@annaさん`.
"""

from collections.abc import Iterator

import regex

from services.accounts.names import USERNAME_LENGTH
from services.entities.hashtags import WORD_BEFORE

# Written without spaces (UAX #14: ID, CJ and SA), and Hangul, whose particles stand close to the word.
_CLOSE_WRITTEN = "".join(
    rf"--\p{{Script_Extensions={script}}}"
    for script in ("Han", "Hiragana", "Katakana", "Bopomofo", "Hangul", "Thai", "Lao", "Khmer", "Myanmar")
)
_MENTION = regex.compile(
    rf"{WORD_BEFORE}[@＠]([A-Za-z0-9_]++(?:\.[A-Za-z0-9_]++)*+)(?![@＠[\p{{XID_Continue}}{_CLOSE_WRITTEN}]])", regex.V1
)


def mentions_in(text: str) -> Iterator[tuple[int, int, str]]:
    """Start (of the sign), end and username, in lower case, of each."""
    for match in _MENTION.finditer(text):
        if len(match[1]) <= USERNAME_LENGTH:
            yield match.start(), match.end(), match[1].lower()
