"""UAX31-R8 again, walked code point by code point with CPython's Unicode data, without the implementation."""

import unicodedata

SIGNS = "#﹟＃"
KEYCAP = "\u20e3"
_SINCE_15_1 = "\u200c\u200d\u30fb\uff65"
"""In Other_ID_Continue since Unicode 15.1; this Python's data may be older."""
_TAGS = range(0xE0020, 0xE0080)
_REGIONS = range(0x1F1E6, 0x1F200)
_SKIN = range(0x1F3FB, 0x1F400)


def is_xid_continue(character: str) -> bool:
    return ("a" + character).isidentifier() or character in _SINCE_15_1


def is_emoji(character: str) -> bool:
    """Of the characters that `ALPHABET` has: those that are pictures on a screen, by block and category."""
    code = ord(character)
    pictures = 0x1F300 <= code < 0x1FB00 or 0x2600 <= code < 0x27C0 or code in (0x2139, 0xA9, 0x2122)
    return code in _REGIONS or code in _SKIN or (pictures and unicodedata.category(character) in ("So", "Ll", "Sk"))


def is_continue(text: str, at: int) -> bool:
    character = text[at]
    if character == "*":
        return text[at + 1 : at + 2] == KEYCAP or text[at + 1 : at + 3] == "\ufe0f" + KEYCAP
    component = character == KEYCAP or ord(character) in _TAGS
    return is_xid_continue(character) or is_emoji(character) or component or character in "-+"


def is_in_word(text: str, at: int) -> bool:
    """Whether a word character is before `at`, seen through the selectors that belong to it."""
    while at and text[at - 1] in "\ufe0e\ufe0f":
        at -= 1
    return at > 0 and is_xid_continue(text[at - 1]) and not is_emoji(text[at - 1])


def hashtags(text: str) -> list[tuple[int, int]]:
    """Start and end of each; for text without addresses."""
    found, at = [], 0
    while at < len(text):
        end = at + 1
        keycap = text[end : end + 1] == KEYCAP or text[end : end + 2] == "\ufe0f" + KEYCAP
        if text[at] in SIGNS and not is_in_word(text, at) and not keycap:
            while end < len(text) and is_continue(text, end):
                end += 1
            body = text[at + 1 : end]
            folded = unicodedata.normalize("NFKC", body)
            substance = any(
                unicodedata.category(one).startswith(("L", "So", "Sk")) or is_emoji(one) or one == KEYCAP
                for one in folded
            )
            # A sign with a keycap around it, whatever is hidden between the two.
            if substance and not body.lstrip("\ufe0f\u200d\u200c\U000e0067\U000e007f").startswith(KEYCAP):
                found.append((at, end))
        at = end
    return found


ALPHABET = (
    "##﹟＃ab1٣_-+*.,! \n😀👩❤☀ℹ©\U0001f3fd\U0001f1e9\U0001f1ea\ufe0f\u20e3\u200d\u200c\u0301"
    "ßЖλميक्षবதกမ东あア・ー한გԱአ、。«»״،।\U0001f3f4\U000e0067\U000e007f"
)
