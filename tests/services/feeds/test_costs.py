"""What a page of the home feed costs, counted by the servers: constants, whomever the viewer follows."""

import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from models.ids import MAX_ID, shard_of
from models.reads.feeds import LATEST_POSTS_OF, LATEST_PUSHED_OF
from models.tables import Counter
from services import counts
from services.backend import Backend
from services.feeds import timeline
from services.feeds.home import home_feed
from services.feeds.pulled import forget_pulled, pulled_authors
from services.feeds.sources import HEADS, authors_for
from services.visible import MediaLinks
from tests.services.feeds.town import Town
from tests.statements import counted

WARM = ([4, 2], 1)
"""Statements on the viewer's node and on the other one; round trips to Redis. Marks, sources, what is pulled, posts;
and what is pulled, posts."""
COLD = ([5, 2], 1)
"""Marks, sources, whom the viewer follows, the latest posts, posts; and the latest posts, posts."""
BUILT = ([2, 1], 1)
"""Behind the cold page: whom the viewer follows, what of theirs is pushed."""

_CROWD = """
    WITH people AS (
        INSERT INTO users (id, username)
        SELECT id, 'crowd' || id FROM (SELECT mint_id(:shard) AS id FROM generate_series(1, :count)) AS minted
        RETURNING id
    ), edges AS (
        INSERT INTO follows (followed_id, follower_id, state, version, since, withheld, follower_username,
                             follower_name, follower_name_version, follower_search)
        SELECT id, :viewer, 'ACCEPTED', 1, clock_now(), 0, '', '', 1, '' FROM people
    )
    SELECT id FROM people
"""
_POSTS = """
    INSERT INTO posts (id, author_id, kind, media)
    SELECT mint_id(:shard), author, 'PHOTO', '[]' FROM unnest(CAST(:authors AS bigint[])) AS author
"""
_MIRRORS = """
    INSERT INTO following (follower_id, followed_id, state, version, since, withheld, followed_username,
                           followed_name, followed_name_version, followed_search)
    SELECT :viewer, id, 'ACCEPTED', 1, clock_now(), 0, '', '', 1, '' FROM unnest(CAST(:people AS bigint[])) AS id
"""


@pytest.fixture
async def own(backend: Backend) -> AsyncIterator[Town]:
    """A town whose timelines hold as many as in production, in a Redis that nothing else asks meanwhile."""
    opened = await Backend.open(backend.settings)
    yield Town(opened)
    await opened.close()


async def crowded(town: Town, follows: int, pulled: int, rounds: int) -> int:
    """A viewer of so many people on all shards, `pulled` of whom are pulled. Each has posted in each round, last those
    who are pulled, on both nodes by turns."""
    backend = town.backend
    shards = list(range(backend.shards.logical_shards))
    viewer = await town.person(0)
    people: dict[int, list[int]] = {}
    for place, shard in enumerate(shards):
        count = follows // len(shards) + (place < follows % len(shards))
        async with backend.transaction(shard) as transaction:
            made = await transaction.session.execute(text(_CROWD), {"shard": shard, "count": count, "viewer": viewer})
            people[shard] = list(made.scalars())
    everybody = [person for some in people.values() for person in some]
    async with backend.transaction(shard_of(viewer)) as transaction:
        await transaction.session.execute(text(_MIRRORS), {"viewer": viewer, "people": everybody})
        await counts.add(transaction, viewer, Counter.FOLLOWING, follows)
    some_pulled = [people[shards[place % len(shards)]].pop() for place in range(pulled)]
    for _ in range(rounds):
        for shard, some in people.items():
            async with backend.transaction(shard) as transaction:
                await transaction.session.execute(text(_POSTS), {"shard": shard, "authors": some})
        for author in some_pulled:
            await town.post(author)
    for author in some_pulled:
        await town.open_interval(author, since_id=1)
    forget_pulled(backend)
    await pulled_authors(backend)
    return viewer


async def page(town: Town, viewer: int, first: int) -> list[int]:
    backend = town.backend
    shown = await home_feed(backend, backend.reader(), MediaLinks(backend.signer), viewer, first=first)
    return [post.id for post in shown.nodes]


async def cost_of_pages(town: Town, viewer: int, follows: int) -> None:
    backend = town.backend
    home = backend.shards.node_of(shard_of(viewer))
    expected = [row["id"] for row in await backend.reader().on_every_node(
        "SELECT p.id FROM posts p WHERE author_id = ANY($1) AND state = 'LIVE' ORDER BY id DESC LIMIT 100",
        await authors_for(backend.reader(), viewer),
    )]  # fmt: skip
    expected = sorted(expected, reverse=True)
    await page(town, viewer, 1)
    await backend.background.settled()  # now Redis knows the scripts, and connections are open
    for first in (2, 20, 90):
        await backend.redis.delete(timeline.key_of(viewer))
        async with counted(backend.settings) as both:
            began = time.perf_counter()
            assert await page(town, viewer, first) == expected[:first]
            cold_ms = (time.perf_counter() - began) * 1000
            began = time.perf_counter()
            await backend.background.settled()
            built_ms = (time.perf_counter() - began) * 1000
        async with counted(backend.settings) as warm:
            began = time.perf_counter()
            assert await page(town, viewer, first) == expected[:first]
            warm_ms = (time.perf_counter() - began) * 1000
        found = [([spent.per_node[home], spent.per_node[1 - home]], spent.redis_trips) for spent in (warm, both)]
        print(  # noqa: T201  the figures that are asked for
            f"{follows} followed, a page of {first}: warm {found[0]} {warm_ms:.0f} ms,"
            f" cold with the build behind it {found[1]} {cold_ms:.0f} + {built_ms:.0f} ms"
        )
        assert found[0] == WARM
        assert found[1] == ([COLD[0][node] + BUILT[0][node] for node in (0, 1)], COLD[1] + BUILT[1])


async def test_of_50_who_are_pushed_and_20_who_are_pulled(own: Town) -> None:
    viewer = await crowded(own, 70, 20, rounds=3)
    assert len((await pulled_authors(own.backend)).of(await authors_for(own.backend.reader(), viewer))) == 20
    await cost_of_pages(own, viewer, 70)


@pytest.mark.timeout(180)
async def test_of_7500(own: Town) -> None:
    viewer = await crowded(own, 7500, 20, rounds=4)
    backend = own.backend
    for node in (0, 1):
        await backend.shards.pool(node).execute("ANALYZE posts, users, follows, following")
    await cost_of_pages(own, viewer, 7500)
    authors = backend.shards.by_node(await authors_for(backend.reader(), viewer))[0]
    for name, sql, count, more in (
        ("a cold page", LATEST_POSTS_OF, 21, ()),
        ("a build", LATEST_PUSHED_OF, 1000, (viewer,)),
    ):
        arguments = (authors, [], MAX_ID, count, count // HEADS + 1, *more)
        rows = await backend.reader().on_node(0, f"EXPLAIN (ANALYZE, BUFFERS) {sql}", *arguments)
        plan = "\n".join(row[0] for row in rows)
        print(f"{name} of {len(authors)} authors on a node:\n{plan}")  # noqa: T201
        assert "Seq Scan on posts" not in plan
