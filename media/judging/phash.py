"""A hash of what is to be seen on a picture: pHash of 256 bits (C. Zauner, "Implementation and Benchmarking of
Perceptual Image Hash Functions", 2010), the lowest 16×16 frequencies of its lightness at 64×64, each above or below
their median. PDQ is built the same way; its library has to be compiled, this one is found ready for every machine. Few
bits change where the picture is encoded anew or made smaller.

Where something is cut off, more change than the threshold allows: from about 3 % on. So a removed picture is kept as
the hashes of the parts that one is likely to cut out of it, and asked for once. Imported in the process that judges.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

_SIDE = 256
"""What a picture is made of before it is hashed, whatever its shape: its hash knows 64."""
_FREQUENCIES = 16

_CUT = 0.03
_WINDOWS = [
    (_CUT / 2,) * 4,
    *product((0.0, _CUT), repeat=4),
]
"""Shares of width and height that are cut off: left, top, right, bottom."""


def hashes_to_ask(picture: Path) -> tuple[list[bytes], int]:
    """The picture's hash as it is, and as it would be turned and mirrored, eight in all; and its quality, 0 to 100."""
    with Image.open(picture) as opened:
        small = _small(opened)
    turned = [small, *(small.transpose(turn) for turn in Image.Transpose)]
    return [_hash(one) for one in turned], _quality(small)


def hashes_to_keep(picture: Path) -> tuple[list[bytes], int]:
    """The hashes of the picture and of its parts; and the quality of the whole."""
    with Image.open(picture) as opened:
        found = [_hash(_small(part)) for part in _parts(opened)]
        quality = _quality(_small(opened))
    return list(dict.fromkeys(found)), quality


def _parts(picture: Image.Image) -> Iterator[Image.Image]:
    width, height = picture.size
    for left, top, right, bottom in _WINDOWS:
        box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
        x1, y1, x2, y2 = (round(edge) for edge in box)
        yield picture.crop((x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)))


def _small(picture: Image.Image) -> Image.Image:
    return picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)


def _hash(small: Image.Image) -> bytes:
    return np.packbits(imagehash.phash(small, hash_size=_FREQUENCIES).hash).tobytes()


def _quality(small: Image.Image) -> int:
    """How much there is to be told apart: the steps between neighbours of the lightness at 64×64, as PDQ sums them up
    (its reference implementation, `pdqImageDomainQualityMetric`)."""
    light = np.asarray(small.resize((64, 64), Image.Resampling.BILINEAR), dtype=np.int32)
    steps = sum(int((abs(np.diff(light, axis=axis)) * 100 // 255).sum()) for axis in (0, 1))
    return min(100, steps // 90)
