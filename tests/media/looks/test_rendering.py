"""Recipes through `render`: what is shown of a picture, and all that is made of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from media.images import render
from media.looks.filters import filtered
from media.looks.sliders import adjusted
from media.looks.watermark import stamped
from media.pictures import ImageFormat, Limits, Rendered, planned_variants
from media.probe import probe
from media.recipe import Adjust, Crop, ImageFilter, Recipe
from media.runner import ImageRunner
from tests.media.looks.conftest import held, shown

EVERYTHING = Recipe(
    filter=ImageFilter.NASHVILLE,
    crop=Crop(0.25, 0.125, 0.5, 0.75),
    adjust=Adjust(brightness=0.3, contrast=-0.2, saturation=0.4, warmth=0.5, vignette=0.6),
    watermark="© Mira",
)


def made_by(recipe: Recipe, source: Path, limits: Limits) -> Rendered:
    out_dir = source.parent / "made"
    out_dir.mkdir(exist_ok=True)
    return render(source, out_dir, probe(source, limits), recipe)


def pictures(made: Rendered, image_format: ImageFormat = ImageFormat.WEBP) -> dict[str, Image.Image]:
    """By the first part of their names."""
    opened = {}
    for variant in made.variants:
        if variant.format is image_format:
            with Image.open(variant.path) as picture:
                opened[variant.path.stem] = picture.copy()
    return opened


def difference(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


def test_everything_in_its_order(tmp_path: Path, limits: Limits, photograph: Callable[[str], Image.Image]) -> None:
    source = tmp_path / "in.png"
    photograph("coffee.png").save(source)
    made = made_by(EVERYTHING, source, limits)
    assert (made.width, made.height) == (300, 300)
    assert (made.source.width, made.source.height) == (600, 400)
    assert [(v.format, v.width, v.is_square) for v in made.variants] == planned_variants(300, 300)
    assert EVERYTHING.adjust is not None
    part = held(photograph("coffee.png").crop((150, 50, 450, 350)))
    wanted = shown(stamped(filtered(adjusted(part, EVERYTHING.adjust), EVERYTHING.filter), "© Mira"))
    for image_format in ImageFormat:
        assert difference(pictures(made, image_format)["300"], wanted) < 6
    assert difference(wanted, shown(part)) > 20
    another = shown(stamped(adjusted(filtered(part, EVERYTHING.filter), EVERYTHING.adjust), "© Mira"))
    assert difference(wanted, another) > 3


def test_a_crop_keeps_what_the_original_has(tmp_path: Path, limits: Limits, phone_photo: Path) -> None:
    """A quarter of the 3,024 pixels of a side is still 756 wide, and as sharp as it was."""
    source = tmp_path / "in.jpg"
    source.write_bytes(phone_photo.read_bytes())
    made = made_by(Recipe(crop=Crop(0.5, 0.25, 0.25, 0.25)), source, limits)
    assert (made.width, made.height) == (756, 1008)
    with Image.open(source) as photo:
        part = ImageOps.exif_transpose(photo.convert("RGB")).crop((1512, 1008, 2268, 2016))
    found = pictures(made)
    assert list(found) == ["150", "320", "640", "756", "150s"]
    assert difference(found["756"], part) < 4
    assert difference(found["150s"], ImageOps.fit(part, (150, 150), Image.Resampling.LANCZOS)) < 4


@pytest.mark.parametrize(
    ("crop", "size", "largest"),
    [
        (Crop(0, 0, 0.5, 0.5), (1512, 2016), (1080, 1440)),
        (Crop(0.3, 0.7, 0.1, 0.1), (303, 404), (303, 404)),  # from 907.2 to 1209.6, from 2822.4 to 3225.6
        (Crop(0.0, 0.0, 1.0, 0.1), (3024, 403), (1080, 144)),
    ],
)
def test_sizes_are_of_what_is_shown(  # noqa: PLR0917
    tmp_path: Path, limits: Limits, phone_photo: Path, crop: Crop, size: tuple[int, int], largest: tuple[int, int]
) -> None:
    source = tmp_path / "in.jpg"
    source.write_bytes(phone_photo.read_bytes())
    made = made_by(Recipe(crop=crop), source, limits)
    assert (made.width, made.height) == size
    assert [(v.format, v.width, v.is_square) for v in made.variants] == planned_variants(*size)
    widest = max(made.variants, key=lambda one: one.width)
    assert (widest.width, widest.height) == largest
    for variant in made.variants:
        with Image.open(variant.path) as picture:
            assert picture.size == (variant.width, variant.height)


def test_a_single_pixel_can_be_cropped(tmp_path: Path, limits: Limits) -> None:
    source = tmp_path / "in.png"
    Image.new("RGB", (1, 1), (9, 99, 199)).save(source)
    made = made_by(EVERYTHING, source, limits)
    assert (made.width, made.height, len(made.variants)) == (1, 1, 3)


def test_the_blurhash_is_of_the_result(tmp_path: Path, limits: Limits) -> None:
    source, plain = tmp_path / "in.png", tmp_path / "part.png"
    halves = Image.new("RGB", (300, 200), (255, 0, 0))
    halves.paste((0, 0, 255), (150, 0, 300, 200))
    halves.save(source)
    Image.new("RGB", (150, 200), (0, 0, 255)).save(plain)
    made = made_by(Recipe(crop=Crop(0.5, 0, 0.5, 1)), source, limits)
    assert made.blurhash == made_by(Recipe(), plain, limits).blurhash
    moon = made_by(Recipe(filter=ImageFilter.MOON), source, limits)
    assert moon.blurhash != made_by(Recipe(), source, limits).blurhash


def test_the_square_has_a_mark_of_its_own(tmp_path: Path, limits: Limits) -> None:
    source = tmp_path / "in.png"
    Image.new("RGB", (1200, 400), (40, 90, 160)).save(source)
    square = pictures(made_by(Recipe(watermark="Mira"), source, limits))["150s"]
    left, top, right, bottom = ImageChops.difference(
        square, Image.new("RGB", square.size, square.getpixel((0, 0)))
    ).point(lambda value: 255 if value > 40 else 0).getbbox() or (0, 0, 0, 0)
    assert 75 < left < right <= 150
    assert 120 < top < bottom <= 150


def test_transparency_goes_through_everything(tmp_path: Path, limits: Limits) -> None:
    source = tmp_path / "in.png"
    picture = Image.new("RGBA", (400, 300), (200, 80, 40, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 200, 300))
    picture.save(source)
    made = made_by(EVERYTHING, source, limits)
    for image_format in (ImageFormat.WEBP, ImageFormat.AVIF):
        alpha = pictures(made, image_format)["200"].getchannel("A")
        assert (alpha.getpixel((20, 20)), alpha.getpixel((180, 20))) == (0, 255)
    assert pictures(made, ImageFormat.JPEG)["200"].mode == "RGB"


async def test_the_sandbox_does_the_same(
    tmp_path: Path, limits: Limits, photograph: Callable[[str], Image.Image]
) -> None:
    """It has no environment, and little memory."""
    source, out_dir = tmp_path / "in.png", tmp_path / "out"
    out_dir.mkdir()
    photograph("coffee.png").save(source)
    async with ImageRunner() as runner:
        made = await runner.process_image(source, out_dir, limits, recipe=EVERYTHING)
    ours = made_by(EVERYTHING, source, limits)
    assert made.blurhash == ours.blurhash
    assert [one.path.read_bytes() for one in made.variants] == [one.path.read_bytes() for one in ours.variants]
