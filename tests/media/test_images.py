"""What is made of a picture, looked at by Pillow."""

import io
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pyvips
from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

from media.errors import MediaRejected, RejectionReason
from media.images import render
from media.pictures import VARIANT_WIDTHS, ImageFormat, Limits, Rendered, Variant, planned_variants, variant_widths
from media.probe import probe
from tests.filming import small_film

TRACES = (b"Exif", b"GPS", b"xmp", b"XMP", b"Photoshop", b"8BIM", b"ICC_PROFILE", b"Heliograph", b"Reykjavik")


def rendered(path: Path, out_dir: Path, limits: Limits) -> Rendered:
    return render(path, out_dir, probe(path, limits, first_frame=True))


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures of one size, 0..255."""
    assert one.size == other.size
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


def jpeg_markers(data: bytes) -> list[int]:
    markers, at = [], 2
    while data[at + 1] != 0xDA:
        markers.append(data[at + 1])
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return markers


def webp_chunks(data: bytes) -> list[bytes]:
    names, at = [], 12
    while at < len(data):
        names.append(data[at : at + 4])
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        at += 8 + size + size % 2
    return names


def avif_boxes(data: bytes) -> set[bytes]:
    """Types of all boxes, and of the items, of which Exif and mime (XMP) would be two."""
    found, nested = set(), {b"meta": 4, b"iprp": 0, b"ipco": 0, b"iinf": 6}

    def walk(at: int, end: int) -> None:
        while at < end:
            size, name = struct.unpack(">I4s", data[at : at + 8])
            assert size >= 8
            found.add(name)
            if name == b"infe":
                found.add(data[at + 16 : at + 20])
            if name == b"colr":
                found.add(data[at + 8 : at + 12])
            if name in nested:
                walk(at + 8 + nested[name], at + size)
            at += size

    walk(0, len(data))
    return found


def within(picture: Image.Image, variant: Variant) -> Image.Image:
    """What a variant shows of `picture`, of the variant's size: all of it, or its middle."""
    if variant.is_square:
        return ImageOps.fit(picture, (variant.width, variant.height), Image.Resampling.LANCZOS)
    return picture.resize((variant.width, variant.height), Image.Resampling.LANCZOS)


def widths_of(made: Rendered) -> list[int]:
    """Of the variants that show all of it, in each format the same."""
    by_format = [[v.width for v in made.variants if v.format is form and not v.is_square] for form in ImageFormat]
    assert by_format[0] == by_format[1] == by_format[2]
    return by_format[0]


def assert_bare(data: bytes, image_format: ImageFormat) -> None:
    """No metadata: neither by the container's own account nor by a search for what was put in."""
    if image_format is ImageFormat.JPEG:
        assert not {marker for marker in jpeg_markers(data) if 0xE1 <= marker <= 0xEF or marker == 0xFE}
    elif image_format is ImageFormat.WEBP:
        assert set(webp_chunks(data)) <= {b"VP8 ", b"VP8L", b"VP8X", b"ALPH"}
    else:
        boxes = avif_boxes(data)
        assert {b"ftyp", b"meta", b"mdat", b"av01", b"colr", b"nclx"} <= boxes
        assert not {b"Exif", b"mime", b"uri ", b"prof", b"rICC", b"uuid", b"udta"} & boxes
    assert not [trace for trace in TRACES if trace in data]


def test_a_phone_photo(tmp_path: Path, limits: Limits, phone_photo: Path) -> None:
    original = phone_photo.read_bytes()
    assert [trace for trace in TRACES if trace not in original] == [b"XMP"]
    made = rendered(phone_photo, tmp_path, limits)
    assert (made.width, made.height) == (3024, 4032)
    assert made.source.captured_at == datetime(2025, 6, 1, 10, 30, 45, tzinfo=UTC)
    assert made.source.camera == "Heliograph Phone 1"
    assert [(v.format, v.width, v.height, v.is_square) for v in made.variants] == [
        (image_format, width, height, is_square)
        for width, height, is_square in (
            (150, 200, False),
            (320, 427, False),
            (640, 853, False),
            (1080, 1440, False),
            (150, 150, True),
        )
        for image_format in (ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.AVIF)
    ]
    with Image.open(phone_photo) as photo:
        upright = ImageOps.exif_transpose(photo.convert("RGB"))
    for variant in made.variants:
        data = variant.path.read_bytes()
        assert len(data) == variant.bytes
        assert_bare(data, variant.format)
        with Image.open(variant.path) as picture:
            picture.load()
            assert (picture.format, picture.mode) == (variant.format.value, "RGB")
            assert picture.size == (variant.width, variant.height)
            assert not picture.getexif()
            assert not {"icc_profile", "exif", "xmp", "photoshop", "comment"} & set(picture.info)
            assert difference(picture, within(upright, variant)) < 7


def test_jpeg_quality_is_85(tmp_path: Path, limits: Limits, phone_photo: Path) -> None:
    made = rendered(phone_photo, tmp_path, limits)
    reference = io.BytesIO()
    Image.new("RGB", (8, 8)).save(reference, "JPEG", quality=85)
    with Image.open(made.variants[0].path) as picture, Image.open(reference) as expected:
        assert picture.quantization == expected.quantization  # type: ignore[attr-defined]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation(
    tmp_path: Path, limits: Limits, photograph: Callable[[str], Image.Image], orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    source = tmp_path / "turned.jpg"
    photograph("coffee.png").save(source, quality=95, exif=exif)
    with Image.open(source) as turned:
        upright = ImageOps.exif_transpose(turned)
    made = rendered(source, tmp_path, limits)
    assert (made.width, made.height) == upright.size == ((600, 400) if orientation < 5 else (400, 600))
    for variant in made.variants:
        with Image.open(variant.path) as picture:
            expected = within(upright, variant)
            assert difference(picture, expected) < 7
            # So that the test sees a turn at all: the mirror picture is far away.
            assert difference(picture, ImageOps.mirror(expected)) > 15


@pytest.mark.parametrize(
    "name",
    [
        "progressive.jpg",
        "cmyk.jpg",
        "grey.jpg",
        "still.png",
        "animated.png",
        "palette.png",
        "lossless.webp",
        "animated.webp",
        "still.gif",
        "animated.gif",
        "still.avif",
        "still.heic",
        "tiles.heic",
    ],
)
def test_each_format(
    tmp_path: Path,
    limits: Limits,
    samples: dict[str, bytes],
    photograph: Callable[[str], Image.Image],
    name: str,
) -> None:
    """Also that an animation gives its first frame: the others are turned."""
    source = tmp_path / name
    source.write_bytes(samples[name])
    expected = photograph("coffee.png")
    if name == "grey.jpg":
        expected = expected.convert("L").convert("RGB")
    made = rendered(source, tmp_path, limits)
    assert widths_of(made) == [150, 320, 600]
    for variant in made.variants:
        with Image.open(variant.path) as picture:
            assert picture.mode == "RGB"
            assert getattr(picture, "n_frames", 1) == 1
            # CMYK without a profile has no one right colour, and few colours are left in a palette.
            far = {"cmyk.jpg": 45, "palette.png": 16, "animated.gif": 16, "still.gif": 16}.get(name, 8)
            assert difference(picture, within(expected, variant)) < far


def test_sixteen_bits(tmp_path: Path, limits: Limits) -> None:
    source = tmp_path / "deep.png"
    Image.linear_gradient("L").convert("I").point(lambda value: value * 257).convert("I;16").save(source)
    made = rendered(source, tmp_path, limits)
    assert widths_of(made) == [150, 256]
    assert not [v for v in made.variants if v.is_square]
    with Image.open(made.variants[-3].path) as picture:
        assert (picture.mode, picture.size) == ("RGB", (256, 256))
        assert difference(picture, Image.linear_gradient("L")) < 2


def test_transparency_is_white_in_jpeg_and_kept_otherwise(tmp_path: Path, limits: Limits) -> None:
    source = tmp_path / "logo.png"
    picture = Image.new("RGBA", (400, 300), (200, 30, 30, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 200, 300))
    picture.save(source)
    for variant in rendered(source, tmp_path, limits).variants:
        assert_bare(variant.path.read_bytes(), variant.format)
        left, right = (variant.width // 4, variant.height // 2), (variant.width * 3 // 4, variant.height // 2)
        with Image.open(variant.path) as made:
            if variant.format is ImageFormat.JPEG:
                assert (made.mode, made.getpixel(left)) == ("RGB", (255, 255, 255))
            else:
                assert made.mode == "RGBA"
                pixel = made.getpixel(left)
                assert isinstance(pixel, tuple)
                assert pixel[3] == 0
            solid = made.convert("RGB").getpixel(right)
            assert isinstance(solid, tuple)
            assert all(abs(a - b) <= 5 for a, b in zip(solid, (200, 30, 30), strict=True))


def test_an_opaque_alpha_channel_is_dropped(
    tmp_path: Path, limits: Limits, photograph: Callable[[str], Image.Image]
) -> None:
    source = tmp_path / "opaque.png"
    photograph("chelsea.png").convert("RGBA").save(source)
    for variant in rendered(source, tmp_path, limits).variants:
        with Image.open(variant.path) as made:
            assert made.mode == "RGB"


@pytest.mark.parametrize("colour", [(200, 100, 60), (60, 160, 80), (128, 128, 128), (90, 60, 200)])
def test_a_wide_gamut_becomes_srgb(tmp_path: Path, limits: Limits, colour: tuple[int, int, int]) -> None:
    profile = pyvips.Operation.call("profile_load", "p3")
    source = tmp_path / "p3.png"
    Image.new("RGB", (400, 300), colour).save(source, icc_profile=profile)
    converted = ImageCms.profileToProfile(
        Image.new("RGB", (1, 1), colour),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert converted is not None
    for variant in rendered(source, tmp_path, limits).variants:
        assert_bare(variant.path.read_bytes(), variant.format)
        with Image.open(variant.path) as made:
            assert difference(made, converted.resize(made.size)) < 3


def test_a_broken_profile_is_left_out(tmp_path: Path, limits: Limits, photograph: Callable[[str], Image.Image]) -> None:
    source = tmp_path / "broken.jpg"
    photograph("coffee.png").save(source, icc_profile=b"no profile" * 40)
    for variant in rendered(source, tmp_path, limits).variants:
        assert_bare(variant.path.read_bytes(), variant.format)


@pytest.mark.parametrize(
    ("width", "widths"),
    [
        (1, [1]),
        (149, [149]),
        (150, [150]),
        (151, [150, 151]),
        (500, [150, 320, 500]),
        (640, [150, 320, 640]),
        (1079, [150, 320, 640, 1079]),
        (1080, [150, 320, 640, 1080]),
        (1081, [150, 320, 640, 1080]),
        (20_000, [150, 320, 640, 1080]),
    ],
)
def test_never_enlarged(
    tmp_path: Path, limits: Limits, blank_png: Callable[[int, int], bytes], width: int, widths: list[int]
) -> None:
    source = tmp_path / "plain.png"
    source.write_bytes(blank_png(width, 7))
    made = rendered(source, tmp_path, limits)
    assert variant_widths(width) == widths
    assert widths_of(made) == widths
    assert [(v.format, v.width, v.is_square) for v in made.variants] == planned_variants(width, 7)
    for variant in made.variants:
        with Image.open(variant.path) as picture:
            assert picture.size == (variant.width, variant.height)
            if variant.is_square:
                assert variant.width == variant.height == min(7, width)
            else:
                assert variant.height == max(1, round(7 * variant.width / width))


@pytest.mark.parametrize("width", range(1000, 4100, 97))
def test_widths_are_met_exactly(tmp_path: Path, limits: Limits, width: int) -> None:
    """Whatever a JPEG is shrunk by while it is decoded."""
    source = tmp_path / "plain.jpg"
    Image.new("L", (width, 33)).save(source)
    made = rendered(source, tmp_path, limits)
    assert widths_of(made) == [w for w in VARIANT_WIDTHS if w <= width] + ([width] if width < 1080 else [])


@pytest.mark.parametrize(("size", "box"), [((1000, 200), (400, 0, 600, 200)), ((100, 1000), (0, 450, 100, 550))])
def test_a_square_is_cut_from_the_middle(
    tmp_path: Path, limits: Limits, size: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    source = tmp_path / "in.png"
    picture = Image.new("RGB", size, (200, 30, 30))
    picture.paste((30, 30, 200), box)
    picture.save(source)
    squares = [variant for variant in rendered(source, tmp_path, limits).variants if variant.is_square]
    side = min(150, *size)
    assert [(v.path.name, v.width, v.height) for v in squares] == [
        (f"{side}s.{extension}", side, side) for extension in ("jpg", "webp", "avif")
    ]
    for variant in squares:
        with Image.open(variant.path) as made:
            assert difference(made, Image.new("RGB", made.size, (30, 30, 200))) < 4


def test_the_square_of_a_panorama_is_not_enlarged(tmp_path: Path, limits: Limits) -> None:
    """At 1,080 pixels width it would be 54 high."""
    source = tmp_path / "in.png"
    grain = Image.effect_noise((4000, 200), 120).convert("RGB")
    grain.save(source)
    made = rendered(source, tmp_path, limits)
    assert widths_of(made) == [150, 320, 640, 1080]
    square = next(variant for variant in made.variants if variant.is_square)
    assert (square.width, square.height) == (150, 150)
    with Image.open(square.path) as picture:
        assert difference(picture, within(grain, square)) < 12


def test_a_square_picture_has_no_second_square(tmp_path: Path, limits: Limits) -> None:
    source = tmp_path / "in.png"
    Image.new("RGB", (700, 700), (9, 99, 199)).save(source)
    made = rendered(source, tmp_path, limits)
    assert [(v.format, v.width, v.is_square) for v in made.variants] == planned_variants(700, 700)
    assert [v.width for v in made.variants] == [150] * 3 + [320] * 3 + [640] * 3 + [700] * 3


def test_the_largest_fits_into_each_format(
    tmp_path: Path, limits: Limits, blank_png: Callable[[int, int], bytes]
) -> None:
    source = tmp_path / "in.png"
    source.write_bytes(blank_png(1080, 16_383))
    made = rendered(source, tmp_path, limits)
    largest = [variant for variant in made.variants if variant.width == 1080]
    assert [(v.format, v.height) for v in largest] == [(form, 16_383) for form in ImageFormat]
    for variant in largest:
        with Image.open(variant.path) as picture:
            assert picture.size == (1080, 16_383)


def test_avif_is_the_smallest(tmp_path: Path, limits: Limits, phone_photo: Path) -> None:
    sizes = {(v.format, v.width): v.bytes for v in rendered(phone_photo, tmp_path, limits).variants if not v.is_square}
    for width in (320, 640, 1080):
        jpeg, webp, avif = (sizes[form, width] for form in ImageFormat)
        assert avif < webp < jpeg


def test_progress(tmp_path: Path, limits: Limits, phone_photo: Path) -> None:
    seen: list[float] = []
    render(phone_photo, tmp_path, probe(phone_photo, limits), on_progress=seen.append)
    assert seen == [step / 16 for step in range(1, 17)]


def test_blurhash(tmp_path: Path, limits: Limits) -> None:
    source = tmp_path / "plain.png"
    Image.new("RGB", (300, 200), (255, 0, 0)).save(source)
    made = rendered(source, tmp_path, limits)
    # 4×3 components: two digits of size and maximum, four of the mean (red), two for each of eleven others.
    assert len(made.blurhash) == 28
    assert made.blurhash[0] == "L"
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
    mean = 0
    for digit in made.blurhash[2:6]:
        mean = mean * 83 + digits.index(digit)
    assert mean == 0xFF0000


@pytest.mark.parametrize("left", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize(
    "name",
    [
        "baseline.jpg",
        "progressive.jpg",
        "still.png",
        "animated.png",
        "lossy.webp",
        "lossless.webp",
        "animated.webp",
        "still.gif",
        "animated.gif",
        "still.avif",
        "still.heic",
        "tiles.heic",
    ],
)
def test_truncated(tmp_path: Path, limits: Limits, samples: dict[str, bytes], name: str, left: float) -> None:
    source, out_dir = tmp_path / name, tmp_path / "out"
    out_dir.mkdir()
    source.write_bytes(samples[name][: int(len(samples[name]) * left)])
    with pytest.raises(MediaRejected) as caught:
        rendered(source, out_dir, limits)
    assert caught.value.reason is RejectionReason.TRUNCATED
    assert caught.value.message == ("This picture is incomplete: the end of the file is missing. Please send it again.")
    assert not list(out_dir.iterdir())


def test_damage_among_the_pixels(tmp_path: Path, limits: Limits, samples: dict[str, bytes]) -> None:
    data = bytearray(samples["still.png"])
    for at in range(len(data) // 2, len(data) // 2 + 200):
        data[at] ^= 0xFF
    source = tmp_path / "damaged.png"
    source.write_bytes(data)
    with pytest.raises(MediaRejected) as caught:
        rendered(source, tmp_path, limits)
    assert caught.value.reason is RejectionReason.DAMAGED


def test_what_follows_the_end_is_ignored(
    tmp_path: Path, limits: Limits, photograph: Callable[[str], Image.Image]
) -> None:
    """Phones append a film to a photograph: a picture is made, with nothing of the film in it."""
    film, source = small_film(0.5), tmp_path / "motion.jpg"
    photograph("coffee.png").save(source)
    source.write_bytes(source.read_bytes() + film)
    with Image.open(source) as picture:
        expected = picture.convert("RGB")
    pieces = [film[at : at + 16] for at in range(0, len(film) - 16, 16) if len(set(film[at : at + 16])) > 8]
    assert len(pieces) > 100
    made = rendered(source, tmp_path, limits)
    assert made.source.pages == 1
    for variant in made.variants:
        data = variant.path.read_bytes()
        assert not [piece for piece in pieces if piece in data]
        if not variant.is_square:
            with Image.open(variant.path) as shown:
                assert difference(shown, expected.resize(shown.size, Image.Resampling.LANCZOS)) < 8
