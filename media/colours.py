"""Colours that are named by numbers (nclx, ISO 23091-2), brought to what every screen shows."""

from typing import Any

import numpy as np

from media.vips import pyvips

# Red, green, blue and white, as x and y, of BT.2020 and of the two P3 (ISO 23091-2). Those of television are taken for
# sRGB, from which the eye does not tell them.
_D65 = (0.3127, 0.3290)
_PRIMARIES = {
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}
_SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65)
_LINEAR, _PQ, _HLG = 8, 16, 18
_WHITE_NITS = 203
"""Of a sheet of paper in a picture of more light than screens have (ITU-R BT.2408)."""


def to_srgb(image: Any, nclx: tuple[int, int]) -> Any:
    """An 8-bit picture whose primaries and transfer characteristics have these numbers, in 8-bit sRGB.

    Numbers that are not known, or that say sRGB, change nothing. What is brighter than a screen shows is rolled off.
    """
    primaries, transfer = nclx
    is_bright = transfer in (_PQ, _HLG)
    if (primaries not in _PRIMARIES and not is_bright and transfer != _LINEAR) or image.bands < 3:
        return image
    colours, alpha = image[:3], image[3] if image.hasalpha() else None
    curve = pyvips.Image.new_from_array(_light(transfer).reshape(1, 256).tolist())
    light = colours.maplut(curve).copy(interpretation="scrgb")
    light = light.recomb(_to_srgb_primaries(primaries).tolist())
    made = light.copy(interpretation="scrgb").colourspace("srgb").cast("uchar")
    return made if alpha is None else made.bandjoin(alpha.cast("uchar")).copy(interpretation="srgb")


def _light(transfer: int) -> Any:
    """The light of each of 256 values, 1 for white."""
    value = np.arange(256) / 255
    if transfer == _LINEAR:
        return value
    if transfer == _PQ:
        power = value ** (1 / 78.84375)
        nits = 10_000 * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
        return _rolled_off(nits / _WHITE_NITS)
    if transfer == _HLG:
        scene = np.where(value <= 0.5, value**2 / 3, (np.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12)
        return _rolled_off(1000 * scene**1.2 / _WHITE_NITS)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _rolled_off(light: Any) -> Any:
    """Light as it is up to a half, then ever less of it, so that 1,000 nits are white."""
    most = 1000 / _WHITE_NITS - 0.5
    over = np.clip(light - 0.5, 0, most)
    return np.minimum(light, 0.5) + 0.5 * np.log1p(over * 9 / most) / np.log(10)


def _to_srgb_primaries(number: int) -> Any:
    if number not in _PRIMARIES:
        return np.eye(3)
    made = np.linalg.inv(_to_xyz(_SRGB)) @ _to_xyz(_PRIMARIES[number])
    return made / made.sum(axis=1, keepdims=True)  # white stays white, wherever it lies


def _to_xyz(primaries: tuple[tuple[float, float], ...]) -> Any:
    *colours, white = [np.array([x / y, 1, (1 - x - y) / y]) for x, y in primaries]
    columns = np.stack(colours, axis=1)
    return columns * np.linalg.solve(columns, white)
