"""All that happens in the town, in order, drawn from one seed: the same each time."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from commands.town.films import FILMS
from commands.town.graph import Follow, follows
from commands.town.people import SEED, SIGN_INS, Resident, residents
from commands.town.pictures import PICTURES, Theme
from commands.town.words import AGAIN, ANYTHING, COMMENTS, REPLIES

POSTS = 300
"""Of pictures; each film has a post besides."""
CAROUSELS = 8
WIDTH = 1080
WIDTH_AGAIN = 480
"""Of a picture that was posted before, in pixels: a quarter of the work, and it looks the same on a telephone."""
MEAN_LIKES = 5
MEAN_COMMENTS = 1.6
REPLIED = 0.25
SAVED = 0.12


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of PICTURES, as wide as it is sent."""

    picture: int
    width: int


@dataclass(frozen=True, slots=True)
class Take:
    """A film of FILMS."""

    film: int


_Show = tuple[Theme, tuple[Shot | Take, ...], str]
"""What a post shows, and says."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment. `answers` is the place of the one that it replies to, among those of its post."""

    author: int
    text: str
    answers: int | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A post and what becomes of it. `number` is what it is known by later, and stays the same; people are numbers."""

    number: int
    author: int
    shots: tuple[Shot | Take, ...]
    caption: str
    likers: tuple[int, ...]
    savers: tuple[int, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    people: list[Resident]
    follows: list[Follow]
    posts: list[Story]
    """In the order in which they are posted."""


def plan() -> Plan:
    chance = random.Random(SEED)  # noqa: S311  a town, not a secret
    people = residents()
    edges = follows(chance, len(people), SIGN_INS, {one.number for one in people if one.is_private})
    audience: dict[int, list[int]] = defaultdict(list)
    for edge in edges:
        if not edge.is_asked:
            audience[edge.followed].append(edge.follower)
    shown = [(PICTURES[shots[0].picture].theme, shots, caption) for shots, caption in _shows(chance)]
    posts = [_story(chance, people, audience, number, one) for number, one in enumerate(shown)]
    # Drawn after all else, so that a town without films is given them, and nothing else changes in it.
    public = [one for one in people if not one.is_private]
    films = [_story(chance, public, audience, POSTS + number, one) for number, one in enumerate(_films(chance))]
    return Plan(people, edges, _spread(films, posts))


def _story(
    chance: random.Random,
    people: Sequence[Resident],
    audience: dict[int, list[int]],
    number: int,
    show: _Show,
) -> Story:
    theme, shots, caption = show
    author = _author(chance, people, audience, theme)
    # A few are liked by many, as everywhere.
    excitement = chance.paretovariate(1.6)
    fans = list(audience[author])
    likers = tuple(chance.sample(fans, min(len(fans), int(excitement * MEAN_LIKES / 2.5))))
    savers = tuple(one for one in likers if chance.random() < SAVED)
    remarks = _remarks(chance, theme, author, fans, excitement)
    return Story(number, author, shots, caption, likers, savers, remarks)


def _films(chance: random.Random) -> list[_Show]:
    """What each film is posted with: one stands between two pictures of the same theme, the others alone."""
    shown: list[_Show] = []
    for number, film in enumerate(FILMS):
        shots: tuple[Shot | Take, ...] = (Take(number),)
        if film.is_among_pictures:
            fitting = [place for place, picture in enumerate(PICTURES) if picture.theme is film.theme]
            before, after = (Shot(place, WIDTH_AGAIN) for place in chance.sample(fitting, 2))
            shots = (before, *shots, after)
        shown.append((film.theme, shots, film.caption))
    return shown


def _spread(some: Sequence[Story], among: Sequence[Story]) -> list[Story]:
    """At even distances, so that the workers make pictures meanwhile."""
    share = len(among) // len(some)
    found: list[Story] = []
    for number, one in enumerate(some):
        found += [*among[number * share : (number + 1) * share], one]
    return [*found, *among[len(some) * share :]]


def _shows(chance: random.Random) -> list[tuple[tuple[Shot, ...], str]]:
    """What each post shows and says: every picture with its own caption, then again with another."""
    by_theme: dict[Theme, list[int]] = defaultdict(list)
    for number, picture in enumerate(PICTURES):
        by_theme[picture.theme].append(number)
    shows: list[tuple[tuple[Shot, ...], str]] = [
        ((Shot(number, WIDTH),), picture.caption) for number, picture in enumerate(PICTURES)
    ]
    for _ in range(CAROUSELS):
        theme = chance.choice(list(by_theme))
        some = chance.sample(by_theme[theme], min(len(by_theme[theme]), chance.randint(2, 4)))
        shows.append((tuple(Shot(number, WIDTH_AGAIN) for number in some), chance.choice(AGAIN[theme])))
    while len(shows) < POSTS:
        number = chance.randrange(len(PICTURES))
        shows.append(((Shot(number, WIDTH_AGAIN),), chance.choice(AGAIN[PICTURES[number].theme])))
    chance.shuffle(shows)
    return shows


def _author(chance: random.Random, people: Sequence[Resident], audience: dict[int, list[int]], theme: Theme) -> int:
    """Somebody who likes such things; those with followers post more."""
    fitting = [one for one in people if theme in one.themes or one.number < SIGN_INS]
    [author] = chance.choices(fitting, [1 + len(audience[one.number]) ** 0.5 for one in fitting])
    return author.number


def _remarks(
    chance: random.Random, theme: Theme, author: int, fans: Sequence[int], excitement: float
) -> tuple[Remark, ...]:
    found: list[Remark] = []
    count = min(len(fans), int(chance.random() * excitement * MEAN_COMMENTS))
    texts = chance.sample(COMMENTS[theme] + ANYTHING, min(count, len(COMMENTS[theme])))
    for fan, text in zip(chance.sample(fans, len(texts)), texts, strict=True):
        found.append(Remark(fan, text))
        if chance.random() < REPLIED:
            found.append(Remark(author, chance.choice(REPLIES), answers=len(found) - 1))
    return tuple(found)
