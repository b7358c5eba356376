import pytest

from media.pictures import ImageFormat
from media.signing import CachePolicy, Grant, MediaSigner
from models.global_ids import NodeKind, decode, encode_shortcode
from services.visible import ImageRow, MediaLinks, VideoRow, image_row, media_row, still_of
from tests.posting import inline_film, inline_picture

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


def test_a_film_as_it_is_stored() -> None:
    token = "x" * 22
    tags = [{"user_id": 7, "x": 0.25, "y": 1}]
    inline = inline_film(token) | {"id": 5, "alt_text": "Waves", "tags": tags}
    film = media_row(inline, Grant(1, 3, CachePolicy.PRIVATE), LINKS)
    assert isinstance(film, VideoRow)
    assert decode(film.global_id) == (NodeKind.VIDEO, 5)
    assert (film.width, film.height, film.duration_seconds, film.has_sound) == (1280, 720, 12.5, True)
    assert (film.alt_text, film.blurhash, film.status) == ("Waves", "LKO2", "READY")
    assert [(tag.user_id, tag.x, tag.y) for tag in film.tagged_users] == [(7, 0.25, 1)]
    assert [(one.width, one.height, one.bitrate, one.bytes) for one in film.variants] == [
        (1280, 720, 2_000_000, 3_000_000)
    ]
    assert f"/{token}/film-720p.mp4" in film.variants[0].url
    assert f"/{token}/master.m3u8" in film.hls_url


def test_a_poster_is_an_image_of_the_films_number_and_grant() -> None:
    grant = Grant(1, 3, CachePolicy.PUBLIC)
    film = media_row(inline_film("x" * 22) | {"id": 5, "alt_text": "Waves"}, grant, LINKS)
    poster = still_of(film)
    assert isinstance(film, VideoRow)
    assert decode(poster.global_id) == (NodeKind.IMAGE, 5)
    assert (poster.width, poster.height, poster.alt_text, poster.blurhash) == (1080, 810, "Waves", "LKO2")
    assert len(poster.variants) == 8
    assert all(one.grant is grant and "/poster-" in one.url for one in poster.variants)


def test_a_picture_stands_for_itself() -> None:
    picture = media_row(inline_picture("x" * 22) | {"id": 5}, Grant(1, 0, CachePolicy.PUBLIC), LINKS)
    assert isinstance(picture, ImageRow)
    assert still_of(picture) is picture
