"""PDQ, the hash of what is to be seen on a picture (Facebook, 2019: "The TMK+PDQF Video-Hashing Algorithm and the PDQ
Image-Hashing Algorithm"): 256 bits, of which few change where the picture is encoded anew or made smaller.

Where something is cut off, more change than the threshold allows: from about 3 % on. So a removed picture is kept as
the hashes of the parts that one is likely to cut out of it, and asked for once. Imported in the process that judges.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pdqhash
from PIL import Image

_SIDE = 512
"""What the reference implementation makes of a picture before it hashes it, whatever its shape."""

_CUT = 0.03
_WINDOWS = [
    (_CUT / 2,) * 4,
    *product((0.0, _CUT), repeat=4),
]
"""Shares of width and height that are cut off: left, top, right, bottom."""


def hashes_to_ask(picture: Path) -> tuple[list[bytes], int]:
    """The picture's hash as it is, and as it would be turned and mirrored, eight in all; and its quality, 0 to 100."""
    with Image.open(picture) as opened:
        vectors, quality = pdqhash.compute_dihedral(_pixels(opened))
    return [_packed(vector) for vector in vectors], int(quality)


def hashes_to_keep(picture: Path) -> tuple[list[bytes], int]:
    """The hashes of the picture and of its parts; and the quality of the whole."""
    with Image.open(picture) as opened:
        found = [pdqhash.compute(_pixels(part)) for part in _parts(opened)]
        quality = int(pdqhash.compute(_pixels(opened))[1])
    return list(dict.fromkeys(_packed(vector) for vector, _ in found)), quality


def _parts(picture: Image.Image) -> Iterator[Image.Image]:
    width, height = picture.size
    for left, top, right, bottom in _WINDOWS:
        box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
        x1, y1, x2, y2 = (round(edge) for edge in box)
        yield picture.crop((x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)))


def _pixels(picture: Image.Image) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    return np.asarray(picture.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR))


def _packed(vector: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> bytes:
    return np.packbits(vector.astype(np.uint8)).tobytes()
