"""Curves and matrices, and how they are laid over a picture.

A `Tone` maps the value of one channel (0 to 1; 0 is red, 1 green, 2 blue) to another; what leaves 0 to 1 is clipped
at the end of a run of tones. A `Matrix` mixes the three channels.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from media.vips import pyvips

Tone = Callable[[float, int], float]
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of red, green and blue: by how much each is made of the three."""

    rows: tuple[tuple[float, float, float], ...]


Step = Tone | Matrix


def saturate(amount: float) -> Matrix:
    """0 is grey, 1 leaves it as it is. Lightness, as CSS's `saturate` weighs it, stays."""
    light = (0.213, 0.715, 0.072)
    return _between(amount, (light, light, light))


def sepia(amount: float) -> Matrix:
    """0 leaves it as it is, 1 is brown, as CSS's `sepia`."""
    return _between(1 - amount, ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131)))


def turn_hue(degrees: float) -> Matrix:
    """As CSS's `hue-rotate`."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    constant = ((0.213, 0.715, 0.072),) * 3
    by_cosine = ((0.787, -0.715, -0.072), (-0.213, 0.285, -0.072), (-0.213, -0.715, 0.928))
    by_sine = ((-0.213, -0.715, 0.928), (0.143, 0.140, -0.283), (-0.787, 0.715, 0.072))
    return Matrix(
        tuple(
            (a[0] + cosine * b[0] + sine * c[0], a[1] + cosine * b[1] + sine * c[1], a[2] + cosine * b[2] + sine * c[2])
            for a, b, c in zip(constant, by_cosine, by_sine, strict=True)
        )
    )


def _between(share: float, far: tuple[tuple[float, float, float], ...]) -> Matrix:
    """`far` at 0, nothing changed at 1, and beyond."""
    red, green, blue = ((one[0] * (1 - share), one[1] * (1 - share), one[2] * (1 - share)) for one in far)
    return Matrix(((red[0] + share, *red[1:]), (green[0], green[1] + share, green[2]), (*blue[:2], blue[2] + share)))


def contrast(factor: float) -> Tone:
    """Distance from the middle grey, times `factor`."""
    return lambda value, _: (value - 0.5) * factor + 0.5


def expose(factor: float) -> Tone:
    """Every value times `factor`."""
    return lambda value, _: value * factor


def gamma(exponent: float) -> Tone:
    """Black and white stay."""
    return lambda value, _: math.pow(min(max(value, 0), 1), exponent)


def gain(red: float, green: float, blue: float) -> Tone:
    """Each channel times its own."""
    factors = (red, green, blue)
    return lambda value, channel: value * factors[channel]


def layer(blend: Callable[[float, float], float], colour: Colour, opacity: float = 1.0) -> Tone:
    """A sheet of one colour laid over the picture. `blend` is told the picture's value and the sheet's."""

    def tone(value: float, channel: int) -> float:
        value = min(max(value, 0), 1)
        return value + (blend(value, colour[channel] / 255) - value) * opacity

    return tone


def overlay(value: float, sheet: float) -> float:
    return 2 * value * sheet if value <= 0.5 else 1 - 2 * (1 - value) * (1 - sheet)


def soft_light(value: float, sheet: float) -> float:
    if sheet <= 0.5:
        return value - (1 - 2 * sheet) * value * (1 - value)
    lit = ((16 * value - 12) * value + 4) * value if value <= 0.25 else math.sqrt(value)
    return value + (2 * sheet - 1) * (lit - value)


def dodge(value: float, sheet: float) -> float:
    return 0 if value == 0 else min(1, value / (1 - sheet)) if sheet < 1 else 1


def darken(value: float, sheet: float) -> float:
    return min(value, sheet)


def lighten(value: float, sheet: float) -> float:
    return max(value, sheet)


def lay(steps: tuple[Step, ...], image: Any) -> Any:
    """One after the other; what is transparent stays so."""
    if not steps:
        return image
    colours, alpha = (image[:3], image[3]) if image.hasalpha() else (image, None)
    tones: list[Tone] = []
    for step in steps:
        if isinstance(step, Matrix):
            colours = as_bytes(_curved(colours, tones).recomb([list(row) for row in step.rows]))
            tones = []
        else:
            tones.append(step)
    colours = _curved(colours, tones)
    return joined(colours, alpha)


def as_bytes(values: Any) -> Any:
    """Rounded, and clipped to 0 to 255."""
    return (values + 0.5).cast("uchar").copy(interpretation="srgb")


def joined(colours: Any, alpha: Any) -> Any:
    colours = colours.copy(interpretation="srgb")
    return colours if alpha is None else colours.bandjoin(alpha)


def curve_of(tones: Iterable[Tone], value: int, channel: int) -> int:
    """What becomes of one value of one channel, both ways 0 to 255."""
    share = value / 255
    for tone in tones:
        share = tone(share, channel)
    return math.floor(min(max(share, 0), 1) * 255 + 0.5)


def _curved(colours: Any, tones: list[Tone]) -> Any:
    if not tones:
        return colours
    values = bytes(curve_of(tones, value, channel) for value in range(256) for channel in range(3))
    return colours.maplut(pyvips.Image.new_from_memory(values, 256, 1, 3, "uchar"))
