import math

import pytest

from core.errors import UserErrorCode, UserFault
from media.recipe import PLAIN, RECIPE, Adjust, Crop, ImageFilter, Recipe
from services.uploads.recipes import checked_recipe, dumped, refuse_for_films

FULL = Recipe(ImageFilter.MOON, Crop(0.25, 0, 0.5, 1), Adjust(-1, 1, 0.5, 0, -0.5), "© Alice 🌊", keep_location=True)


@pytest.mark.parametrize(
    "recipe",
    [
        FULL,
        Recipe(crop=Crop(0.9, 0.9, 0.1, 0.1)),
        Recipe(crop=Crop(0, 0, 0.1, 1)),
        Recipe(adjust=Adjust(1, 1, 1, 1, 1)),
        Recipe(adjust=Adjust(-1, -1, -1, -1, -1)),
        Recipe(watermark="x" * 64),
        Recipe(watermark="x"),
    ],
)
def test_what_is_within_the_limits_stays_as_it_is(recipe: Recipe) -> None:
    assert checked_recipe(recipe) == recipe
    assert RECIPE.validate_python(dumped(recipe)) == recipe


@pytest.mark.parametrize(
    "recipe",
    [
        PLAIN,
        Recipe(crop=Crop(0, 0, 1, 1)),
        Recipe(adjust=Adjust()),
        Recipe(watermark=""),
        Recipe(watermark="  "),
        Recipe(watermark="\u200b"),
    ],
)
def test_what_changes_nothing_is_nothing(recipe: Recipe) -> None:
    assert checked_recipe(recipe) == PLAIN
    assert dumped(checked_recipe(recipe)) is None


def test_it_is_stored_as_names_and_numbers() -> None:
    assert dumped(FULL) == {
        "filter": "MOON",
        "crop": {"x": 0.25, "y": 0, "width": 0.5, "height": 1},
        "adjust": {"brightness": -1, "contrast": 1, "saturation": 0.5, "warmth": 0, "vignette": -0.5},
        "watermark": "© Alice 🌊",
        "keep_location": True,
    }


def test_shares_that_were_divided_may_miss_1_by_a_rounding() -> None:
    checked = checked_recipe(Recipe(crop=Crop(0.3, 0.3, 0.7000000000000002, 0.7))).crop
    assert checked is not None
    assert checked == Crop(0.3, 0.3, 0.7, 0.7)


def test_a_watermark_is_composed_and_trimmed() -> None:
    assert checked_recipe(Recipe(watermark=" e\u0301 ")).watermark == "é"


@pytest.mark.parametrize(
    ("recipe", "code", "field"),
    [
        (Recipe(crop=Crop(-0.001, 0, 0.5, 0.5)), UserErrorCode.INVALID, ("crop", "x")),
        (Recipe(crop=Crop(0, 1.001, 0.5, 0.5)), UserErrorCode.INVALID, ("crop", "y")),
        (Recipe(crop=Crop(0, 0, 1.001, 0.5)), UserErrorCode.INVALID, ("crop", "width")),
        (Recipe(crop=Crop(0, 0, 0.5, math.nan)), UserErrorCode.INVALID, ("crop", "height")),
        (Recipe(crop=Crop(math.inf, 0, 0.5, 0.5)), UserErrorCode.INVALID, ("crop", "x")),
        (Recipe(crop=Crop(0, 0, 0.0999, 0.5)), UserErrorCode.TOO_SHORT, ("crop", "width")),
        (Recipe(crop=Crop(0, 0, 0.5, 0)), UserErrorCode.TOO_SHORT, ("crop", "height")),
        (Recipe(crop=Crop(0.5, 0, 0.501, 0.5)), UserErrorCode.INVALID, ("crop", "width")),
        (Recipe(crop=Crop(0, 0.9, 0.5, 0.101)), UserErrorCode.INVALID, ("crop", "height")),
        (Recipe(adjust=Adjust(brightness=1.001)), UserErrorCode.INVALID, ("adjust", "brightness")),
        (Recipe(adjust=Adjust(contrast=-1.001)), UserErrorCode.INVALID, ("adjust", "contrast")),
        (Recipe(adjust=Adjust(saturation=math.nan)), UserErrorCode.INVALID, ("adjust", "saturation")),
        (Recipe(adjust=Adjust(warmth=math.inf)), UserErrorCode.INVALID, ("adjust", "warmth")),
        (Recipe(adjust=Adjust(vignette=2)), UserErrorCode.INVALID, ("adjust", "vignette")),
        (Recipe(watermark="x" * 65), UserErrorCode.TOO_LONG, ("watermark",)),
        (Recipe(watermark="a\nb"), UserErrorCode.INVALID, ("watermark",)),
        (Recipe(watermark="a\u2028b"), UserErrorCode.INVALID, ("watermark",)),
        (Recipe(watermark="a\0b"), UserErrorCode.INVALID, ("watermark",)),
    ],
)
def test_what_is_beyond_them_is_refused(recipe: Recipe, code: UserErrorCode, field: tuple[str, ...]) -> None:
    with pytest.raises(UserFault) as refused:
        checked_recipe(recipe)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_films_keep_their_place_and_nothing_else() -> None:
    refuse_for_films(Recipe(keep_location=True))
    with pytest.raises(UserFault) as refused:
        refuse_for_films(FULL)
    assert (refused.value.code, refused.value.field) == (UserErrorCode.INVALID, ("filter",))
