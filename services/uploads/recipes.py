"""What its owner asks to be made of a picture, checked before it is stored."""

import unicodedata
from dataclasses import asdict, replace
from typing import Any

from core.errors import UserErrorCode, UserFault
from media.recipe import LONGEST_WATERMARK, PLAIN, RECIPE, SMALLEST_CROP, Adjust, Crop, ImageFilter, Recipe
from services.text import checked_text, is_blank

ROUNDING = 1e-9
"""By so much a crop may reach beyond the edge: shares that a client divided do not always make 1 together."""


def checked_recipe(wanted: Recipe) -> Recipe:
    """As it is stored: what changes nothing is left out. Raises UserFault."""
    return replace(
        wanted,
        crop=_checked_crop(wanted.crop),
        adjust=_checked_adjust(wanted.adjust),
        watermark=_checked_watermark(wanted.watermark),
    )


def refuse_for_films(recipe: Recipe) -> None:
    """Raises UserFault for what is done to pictures alone."""
    asked = {
        "filter": recipe.filter is not ImageFilter.NONE,
        "crop": recipe.crop is not None,
        "adjust": recipe.adjust is not None,
        "watermark": recipe.watermark is not None,
    }
    for name, is_asked in asked.items():
        if is_asked:
            raise UserFault(UserErrorCode.INVALID, "This is for pictures: a video stays as it is.", (name,))


def dumped(recipe: Recipe) -> dict[str, Any] | None:
    """As `uploads.recipe` holds it."""
    return None if recipe == PLAIN else RECIPE.dump_python(recipe, mode="json")


def _checked_crop(crop: Crop | None) -> Crop | None:
    if crop is None:
        return None
    for name, share in asdict(crop).items():
        if not 0 <= share <= 1:
            raise UserFault(UserErrorCode.INVALID, "This is a share of the picture: 0 to 1.", ("crop", name))
    for name, start, length in (("width", crop.x, crop.width), ("height", crop.y, crop.height)):
        if length < SMALLEST_CROP:
            message = f"Keep {SMALLEST_CROP:g} of each side at least."
            raise UserFault(UserErrorCode.TOO_SHORT, message, ("crop", name))
        if start + length > 1 + ROUNDING:
            raise UserFault(UserErrorCode.INVALID, "This reaches beyond the edge of the picture.", ("crop", name))
    if crop.x + crop.width > 1:
        crop = replace(crop, width=1 - crop.x)
    if crop.y + crop.height > 1:
        crop = replace(crop, height=1 - crop.y)
    return None if crop == Crop(0, 0, 1, 1) else crop


def _checked_adjust(adjust: Adjust | None) -> Adjust | None:
    if adjust is None:
        return None
    for name, amount in asdict(adjust).items():
        if not -1 <= amount <= 1:
            raise UserFault(UserErrorCode.INVALID, "This is from -1 to 1; 0 changes nothing.", ("adjust", name))
    return None if adjust == Adjust() else adjust


def _checked_watermark(watermark: str | None) -> str | None:
    if watermark is None:
        return None
    text = checked_text(watermark, "watermark", limit=LONGEST_WATERMARK)
    if any(unicodedata.category(character) in ("Zl", "Zp") for character in text):
        raise UserFault(UserErrorCode.INVALID, "A watermark is one line.", ("watermark",))
    return None if is_blank(text) else text
