"""The filters by their names, each as a recipe: steps that are laid over a picture from left to right.

| filter | recipe |
|---|---|
| CLARENDON | contrast 1.2, saturation 1.35, a light blue sheet (127 187 227) overlaid at 20 % |
| GINGHAM | brightness 1.05, hues turned by -10°, a lavender sheet (230 230 250) in soft light |
| JUNO | sepia 15 %, contrast 1.15, brightness 1.05, saturation 1.4, a blue sheet (127 187 227) overlaid at 10 % |
| LARK | contrast 0.9, dodged by dark blue (34 37 63), nothing lighter than (242 242 242) at 80 % |
| MOON | grey, contrast 1.1, brightness 1.1, a grey sheet (160 160 160) in soft light, nothing darker than (56 56 56) |
| NASHVILLE | sepia 20 %, contrast 1.2, brightness 1.05, saturation 1.2, nothing lighter than (247 176 153) at 56 %, |
| | nothing darker than (0 70 150) at 40 % |
"""

from typing import Any

from media.looks.tones import (
    Step,
    contrast,
    darken,
    dodge,
    expose,
    lay,
    layer,
    lighten,
    overlay,
    saturate,
    sepia,
    soft_light,
    turn_hue,
)
from media.recipe import ImageFilter

RECIPES: dict[ImageFilter, tuple[Step, ...]] = {
    ImageFilter.NONE: (),
    ImageFilter.CLARENDON: (contrast(1.2), saturate(1.35), layer(overlay, (127, 187, 227), 0.2)),
    ImageFilter.GINGHAM: (expose(1.05), turn_hue(-10), layer(soft_light, (230, 230, 250))),
    ImageFilter.JUNO: (
        sepia(0.15),
        contrast(1.15),
        expose(1.05),
        saturate(1.4),
        layer(overlay, (127, 187, 227), 0.1),
    ),
    ImageFilter.LARK: (contrast(0.9), layer(dodge, (34, 37, 63)), layer(darken, (242, 242, 242), 0.8)),
    ImageFilter.MOON: (
        saturate(0),
        contrast(1.1),
        expose(1.1),
        layer(soft_light, (160, 160, 160)),
        layer(lighten, (56, 56, 56)),
    ),
    ImageFilter.NASHVILLE: (
        sepia(0.2),
        contrast(1.2),
        expose(1.05),
        saturate(1.2),
        layer(darken, (247, 176, 153), 0.56),
        layer(lighten, (0, 70, 150), 0.4),
    ),
}


def filtered(image: Any, name: ImageFilter) -> Any:
    return lay(RECIPES[name], image)
