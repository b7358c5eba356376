"""Somebody who liked twenty thousand posts and has twenty thousand followers is suspended and restored, while others
like the same posts at once."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import text

from core import clock
from core.settings import Settings
from models.global_ids import NodeKind
from models.ids import shard_of
from models.tables import Withheld
from services.accounts.suspension import restore, suspend
from services.backend import Backend
from services.consequences import EventKind
from services.likes import like, unlike
from services.outbox import Unfinished
from services.withholding import withhold_person
from tests.empty_store import empty_store
from tests.factories import Person, make_user
from tests.posting import links
from tests.recount import differences, misjudged
from tests.services.feeds.town import StepJob
from workers.fast import FAST

# On one shard: an author, posts of theirs that the person likes, and people who follow the person.
_LIKED = """
    WITH author AS (
        INSERT INTO users (id, username) SELECT id, 'u' || id FROM (SELECT mint_id(:shard) AS id) AS minted RETURNING id
    ), posted AS (
        INSERT INTO posts (id, author_id, kind, media)
        SELECT mint_id(:shard), author.id, 'PHOTO', '[]' FROM author, generate_series(1, :number)
        RETURNING id, author_id
    ), liked AS (
        INSERT INTO likes (subject_id, user_id, state, version, since)
        SELECT id, :person, 'LIKED', 1, clock_now() FROM posted
    ), counted AS (
        INSERT INTO counts (object_id, counter, value)
        SELECT id, 4, 1 FROM posted UNION ALL SELECT author_id, 3, count(*) FROM posted GROUP BY author_id
    )
    SELECT id FROM posted
"""
_FOLLOWING = """
    WITH followed AS (
        INSERT INTO following (follower_id, followed_id, followed_username, followed_name, followed_name_version,
                               followed_search, state, version, since)
        SELECT mint_id(:shard), :person, '', '', 1, '', 'ACCEPTED', 1, clock_now() FROM generate_series(1, :number)
        RETURNING follower_id
    ), counted AS (
        INSERT INTO counts (object_id, counter, value) SELECT follower_id, 2, 1 FROM followed
    )
    SELECT follower_id FROM followed
"""
_OWN = """
    WITH given AS (
        INSERT INTO likes_given (user_id, subject_id, state, version, since)
        SELECT :person, id, 'LIKED', 1, clock_now() FROM unnest(CAST(:posts AS bigint[])) AS id
    ), followers AS (
        INSERT INTO follows (followed_id, follower_id, follower_username, follower_name, follower_name_version,
                             follower_search, state, version, since)
        SELECT :person, id, '', '', 1, '', 'ACCEPTED', 1, clock_now() FROM unnest(CAST(:followers AS bigint[])) AS id
    )
    INSERT INTO counts (object_id, counter, value) SELECT :person, 1, cardinality(CAST(:followers AS bigint[]))
"""
_WITHHELD = """
    SELECT subject_id AS id FROM likes WHERE withheld = $1
    UNION ALL SELECT follower_id FROM following WHERE withheld = $1
"""


@pytest.fixture(scope="module")
async def store(settings: Settings) -> AsyncIterator[Backend]:
    async with empty_store(settings, "withholding_crowd", redis=12) as backend:
        yield backend


async def crowd(backend: Backend, person: Person, each: int) -> list[int]:
    """The posts: so many on each shard, and as many followers."""
    posts: list[int] = []
    followers: list[int] = []
    for shard in range(backend.shards.logical_shards):
        values = {"shard": shard, "person": person.id, "number": each}
        async with backend.transaction(shard) as transaction:
            posts += (await transaction.session.scalars(text(_LIKED), values)).all()
            followers += (await transaction.session.scalars(text(_FOLLOWING), values)).all()
    async with backend.transaction(shard_of(person.id)) as transaction:
        await transaction.session.execute(text(_OWN), {"person": person.id, "posts": posts, "followers": followers})
    return posts


async def judged(backend: Backend, person: Person, rows: int) -> float:
    """Runs the job of a suspension or its end; the seconds that it took."""
    job = StepJob(backend, 0, EventKind.USER_SUSPENDED, "", {"user_id": person.id}, 1, None, 10.0)
    began, turns = clock.monotonic(), 0
    while True:
        turns += 1
        try:
            await withhold_person(job)
        except Unfinished:
            print(f"  {clock.monotonic() - began:6.1f} s: {len(job.saved)} chunks")  # noqa: T201
            continue
        break
    seconds = clock.monotonic() - began
    print(f"{rows} rows in {seconds:.1f} s, {turns} turns, {len(job.saved)} chunks")  # noqa: T201
    return seconds


async def _suspended_and_restored(backend: Backend, each: int, fans: int, least: int) -> None:
    person = await make_user(backend)
    posts = await crowd(backend, person, each)
    others = [await make_user(backend) for _ in range(fans)]
    dice, ended = random.Random(3), asyncio.Event()
    done: list[tuple[int, int]] = []
    touched: set[int] = set()

    async def keep_liking(who: Person) -> None:
        """The person too, by requests that were let in before."""
        while not ended.is_set():
            post_id = dice.choice(posts)
            if who is person:
                touched.add(post_id)
            await dice.choice([like, like, unlike])(backend, links(backend), who.id, NodeKind.POST, post_id)
            done.append((who.id, post_id))
            await asyncio.sleep(0.01)

    liking = [asyncio.create_task(keep_liking(one)) for one in (person, *others)]
    rows = 2 * len(posts)
    changes: list[tuple[Callable[[Backend, int], Awaitable[bool]], bool]] = [(suspend, True), (restore, False)]
    for change, is_withheld in changes:
        assert await change(backend, person.id)
        seconds = await judged(backend, person, rows)
        assert seconds < 600
        found = await backend.reader().on_every_node(_WITHHELD, Withheld.SUSPENSION.value)
        withheld = {row["id"] for row in found}
        # What the person likes and unlikes meanwhile is judged by the jobs behind it, which run at the end.
        assert withheld.intersection(posts) - touched == (set(posts) - touched if is_withheld else set())
        assert len(withheld.difference(posts)) == (len(posts) if is_withheld else 0)
    ended.set()
    await asyncio.gather(*liking)
    assert len(done) > least
    for user_id, post_id in done:
        payload = {"subject_kind": "POST", "subject_id": post_id, "user_id": user_id}
        await FAST.functions["repair_like"](StepJob(backend, 0, EventKind.LIKED, "", payload, 1, None, 10.0))
    assert await misjudged(backend) == []
    assert await differences(backend) == []
    print(f"{len(done)} likes and unlikes beside it; no count is wrong")  # noqa: T201


async def test_many_likes_and_followers_beside_other_likes(store: Backend) -> None:
    await _suspended_and_restored(store, each=12, fans=4, least=5)


@pytest.mark.drill
@pytest.mark.timeout(1800)
async def test_twenty_thousand_likes_and_followers_beside_other_likes(store: Backend) -> None:
    await _suspended_and_restored(store, each=313, fans=16, least=200)
