"""Five thousand likes of one post at once, over two processes: counted exactly, and as quick as on a quiet post."""

import asyncio
import contextlib
import random
import statistics
from dataclasses import dataclass, field

import httpx
import pytest

from core import clock
from models.tables import Counter
from services import counts
from services.backend import Backend
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import count_of, make_post, rows
from tests.recount import differences
from tests.resolvers.posts import mutate, post_of
from tests.resolvers.test_register_drill import api_process

PEOPLE, TIMES = 500, 10
QUIET = 500
AT_ONCE = 40
"""In flight: as many as two processes have connections for, and some that wait."""

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]


@dataclass(slots=True)
class Stopwatch:
    milliseconds: list[float] = field(default_factory=list)

    async def set(self, api: Api, name: str, post_id: int, person: Person) -> None:
        began = clock.monotonic()
        while True:
            # A server may close a connection that was idle at the moment at which it is used again.
            with contextlib.suppress(httpx.TransportError):
                given = {"subjectId": post_of(post_id)}
                payload = await mutate(api, name, "subject { viewerHasLiked }", given, person)
                break
        self.milliseconds.append((clock.monotonic() - began) * 1000)
        assert payload == {"subject": {"viewerHasLiked": name == "like"}, "userErrors": []}

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.milliseconds, n=20)[-1]


async def _people(backend: Backend, number: int) -> list[Person]:
    made: list[Person] = []
    while len(made) < number:
        made += await asyncio.gather(*(make_user(backend) for _ in range(min(20, number - len(made)))))
    return made


async def _liked_by(backend: Backend, post_id: int) -> list[tuple[object, ...]]:
    sql = "SELECT user_id FROM likes WHERE subject_id = $1 AND state = 'LIKED' AND withheld = 0 ORDER BY 1"
    return await rows(backend, post_id, sql, post_id)


async def test_thousands_of_likes_of_one_post(backend: Backend, child_environment: dict[str, str]) -> None:
    """Beside them, by the same people in the same queue, likes of posts that nobody else likes: they tell what of the
    time is the machine's, and what is waiting for each other."""
    author = await make_user(backend)
    people = await _people(backend, PEOPLE)
    hot_id, *quiet_ids = [await make_post(backend, author) for _ in range(1 + 50)]
    dice = random.Random(13)
    hot, quiet, alone = Stopwatch(), Stopwatch(), Stopwatch()
    gate = asyncio.Semaphore(AT_ONCE)
    quiet_logs = child_environment | {"HELIOGRAPH_LOG_LEVEL": "WARNING"}

    async def one(watch: Stopwatch, api: Api, post_id: int, person: Person) -> None:
        async with gate:
            await watch.set(api, "like", post_id, person)

    async with api_process(quiet_logs) as (first, _), api_process(quiet_logs) as (second, _):
        apis = [first, second]
        for number in range(100):
            await alone.set(apis[number % 2], "like", quiet_ids[number % 50], people[-1 - number])
        todo = [(hot, hot_id, person) for person in people for _ in range(TIMES)]
        todo += [(quiet, quiet_ids[number % 50], people[number // 50]) for number in range(QUIET)]
        dice.shuffle(todo)
        began = clock.monotonic()
        await asyncio.gather(
            *(one(watch, apis[n % 2], post_id, person) for n, (watch, post_id, person) in enumerate(todo))
        )
        seconds = clock.monotonic() - began
    truth = await _liked_by(backend, hot_id)
    assert truth == sorted((person.id,) for person in people)
    assert await count_of(backend, hot_id, Counter.LIKES) == PEOPLE
    await counts.fold(backend, hot_id)
    assert await count_of(backend, hot_id, Counter.LIKES) == PEOPLE
    assert await differences(backend, {author.id, hot_id, *quiet_ids}) == []
    mirrored = "SELECT user_id FROM likes_given WHERE subject_id = $1 AND state = 'LIKED'"
    assert sorted(tuple(row) for row in await backend.reader().on_every_node(mirrored, hot_id)) == truth
    ratio = hot.p95 / quiet.p95
    print(  # noqa: T201  the figure asked for
        f"\n{len(hot.milliseconds)} likes by {PEOPLE} people in {seconds:.1f} s, {AT_ONCE} at once: p95"
        f" {hot.p95:.0f} ms on the one post, {quiet.p95:.0f} ms on quiet ones beside it (ratio {ratio:.2f}),"
        f" {alone.p95:.0f} ms with nothing beside it"
    )
    assert ratio < 1.5
