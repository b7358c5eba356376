"""How long an answer takes does not tell whether there is something hidden under an id."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import orjson
import pytest
from rich.progress import track

from bench.load import Connection, Target
from bench.operations.operation import Call
from bench.servers import program
from models.ids import SHARD_MASK, SHARD_SHIFT
from services.backend import Backend
from tests.factories import make_user
from tests.posting import make_post
from tests.resolvers.posts import post_of

TIMES = 2000

NODE = (
    "query ($id: ID!) { node(id: $id) { id ... on Post { caption likeCount author { username }"
    " comments(first: 5) { nodes { text } } } } }"
)
LIKE = "mutation ($id: ID!) { like(input: {subjectId: $id}) { subject { id } userErrors { code message field } } }"


def told_apart(ones: list[float], others: list[float]) -> float:
    """The area under the ROC curve of a classifier that goes by time (Mann and Whitney's U, over all pairs): 0.5 for
    one that guesses. That of the better direction."""
    ranked = sorted([(value, 0) for value in ones] + [(value, 1) for value in others])
    rank_sum = sum(rank for rank, (_, label) in enumerate(ranked, 1) if label)
    pairs = len(ones) * len(others)
    area = (rank_sum - len(others) * (len(others) + 1) / 2) / pairs
    return max(area, 1 - area)


def test_the_measure() -> None:
    assert told_apart([1, 2, 3], [4, 5, 6]) == 1.0
    assert told_apart([4, 5, 6], [1, 2, 3]) == 1.0
    assert told_apart([1, 4], [2, 3]) == 0.5


@pytest.mark.drill
@pytest.mark.timeout(900)
@pytest.mark.parametrize("query", [NODE, LIKE], ids=["node", "like"])
async def test_forbidden_and_unknown_take_as_long(backend: Backend, query: str) -> None:
    """Also says how well they are told apart where nothing is done about it."""
    author, stranger = await make_user(backend, is_private=True), await make_user(backend)
    forbidden = [await make_post(backend, author, pictures=3, caption="Hidden") for _ in range(20)]
    shard = author.id >> SHARD_SHIFT & SHARD_MASK
    unknown = [number << 23 | shard << SHARD_SHIFT for number in range(1000, 1020)]

    async def measure(step: float) -> float:
        async with program(backend.settings, "app.py", miss_step_seconds=step) as running:
            connection = await Connection.open(running.port)
            target = Target(running.port, "/graphql", {stranger.id: stranger.access_token})

            async def ask(number: int) -> float:
                body = orjson.dumps({"query": query, "variables": {"id": post_of(number)}})
                request = target.request(Call(stranger.id, body))
                began = time.perf_counter()
                answer = await connection.send(request)
                took = time.perf_counter() - began
                assert b"Hidden" not in answer
                return took

            area = await area_of(ask, forbidden, unknown)
            connection.close()
            return area

    open_area, paced = await measure(0), await measure(0.01)
    print(f"\nAUC {paced:.3f}; {open_area:.3f} without pacing")
    assert paced <= 0.55


async def area_of(ask: Callable[[int], Awaitable[float]], forbidden: list[int], unknown: list[int]) -> float:
    times: dict[bool, list[float]] = {True: [], False: []}
    dice = random.Random(3)
    for _ in range(100):  # connections, types, caches
        await ask(dice.choice(forbidden))
        await ask(dice.choice(unknown))
    for _ in track(range(TIMES), description="pairs"):
        order = [True, False]
        dice.shuffle(order)
        for is_forbidden in order:
            times[is_forbidden].append(await ask(dice.choice(forbidden if is_forbidden else unknown)))
            await asyncio.sleep(0)
    return told_apart(times[True], times[False])
