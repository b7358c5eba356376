"""Words that are refused: swearing, slurs and calls for violence against a group.

The words and how they are found are safetype's: case, accents, full width, look-alike letters of other scripts,
characters without width, leet speak, stretched and spelled-out words. It goes by whole words, so that Scunthorpe and
assassins are safe, and knows six languages.
"""

import asyncio
import unicodedata
from functools import lru_cache
from typing import Final, Protocol

from safetype import create_moderation_engine

from core.errors import UserErrorCode, UserFault
from core.settings import Settings

SHOWN: Final = 40
SHORT: Final = 200
"""Code points that are looked through on the event loop: below a millisecond. Longer texts go to a thread."""
_WIDEST: Final = 4
"""Unicode has characters that stand for a whole sentence; one that stands for more letters than this is left out."""
_LANGUAGES: Final = ("en", "es", "fr", "de", "pt", "hi")
# Romanized Hindi is left out: its list has Lund and chinar trees.
_POLICY: Final = {
    "profanity": {"min_severity": "medium"},  # without damn, crap, bordel
    "hate": {"min_confidence": 0},  # a slur in quotation marks is one
    "sexual": {"min_severity": "high"},  # who asks for nudes; not who photographs them
}
_INNOCENT: Final = (
    "bitchu",
    "kikelomo",
    "slutsk",
    "slutsky",
    "twatt",
    "wankel",
    "wankhede",
    "wankie",
)
"""Places and names that begin like a word on the list."""


class ProfanityFilter(Protocol):
    def first_hit(self, text: str) -> str | None:
        """The first piece of the text, as it is written there, that is to be refused. May be called in any thread."""


class SafetypeFilter:
    def __init__(self) -> None:
        self._engine = create_moderation_engine(
            mode="block", languages=_LANGUAGES, categories=tuple(_POLICY), policy=_POLICY, allow_list=_INNOCENT
        )
        self._engine.moderate("")  # builds its index, so that threads find it whole

    def first_hit(self, text: str) -> str | None:
        text = "".join(" " if len(unicodedata.normalize("NFKD", it)) > _WIDEST else it for it in text)
        found = [match for match in self._engine.moderate(text).matches if match.action == "block"]
        if not found:
            return None
        first = min(found, key=lambda match: match.start)
        return text[first.start : first.end]


@lru_cache(maxsize=1)
def profanity_filter() -> ProfanityFilter:
    """The process's, built at its first use."""
    return SafetypeFilter()


async def check_words(settings: Settings, text: str, *field: str) -> None:
    """`field` is the path of the input field. Raises UserFault (REJECTED)."""
    if not settings.profanity_filter:
        return
    look = profanity_filter().first_hit
    hit = look(text) if len(text) <= SHORT else await asyncio.to_thread(look, text)
    if hit is not None:
        shown = hit if len(hit) <= SHOWN else hit[:SHOWN] + "…"
        raise UserFault(UserErrorCode.REJECTED, f"Say it without “{shown}”.", field or None)
