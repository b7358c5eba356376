import pytest

from media.pictures import ImageFormat
from media.signing import CachePolicy, Grant, MediaSigner
from models.global_ids import encode_shortcode
from services.visible import ImageRow, MediaLinks, image_row

LINKS = MediaLinks(MediaSigner("secret" * 8, 86400), "https://example.com")


def image(*variants: tuple[int, str]) -> ImageRow:
    made = [
        {"key": f"variants/{'x' * 22}/{width}.{form}", "width": width, "height": width, "format": form, "bytes": 1}
        for width, form in variants
    ]
    return image_row({"id": 1, "width": 900, "height": 900, "variants": made}, Grant(1, 0, CachePolicy.PUBLIC), LINKS)


@pytest.mark.parametrize(
    ("width", "image_format", "best"),
    [
        (None, None, (900, "JPEG")),
        (1, None, (150, "JPEG")),
        (0, None, (150, "JPEG")),
        (150, None, (150, "JPEG")),
        (151, None, (320, "JPEG")),
        (901, None, (900, "JPEG")),
        (200, ImageFormat.WEBP, (320, "WEBP")),
        (None, ImageFormat.WEBP, (320, "WEBP")),
        (None, "AVIF", None),
    ],
)
def test_the_best_variant_for_a_box(width: int | None, image_format: str | None, best: tuple[int, str] | None) -> None:
    variants = image((900, "JPEG"), (150, "JPEG"), (320, "JPEG"), (320, "WEBP"), (150, "WEBP"))
    found = variants.best_variant(width, image_format)
    assert (found and (found.width, found.format)) == best


def test_a_square_one_is_no_answer_to_a_box() -> None:
    shown = image((150, "JPEG"), (320, "JPEG"))
    shown.variants[0].is_square = True
    assert shown.best_variant(100, None) is shown.variants[1]
    square = {"key": "k", "width": 150, "height": 150, "format": "JPEG", "bytes": 1, "square": True}
    row = image_row({"id": 1, "width": 9, "height": 9, "variants": [square]}, Grant(1, 0, CachePolicy.PUBLIC), LINKS)
    assert [one.is_square for one in row.variants] == [True]


def test_what_an_older_row_does_not_say() -> None:
    shown = image((150, "JPEG"))
    assert (shown.alt_text, shown.blurhash, shown.tagged_users) == (None, None, [])
    assert shown.variants[0].url.startswith(
        "https://example.com/media/variants/xxxxxxxxxxxxxxxxxxxxxx/150.JPEG?o=AAAAAAAAAAE.0&e="
    )


def test_a_shortcode_is_the_id_in_base64url() -> None:
    assert encode_shortcode(1) == "AAAAAAAAAAE"
