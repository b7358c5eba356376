"""How well removed pictures are known again, and how seldom others are taken for them. `make drill` prints the figures:

make drill ARGS="-s tests/media/judging/test_removed_drill.py"
"""

import io
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands.town.photographs import folder
from commands.town.pictures import PICTURES
from core import clock
from core.settings import Settings
from media.judging.examiner import Examiner
from media.judging.likeness import ALIKE, COMPARABLE, Likenesses
from media.judging.protocol import Seen
from media.pictures import Limits
from media.runner import ImageRunner
from services.moderation.judging import WIDEST, judged_of
from tests.media.judging.wallpapers import PACKAGES, different, quarters, unpacked
from tests.pictures import encoded

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1200)]
WANTED = 300
REMOVED = 20
Change = Callable[[Image.Image], Image.Image]


def tell(figures: str) -> None:
    sys.stderr.write(f"{figures}\n")


def cut(left: float, top: float, right: float, bottom: float) -> Change:
    def changed(picture: Image.Image) -> Image.Image:
        width, height = picture.size
        return picture.crop(
            (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
        )

    return changed


def at_quality_60(picture: Image.Image) -> Image.Image:
    return Image.open(io.BytesIO(encoded(picture, quality=60)))


CHANGES: dict[str, tuple[Change, float]] = {
    "encoded again at quality 60": (at_quality_60, 0.9),
    "made half as large": (lambda one: one.resize((one.width // 2, one.height // 2)), 0.9),
    "3 % cut off, all around": (cut(0.015, 0.015, 0.015, 0.015), 0.9),
    "3 % cut off at each side": (cut(0.03, 0.03, 0.03, 0.03), 0.9),
    "3 % cut off on the left": (cut(0.03, 0, 0, 0), 0.9),
    "3 % cut off at the top": (cut(0, 0.03, 0, 0), 0.9),
    "3 % cut off at a corner": (cut(0, 0, 0.03, 0.03), 0.9),
    "half, 3 % cut, quality 60": (
        lambda one: at_quality_60(cut(0.015, 0.015, 0.015, 0.015)(one).resize((one.width // 2, one.height // 2))),
        0.9,
    ),
    "mirrored": (lambda one: one.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 0.9),
    "turned by 90°": (lambda one: one.transpose(Image.Transpose.ROTATE_90), 0.9),
    # What is not asked for: said, so that nobody believes more of it than it does.
    "10 % cut off, all around": (cut(0.05, 0.05, 0.05, 0.05), 0.0),
}
"""What is done to a picture, and the share of which at least is to be caught."""


@pytest.fixture(scope="module")
def wallpapers(tmp_path_factory: pytest.TempPathFactory) -> list[Image.Image]:
    return different(unpacked(tmp_path_factory.mktemp("wallpapers")))


async def rendered(runner: ImageRunner, picture: Image.Image, place: Path) -> Path:
    """What is judged of it: through the pipeline, as it is uploaded."""
    place.mkdir()
    source = place / "source.jpg"
    picture.save(source, quality=90)
    made = await runner.process_image(source, place, Limits.of(Settings()))
    return judged_of(made.variants)


async def test_a_removed_picture_sent_again(wallpapers: list[Image.Image], tmp_path: Path) -> None:
    every = max(1, len(wallpapers) // REMOVED)
    pictures = wallpapers[::every][:REMOVED]
    caught = dict.fromkeys(CHANGES, 0)
    compared = 0
    async with ImageRunner() as runner, Examiner() as examiner:
        for number, picture in enumerate(pictures):
            removed = await rendered(runner, picture, tmp_path / f"{number}")
            [kept] = await examiner.remember([removed])
            if kept.quality < COMPARABLE:
                continue
            compared += 1
            held = Likenesses()
            held.add(b"".join(kept.packed))
            for turn, (name, (change, _)) in enumerate(CHANGES.items()):
                again = await rendered(runner, change(picture), tmp_path / f"{number}-{turn}")
                [seen] = await examiner.look([again], is_scored=False)
                caught[name] += held.knows(seen.packed)
    tell(f"\n{compared} of {len(pictures)} removed pictures can be compared; sent again they are caught:")
    for name, count in caught.items():
        tell(f"  {name:30} {count} of {compared}")
    assert compared >= len(pictures) // 2
    for name, (_, least) in CHANGES.items():
        assert caught[name] >= least * compared, name


async def test_other_pictures_are_not_taken_for_removed_ones(wallpapers: list[Image.Image], tmp_path: Path) -> None:
    pictures = list(wallpapers)
    for picture in wallpapers:
        if len(pictures) >= WANTED:
            break
        pictures += quarters(picture)
    pictures = pictures[:WANTED]
    paths = []
    for number, picture in enumerate(pictures):
        paths.append(tmp_path / f"{number}.jpg")
        picture.thumbnail((WIDEST, 4 * WIDEST))
        picture.save(paths[-1], quality=85)
    async with Examiner() as examiner:
        kept = [(await examiner.remember([path]))[0] for path in paths]
        seen = [(await examiner.look([path], is_scored=True))[0] for path in paths]
    scores = sorted((one.nudity or 0.0 for one in seen), reverse=True)
    comparable = [number for number, one in enumerate(kept) if one.quality >= COMPARABLE]
    taken = [pair for pair in pairs(comparable) if is_taken(kept[pair[0]], seen[pair[1]])]
    own = len(wallpapers)
    tell(
        f"\n{len(pictures)} pictures: {min(own, WANTED)} different photographs of {', '.join(PACKAGES)}, and"
        f" {max(0, len(pictures) - own)} quarters of them; {len(comparable)} can be compared."
        f"\nTaken for another: {len(taken)} of {len(comparable) * (len(comparable) - 1)} ordered pairs {taken[:20]}."
        f"\nHighest scores of nudity: {', '.join(f'{one:.3f}' for one in scores[:8])};"
        f" above 0.8: {sum(one > 0.8 for one in scores)}."
    )
    assert taken == []


def pairs(numbers: list[int]) -> list[tuple[int, int]]:
    return [(one, other) for one in numbers for other in numbers if one != other]


def is_taken(kept: Seen, seen: Seen) -> bool:
    left = np.frombuffer(b"".join(kept.packed), np.uint64).reshape(-1, 1, 4)
    right = np.frombuffer(b"".join(seen.packed), np.uint64).reshape(1, -1, 4)
    return bool(np.bitwise_count(left ^ right).sum(axis=2, dtype=np.uint16).min() <= ALIKE)


async def test_nothing_of_the_demo_town_is_held(tmp_path: Path) -> None:
    paths = []
    for number, picture in enumerate(PICTURES):
        for name, data in (("whole", picture.jpeg(folder(), WIDEST)), ("square", picture.square(folder(), WIDEST))):
            paths.append(tmp_path / f"{number}-{name}.jpg")
            paths[-1].write_bytes(data)
    async with Examiner() as examiner:
        seen = [(await examiner.look([path], is_scored=True))[0] for path in paths]
    scores = [one.nudity for one in seen if one.nudity is not None]
    tell(f"\n{len(paths)} pictures of the demo town: the highest score of nudity is {max(scores):.3f}.")
    assert len(scores) == len(paths)
    assert max(scores) < Settings().nudity_hold_above


def test_a_hundred_thousand_hashes() -> None:
    held = Likenesses()
    began = clock.monotonic()
    for _ in range(100):
        held.add(secrets.token_bytes(32 * 1000))
    filled = clock.monotonic() - began
    asked = [[secrets.token_bytes(32) for _ in range(8)] for _ in range(20)]
    began = clock.monotonic()
    assert not any(held.knows(one) for one in asked)
    each = (clock.monotonic() - began) / len(asked)
    tell(
        f"\n{len(held):,} hashes: {held._words.nbytes / 2**20:.1f} MB, filled in {filled * 1000:.0f} ms;"
        f" one picture in eight orientations is looked for in {each * 1000:.1f} ms."
    )
    assert held._words.nbytes < 8 * 2**20
    assert each < 0.2
