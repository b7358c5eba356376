"""Names of objects, and which of them are served at all."""

import pytest

from media.keys import content_type_of, new_token, original_key, rendition_of, split_key, variant_key
from media.pictures import ImageFormat

TOKEN = "AbCdEfGhIjKlMnOpQrSt-_"


def test_tokens_hold_128_random_bits() -> None:
    tokens = {new_token() for _ in range(10_000)}
    assert len(tokens) == 10_000
    assert {len(token) for token in tokens} == {22}
    # Every bit of the first 21 characters is used: 64 letters turn up in each place.
    assert all(len({token[place] for token in tokens}) == 64 for place in range(21))


def test_keys() -> None:
    assert original_key(TOKEN) == "originals/AbCdEfGhIjKlMnOpQrSt-_"
    assert variant_key(TOKEN, 640, ImageFormat.WEBP) == "variants/AbCdEfGhIjKlMnOpQrSt-_/640.webp"
    assert variant_key(TOKEN, 150, ImageFormat.JPEG) == "variants/AbCdEfGhIjKlMnOpQrSt-_/150.jpg"
    square = variant_key(TOKEN, 150, ImageFormat.AVIF, is_square=True)
    assert square == "variants/AbCdEfGhIjKlMnOpQrSt-_/150s.avif"
    assert rendition_of(square) == TOKEN


@pytest.mark.parametrize(
    ("key", "rendition"),
    [
        (f"variants/{TOKEN}/640.webp", TOKEN),
        (f"originals/{TOKEN}", None),
        (f"variants/{TOKEN}", None),
        (f"variants/{TOKEN}/../../originals/{TOKEN}", None),
        (f"variants/{TOKEN}/.", None),
        (f"variants/{TOKEN}/..", None),
        (f"variants/{TOKEN}/640.webp\n", None),
        (f"variants/{TOKEN}x/640.webp", None),
        (f"/variants/{TOKEN}/640.webp", None),
        ("", None),
    ],
)
def test_only_variants_are_served(key: str, rendition: str | None) -> None:
    assert rendition_of(key) == rendition
    assert split_key(key) == (rendition and (rendition, "640.webp"))


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("640.jpg", "image/jpeg"),
        ("150s.webp", "image/webp"),
        ("1080.avif", "image/avif"),
        ("master.m3u8", "application/vnd.apple.mpegurl"),
        ("film-720p.mp4", "video/mp4"),
        ("720p-1.m4s", "video/iso.segment"),
    ],
)
def test_the_type_is_told_by_the_name(name: str, content_type: str) -> None:
    assert content_type_of(name) == content_type
    assert split_key(f"variants/{TOKEN}/{name}") == (TOKEN, name)


@pytest.mark.parametrize("name", ["640", "page.html", "movie.svg", ""])
def test_other_names_have_no_type(name: str) -> None:
    with pytest.raises(LookupError):
        content_type_of(name)
