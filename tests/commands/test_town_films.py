"""The films of the demo town: parts of photographs that move, which the house takes and shows."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from commands.town import films
from commands.town.films import FILMS, Film
from commands.town.photographs import PHOTOGRAPHS, folder
from commands.town.pictures import PICTURES
from commands.town.plan import Shot, Take, plan
from core.embedded.faults import StartupError
from core.settings import Settings
from media.errors import MediaProcessingFailed
from media.judging.nudity import OpenNsfw
from media.pans import FilmFormat, Pan
from models.tables import UploadPurpose
from tests.filming import stills

ONE_FORM = 8 * 2**20
"""The largest file that is sent by a form, in bytes."""
MOST_NUDITY = 0.2


def test_what_there_is() -> None:
    reels = [one for one in FILMS if one.purpose is UploadPurpose.REEL]
    assert len(reels) == 6
    assert all(one.pan.width / one.pan.height == pytest.approx(9 / 16, rel=0.01) for one in reels)
    assert all(4 <= one.pan.seconds <= 6 for one in reels)
    assert Counter((one.pan.has_sound, one.pan.format, one.is_among_pictures) for one in FILMS) == {
        (False, FilmFormat.MP4, False): 7,
        (True, FilmFormat.MP4, False): 1,
        (False, FilmFormat.MP4, True): 1,
        (False, FilmFormat.GIF, False): 1,
    }
    assert all(max(one.pan.width, one.pan.height) <= 960 and min(one.pan.width, one.pan.height) <= 540 for one in FILMS)
    assert len({one.caption for one in FILMS} | {one.caption for one in PICTURES}) == len(FILMS) + len(PICTURES)


def test_each_moves_within_its_photograph() -> None:
    for one in FILMS:
        left, top, width, height = one.box
        with Image.open(folder() / PHOTOGRAPHS[one.photograph].file) as photograph:
            assert left >= 0 <= top, one.alt_text
            assert (left + width <= photograph.width, top + height <= photograph.height) == (True, True), one.alt_text
        # Nothing looks squeezed.
        assert width / height == pytest.approx(one.pan.width / one.pan.height, rel=0.01), one.alt_text
        assert one.pan.start != one.pan.end
        for view in (one.pan.start, one.pan.end):
            assert min(view.left, view.top) >= 0, one.alt_text
            assert max(view.left, view.top) + view.size <= 1 + 1e-9, one.alt_text


def test_each_is_posted_once_by_somebody_whom_all_may_see() -> None:
    whole = plan()
    shown = [story for story in whole.posts if any(isinstance(shot, Take) for shot in story.shots)]
    takes = [shot.film for story in shown for shot in story.shots if isinstance(shot, Take)]
    assert sorted(takes) == list(range(len(FILMS)))
    assert not any(whole.people[story.author].is_private for story in shown)
    assert [story.number for story in shown] == list(range(300, 310))
    [carousel] = [story for story in shown if len(story.shots) > 1]
    before, take, after = carousel.shots
    assert isinstance(before, Shot)
    assert isinstance(take, Take)
    assert isinstance(after, Shot)
    assert FILMS[take.film].is_among_pictures
    assert before != after
    assert {PICTURES[before.picture].theme, PICTURES[after.picture].theme} == {FILMS[take.film].theme}


async def test_each_can_be_made_and_shows_something() -> None:
    """Two frames of each."""
    for one in FILMS:
        short = replace(one, pan=replace(one.pan, seconds=2 / one.pan.frames_per_second))
        seen = stills(await short.made(folder()))[0]
        assert seen.size == (one.pan.width, one.pan.height)
        grey = seen.convert("L").tobytes()
        assert max(grey) - min(grey) > 80, one.alt_text


async def test_where_ffmpeg_fails_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_space(_picture: bytes, _pan: Pan) -> bytes:
        raise MediaProcessingFailed("no space left on device")

    monkeypatch.setattr(films, "film", no_space)
    with pytest.raises(StartupError) as refused:
        await FILMS[0].made(folder())
    assert str(refused.value) == "A film of the demo town could not be made: no space left on device"


@pytest.mark.drill
@pytest.mark.parametrize("film", FILMS, ids=lambda one: one.alt_text)
async def test_one_form_takes_it_and_nobody_has_to_look_at_it(film: Film, tmp_path: Path) -> None:
    """Every quarter of a second of it: the poster is one of these."""
    made = await film.made(folder())
    assert made == await film.made(folder())
    assert len(made) < min(ONE_FORM, Settings().upload_max_bytes)
    seen = stills(made)[::5]
    paths = [tmp_path / f"{number}.jpg" for number in range(len(seen))]
    for path, still in zip(paths, seen, strict=True):
        still.convert("RGB").save(path)
    assert max(OpenNsfw().score(paths)) < MOST_NUDITY < Settings().nudity_hold_above
