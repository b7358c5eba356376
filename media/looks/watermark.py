"""A line of text in the lower right corner of a picture, white with a dark edge.

It is set in Noto Sans, which ships with us and covers Latin, Greek and Cyrillic, so these look the same everywhere. For
what it lacks (Arabic, Hebrew, Chinese, emoji) the machine's own fonts are asked; where none has it, a box with its
number stands in its place.
"""

from functools import cache
from importlib.resources import files
from typing import Any
from xml.sax.saxutils import escape

from media.looks.tones import as_bytes, joined
from media.vips import pyvips

_SHARE = 0.04
"""Of the shorter side of the picture: the size of the font."""
_SMALLEST = 9
_WIDEST, _HIGHEST = 0.9, 0.2
"""Of the picture's width and height: what is longer is made smaller."""
_EDGE = 0.08
"""Of the size of the font."""
_DARK = 0.75
"""How much of the picture the edge hides."""


def stamped(image: Any, text: str) -> Any:
    """`image` with one line of `text`, at most 64 characters. What has no glyphs at all leaves it as it is."""
    size = max(_SMALLEST, round(min(image.width, image.height) * _SHARE))
    letters = _letters(text, size)
    if letters is None:
        return image
    fit = min(1, image.width * _WIDEST / letters.width, image.height * _HIGHEST / letters.height)
    if fit < 1:
        letters = as_bytes(letters.resize(fit)).copy(interpretation="b-w")
        size = max(1, round(size * fit))
    margin = size // 2
    width, height = min(letters.width + 2 * margin, image.width), min(letters.height + 2 * margin, image.height)
    letters = letters.gravity("centre", width, height)
    return _inked(image, letters, _edge_of(letters, size))


def _letters(text: str, size: int) -> Any | None:
    """How much of each pixel is covered, 0 to 255; as large as what is to be seen."""
    try:
        return pyvips.Image.text(
            escape(" ".join(text.split())), font=f"Noto Sans Medium {size}", fontfile=_font(), dpi=72
        ).copy_memory()
    except pyvips.Error:
        return None


@cache
def _font() -> str:
    return str(files("fontpkg_noto_sans") / "files" / "NotoSans[wdth,wght].ttf")


def _edge_of(letters: Any, size: int) -> Any:
    spread = letters.gaussblur(max(0.5, size * _EDGE), precision="float") * 2.5
    return (spread > 255).ifthenelse(255, spread) * (_DARK / 255)


def _inked(image: Any, letters: Any, edge: Any) -> Any:
    left, top = image.width - letters.width, image.height - letters.height
    place = image.crop(left, top, letters.width, letters.height)
    colours, alpha = (place[:3], place[3]) if place.hasalpha() else (place, None)
    white = letters / 255
    colours = as_bytes(colours * (edge * -1 + 1) * (white * -1 + 1) + white * 255)
    if alpha is not None:
        solid = (edge + white - edge * white) * 255
        alpha = ((alpha > solid).ifthenelse(alpha, solid) + 0.5).cast("uchar")
    return image.insert(joined(colours, alpha), left, top)
