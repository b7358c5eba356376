"""Hashtags, by Unicode's rule for them: UAX #31, "Extended Hashtag Identifiers" (UAX31-R8).

A hashtag is one of `#`, `﹟`, `＃` and all of the Continue characters behind it: XID_Continue (letters, marks, digits,
joiners of any script), emoji with all that they are made of, and `-`, `+`, `_`. R8 lets a product have a profile. Ours:

- `*`, which is in R8 for the keycap alone, counts only in the keycap: in `*#sale*` it is somebody's emphasis.
- `‼` and `⁉` are left out: normalised they are `!!` and `!?`, which are not Continue.
- A sign that is itself a keycap (`#️⃣`) begins nothing.
- A hashtag has a letter or an emoji in it: `#1` and `#2024-25` are numbers.
- In front of the sign there is no word character. R8 recommends that there be no Continue; but an emoji or a dash
  is no part of a word, and people write `☀️#sunrise`.
- A name of more than HASHTAG_LENGTH code points is none; a part of it would be another word.
"""

import unicodedata
from collections.abc import Iterator

import regex

HASHTAG_LENGTH = 100
"""Code points of a hashtag's name, without the sign."""

# A variation selector belongs to what is before it. ℹ is both a letter and an emoji; here it is an emoji.
WORD_BEFORE = r"(?<![\p{XID_Continue}--\p{Extended_Pictographic}--\p{Variation_Selector}]\p{Variation_Selector}*+)"

_SIGNS = ("#", "﹟", "＃")
_KEYCAP = r"\uFE0F?\u20E3"
_CONTINUE = (
    r"(?:[[\p{XID_Continue}\p{Extended_Pictographic}\p{Emoji_Component}\-+_]--[#﹟＃*‼⁉]]" + rf"|\*(?={_KEYCAP}))++"
)
_HASHTAG = regex.compile(rf"{WORD_BEFORE}[#﹟＃](?!{_KEYCAP})({_CONTINUE})", regex.V1)
_BODY = regex.compile(_CONTINUE, regex.V1)
_SUBSTANCE = regex.compile(r"(?!\u20E3).*?[\p{L}\p{Nl}\p{Extended_Pictographic}\p{Emoji_Presentation}\u20E3]", regex.V1)

# What has no look of its own, but for the joiners that make another word or emoji (UAX #31, 2.3.1, A1, A2 and B;
# UTS #51) and the tags of a flag.
_IGNORED = regex.compile(
    r"""
    (?: \U0001F3F4 [\U000E0020-\U000E007E]++ \U000E007F
      | (?<= [\p{Joining_Type=D}\p{Joining_Type=L}] \p{Joining_Type=T}*+ ) \u200C
        (?= \p{Joining_Type=T}*+ [\p{Joining_Type=R}\p{Joining_Type=D}] )
      | (?<= \p{Canonical_Combining_Class=9} ) [\u200C\u200D]
      | (?<= [\p{Extended_Pictographic}\p{Emoji_Modifier}] \uFE0F? ) \u200D (?= \p{Extended_Pictographic} )
    ) (*SKIP)(*FAIL)
    | \p{Default_Ignorable_Code_Point}
    """,
    regex.V1 | regex.VERBOSE,
)


def hashtags_in(text: str) -> Iterator[tuple[int, int, str]]:
    """Start (of the sign), end and name of each."""
    for match in _HASHTAG.finditer(text):
        name = _folded(match[1])
        if name is not None:
            yield match.start(), match.end(), name


def hashtag_name(text: str) -> str | None:
    """The name of the hashtag that is typed without its sign; None for what none can be called."""
    return _folded(text) if _BODY.fullmatch(text) else None


def without_sign(text: str) -> str:
    """What is typed for a hashtag, with its sign or without."""
    return text[1:] if text.startswith(_SIGNS) else text


def _folded(body: str) -> str | None:
    """Unicode's NFKC_Casefold, but with the joiners that tell words apart. Folding it again changes nothing."""
    name = _IGNORED.sub("", unicodedata.normalize("NFD", body)).casefold()
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return name if len(name) <= HASHTAG_LENGTH and _SUBSTANCE.match(name) else None
