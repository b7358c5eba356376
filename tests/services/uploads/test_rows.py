"""What is known of an upload from its row alone."""

from typing import Any

import pytest

from services.uploads.rows import keys_of, object_keys, object_name, renditions, renditions_of
from tests.posting import inline_film, inline_picture

TOKEN = "AAAAAAAAAAAAAAAAAAAAAA"
OTHER = "BBBBBBBBBBBBBBBBBBBBBB"
FILM = [
    "film-720p.mp4",
    "master.m3u8",
    *("240p.m3u8", "240p.mp4", "480p.m3u8", "480p.mp4", "720p.m3u8", "720p.mp4"),
    *("poster-150.jpg", "poster-150.webp", "poster-320.jpg", "poster-320.webp"),
    *("poster-640.jpg", "poster-640.webp", "poster-1080.jpg", "poster-1080.webp"),
]


@pytest.mark.parametrize(
    ("inline", "names"),
    [
        (
            inline_picture(TOKEN),
            ["150.jpg", "150.webp", "320.jpg", "320.webp", "640.jpg", "640.webp", "1080.jpg", "1080.webp"],
        ),
        ({"kind": "IMAGE", "variants": [{"key": f"variants/{TOKEN}/150s.jpg", "square": True}]}, ["150s.jpg"]),
        (inline_film(TOKEN), FILM),
        # A rendition that is named among the files too is one object.
        (inline_film(TOKEN) | {"files": [f"variants/{TOKEN}/film-720p.mp4"]}, FILM[:2] + FILM[8:]),
        ({}, []),
    ],
)
def test_every_object_of_a_picture_and_of_a_film_once(inline: dict[str, Any], names: list[str]) -> None:
    assert keys_of(inline) == [f"variants/{TOKEN}/{name}" for name in names]


def test_an_uploads_objects_are_the_original_and_what_was_made_of_it() -> None:
    original = f"originals/{OTHER}"
    made = inline_film(TOKEN)
    film = {"object_key": original, "result": made}
    assert object_keys(film) == [original, *keys_of(made)]
    assert renditions(film) == [TOKEN]
    unmade = {"object_key": original, "result": None}
    assert (object_keys(unmade), renditions(unmade)) == ([original], [])


def test_renditions_of_keys_are_each_there_once() -> None:
    keys = [f"variants/{OTHER}/1.jpg", f"variants/{TOKEN}/1.jpg", f"variants/{TOKEN}/2.jpg", f"originals/{OTHER}"]
    assert renditions_of(keys) == [TOKEN, OTHER]


def test_what_an_object_is_called() -> None:
    assert object_name(f"variants/{TOKEN}/poster-150s.avif") == "poster-150s.avif"
    assert object_name(f"originals/{TOKEN}") == ""
