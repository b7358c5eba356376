"""With what is asked for at once, and not found, the step grows: else the bits of time by which each hidden thing takes
longer would add up to more than one step."""

import time

import pytest

from loaders.context import Context
from routes.pace import even_out
from services.backend import Backend
from services.live import Live
from tests.api import Api
from tests.factories import make_user
from tests.resolvers.posts import nobody

STEP = 0.02


@pytest.fixture
def context(backend: Backend) -> Context:
    paced = Backend(
        backend.settings.model_copy(update={"miss_step_seconds": STEP}),
        backend.shards,
        backend.redis,
        backend.storage,
        backend.signer,
    )
    return Context(paced, Live(paced.redis))


async def left_after(context: Context, worked: float) -> float:
    began = time.monotonic() - worked
    await even_out(context, began)
    return time.monotonic() - began


async def test_what_was_found_leaves_at_once(context: Context) -> None:
    assert context.found("a row") == "a row"
    assert await left_after(context, 0) < STEP


@pytest.mark.parametrize("misses", [1, 10])
async def test_it_leaves_behind_a_multiple_of_the_step_of_each(context: Context, misses: int) -> None:
    for _ in range(misses):
        assert context.found(None) is None
    for worked in (0.0001, misses * STEP * 0.7):
        took = await left_after(context, worked)
        assert misses * STEP <= took < misses * STEP * 2.5
    assert misses * STEP * 2 <= await left_after(context, misses * STEP * 1.1)


async def test_each_id_of_a_refused_mutation_counts(
    api: Api, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    miss = Context.miss

    def noted(self: Context, count: int = 1) -> None:
        seen.append(count)
        miss(self, count)

    monkeypatch.setattr(Context, "miss", noted)
    viewer = await make_user(backend)
    posts, people = [nobody(of="POST")] * 7, [nobody(of="USER")]
    collect = 'mutation ($ids: [ID!]) { createCollection(input: {name: "A", postIds: $ids}) { userErrors { code } } }'
    share = "mutation ($p: ID!, $ids: [ID!]) { sharePost(input: {postId: $p, userIds: $ids}) { userErrors { code } } }"
    follow = "mutation ($id: ID!) { follow(input: {userId: $id}) { userErrors { code } } }"
    for query, variables in (
        (collect, {"ids": posts}),
        (share, {"p": posts[0], "ids": people}),
        (follow, {"id": people[0]}),
    ):
        await api.data(query, variables, token=viewer.access_token)
    assert seen == [7, 2, 1]
