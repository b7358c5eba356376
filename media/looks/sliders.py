"""The sliders. Each goes from -1 to 1 and does nothing at 0; they are laid over a picture in this order:

| slider | at -1 | at 1 | in between |
|---|---|---|---|
| brightness | values squared | their square root | exponent 2^-brightness: black and white stay |
| contrast | half the distance from middle grey | twice | 2^contrast |
| warmth | red × 0.8, blue × 1.2 | red × 1.2, blue × 0.8 | 1 ± 0.2 × warmth |
| saturation | grey | twice as colourful | CSS's `saturate` by 1 + saturation |
| vignette | corners 70 % of the way to white | to black | falls off with the square of the distance, from 30 % of it |
"""

from typing import Any

from media.looks.tones import Step, as_bytes, contrast, gain, gamma, joined, lay, saturate
from media.recipe import Adjust
from media.vips import pyvips

_WARMEST = 0.2
_DARKEST = 0.7
_INNER = 0.3


def adjusted(image: Any, adjust: Adjust) -> Any:
    return _vignette(lay(steps_of(adjust), image), adjust.vignette)


def steps_of(adjust: Adjust) -> tuple[Step, ...]:
    """All but the vignette; those at 0 are left out."""
    warmer = _WARMEST * adjust.warmth
    steps: tuple[tuple[float, Step], ...] = (
        (adjust.brightness, gamma(2**-adjust.brightness)),
        (adjust.contrast, contrast(2**adjust.contrast)),
        (adjust.warmth, gain(1 + warmer, 1, 1 - warmer)),
        (adjust.saturation, saturate(1 + adjust.saturation)),
    )
    return tuple(step for value, step in steps if value != 0)


def _vignette(image: Any, amount: float) -> Any:
    if amount == 0:
        return image
    colours, alpha = (image[:3], image[3]) if image.hasalpha() else (image, None)
    # From the middle of the picture, 1 at its corners: an ellipse of the picture's shape.
    places = pyvips.Image.xyz(image.width, image.height)
    across = (places[0] + 0.5) * (2 / image.width) - 1
    down = (places[1] + 0.5) * (2 / image.height) - 1
    distance = ((across * across + down * down) / 2) ** 0.5
    beyond = (distance > _INNER).ifthenelse((distance - _INNER) / (1 - _INNER), 0)
    share = beyond * beyond * (_DARKEST * abs(amount))
    edge = 0 if amount > 0 else 255
    return joined(as_bytes(colours + (colours * -1 + edge) * share), alpha)
