"""What was withdrawn is known, also after Redis forgot it."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from core import clock
from core.errors import ShardUnavailable
from core.settings import ROOT, Settings
from media.signing import CachePolicy, Grant
from models.ids import shard_of
from models.shards import Transaction
from services import withdrawals
from services.backend import Backend
from services.consequences import EventKind
from services.scripts import run
from services.uploads.rows import keys_of, renditions_of
from services.withdrawals import (
    KEY,
    announce_withdrawals,
    is_withdrawn,
    withdraw,
    withdraw_content,
    withdraw_owner,
    withdraw_post_media,
)
from tests.factories import Person, make_user
from tests.posting import events_about, job_of, make_post, rows
from tests.statements import counted

EVER = 2**53


@pytest.fixture
async def owner(backend: Backend) -> Person:
    return await make_user(backend)


@pytest.fixture
async def complete(backend: Backend) -> None:
    """Redis knows all that there is."""
    await is_withdrawn(backend, secrets.token_urlsafe(16), Grant(1, 0, CachePolicy.PUBLIC))
    await backend.background.settled()


@pytest.fixture
async def forgetful(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Backend]:
    """A backend that dies right behind each commit: what was to be done then is not done."""

    async def nothing(*_: object) -> None:
        return

    monkeypatch.setattr(withdrawals, "_announce", nothing)
    yield backend
    await backend.redis.delete(KEY)


async def within(backend: Backend, owner: Person, act: Callable[[Transaction], Awaitable[None]]) -> None:
    async with backend.transaction(shard_of(owner.id)) as transaction:
        await act(transaction)


async def withdrawn(backend: Backend, owner: Person, below: int = EVER) -> str:
    """A rendition of the owner of which the epochs below are withdrawn."""
    rendition = secrets.token_urlsafe(16)
    await within(backend, owner, lambda transaction: withdraw(transaction, owner.id, [rendition], below))
    return rendition


async def refused(backend: Backend, owner: Person, rendition: str, policy: CachePolicy = CachePolicy.PUBLIC) -> int:
    """The lowest of the epochs 0 to 9 whose URLs are served; 10 for none. None below it is."""
    answers = [await is_withdrawn(backend, rendition, Grant(owner.id, epoch, policy)) for epoch in range(10)]
    assert answers == sorted(answers, reverse=True)
    return sum(answers)


async def epochs(backend: Backend, owner: Person) -> tuple[int, int]:
    [found] = await rows(backend, owner.id, "SELECT media_epoch, media_floor FROM users WHERE id = $1", owner.id)
    return found[0], found[1]


def media_events(backend: Backend, owner: Person) -> Awaitable[list[Any]]:
    return events_about(backend, owner.id, EventKind.MEDIA_WITHDRAWN, owner_id=owner.id)


async def test_known_when_the_transaction_is_left(backend: Backend, owner: Person, complete: None) -> None:
    other = secrets.token_urlsafe(16)
    assert await refused(backend, owner, await withdrawn(backend, owner)) == 10
    assert await refused(backend, owner, await withdrawn(backend, owner, 3)) == 3
    assert await refused(backend, owner, other) == 0
    await within(backend, owner, lambda transaction: withdraw(transaction, owner.id, []))
    assert len(await media_events(backend, owner)) == 2


async def test_nothing_is_withdrawn_by_what_is_rolled_back(backend: Backend, owner: Person, complete: None) -> None:
    rendition = secrets.token_urlsafe(16)

    async def fail(transaction: Transaction) -> None:
        await withdraw(transaction, owner.id, [rendition])
        await withdraw_owner(transaction, owner.id)
        raise LookupError

    with pytest.raises(LookupError):
        await within(backend, owner, fail)
    assert await refused(backend, owner, rendition) == 0
    assert (await epochs(backend, owner), await media_events(backend, owner)) == ((0, 0), [])


@pytest.mark.parametrize("lose", [False, True], ids=["in Redis", "in PostgreSQL"])
async def test_of_two_withdrawals_the_higher_stands(
    backend: Backend, owner: Person, complete: None, *, lose: bool
) -> None:
    rendition = await withdrawn(backend, owner, 4)
    for below, stands in ((6, 6), (2, 6), (EVER, 10), (3, 10)):
        await within(backend, owner, lambda transaction, to=below: withdraw(transaction, owner.id, [rendition], to))  # type: ignore[misc]
        if lose:
            await backend.redis.delete(KEY)
        assert await refused(backend, owner, rendition) == stands


async def test_an_account_that_goes_private_keeps_its_avatar(backend: Backend, owner: Person, complete: None) -> None:
    rendition = secrets.token_urlsafe(16)
    for expected in (1, 2):
        await within(backend, owner, lambda transaction: withdraw_content(transaction, owner.id))
        assert await epochs(backend, owner) == (expected, expected)
        for policy in (CachePolicy.PUBLIC, CachePolicy.PRIVATE):
            assert await refused(backend, owner, rendition, policy) == expected
        assert await refused(backend, owner, rendition, CachePolicy.AVATAR) == 0


async def test_of_a_suspended_owner_all_dies(backend: Backend, owner: Person, complete: None) -> None:
    rendition = secrets.token_urlsafe(16)
    await within(backend, owner, lambda transaction: withdraw_content(transaction, owner.id))
    await within(backend, owner, lambda transaction: withdraw_owner(transaction, owner.id))
    assert await epochs(backend, owner) == (2, 2)
    assert [await refused(backend, owner, rendition, policy) for policy in CachePolicy] == [2] * 4
    other = await make_user(backend)
    assert [await refused(backend, other, rendition, policy) for policy in CachePolicy] == [0] * 4


async def test_a_posts_media_die_alone(backend: Backend, owner: Person, complete: None) -> None:
    post_id, other_id = await make_post(backend, owner, films=1), await make_post(backend, owner)
    await within(backend, owner, lambda transaction: withdraw_post_media(transaction, owner.id, post_id))
    await within(backend, owner, lambda transaction: withdraw_post_media(transaction, owner.id, post_id))
    assert await epochs(backend, owner) == (2, 0)
    found = await rows(backend, owner.id, "SELECT id, media_epoch, media FROM posts WHERE author_id = $1", owner.id)
    assert {number: epoch for number, epoch, _ in found} == {post_id: 2, other_id: 0}
    for number, epoch, media in found:
        renditions = set(renditions_of(key for inline in media for key in keys_of(inline)))
        assert len(renditions) == (2 if number == post_id else 1)
        assert [await refused(backend, owner, rendition) for rendition in renditions] == [epoch] * len(renditions)


@pytest.mark.parametrize("number", [0, 1])
async def test_who_is_not_there_has_nothing_to_withdraw(backend: Backend, owner: Person, number: int) -> None:
    acts = [
        lambda transaction: withdraw_owner(transaction, number),
        lambda transaction: withdraw_content(transaction, number),
        lambda transaction: withdraw_post_media(transaction, owner.id, number),
    ]
    for act in acts:
        with pytest.raises(LookupError):
            await within(backend, owner, act)
    assert await epochs(backend, owner) == (0, 0)


async def test_the_handler_announces_what_the_process_did_not(forgetful: Backend, owner: Person) -> None:
    await is_withdrawn(forgetful, "", Grant(1, 0, CachePolicy.PUBLIC))
    await forgetful.background.settled()
    rendition = await withdrawn(forgetful, owner, 5)
    await within(forgetful, owner, lambda transaction: withdraw_owner(transaction, owner.id))
    assert await refused(forgetful, owner, rendition) == 0
    events = await media_events(forgetful, owner)
    assert events == [
        {"owner_id": owner.id, "renditions": [rendition]},
        {"owner_id": owner.id, "renditions": ["avatar", "content"]},
    ]
    for payload in [*events, *events[::-1]]:
        await announce_withdrawals(job_of(forgetful, EventKind.MEDIA_WITHDRAWN, payload))
    assert await refused(forgetful, owner, rendition) == 5
    assert await refused(forgetful, owner, "", CachePolicy.AVATAR) == 1


async def test_a_process_that_dies_behind_the_commit(
    backend: Backend, owner: Person, complete: None, child_environment: dict[str, str], tmp_path: Path
) -> None:
    mortal = {"CRASH_AT": "withdrawals.before_announce", "HELIOGRAPH_DATA": os.fspath(tmp_path)}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.services.closing", str(owner.id), env=child_environment | mortal, cwd=ROOT
    )
    assert await child.wait() == -signal.SIGKILL
    assert await epochs(backend, owner) == (1, 1)
    states = await rows(
        backend,
        owner.id,
        "SELECT d.handler FROM deliveries d JOIN events e ON e.id = d.event_id"
        " WHERE e.kind = 'MediaWithdrawn' AND (e.payload ->> 'owner_id')::bigint = $1",
        owner.id,
    )
    assert states == [("announce_withdrawals",)]
    [payload] = await media_events(backend, owner)
    await announce_withdrawals(job_of(backend, EventKind.MEDIA_WITHDRAWN, payload))
    assert await refused(backend, owner, "") == 1


async def test_one_round_trip(backend: Backend, settings: Settings, owner: Person, complete: None) -> None:
    rendition = await withdrawn(backend, owner)
    async with counted(settings) as spent:
        assert await is_withdrawn(backend, rendition, Grant(owner.id, 0, CachePolicy.PUBLIC))
    assert (spent.redis_trips, spent.per_node) == (1, [0, 0])


async def test_the_set_is_made_anew_when_redis_forgot_it(forgetful: Backend, owner: Person) -> None:
    rendition = await withdrawn(forgetful, owner, 3)
    await within(forgetful, owner, lambda transaction: withdraw_content(transaction, owner.id))
    await forgetful.redis.delete(KEY)
    assert await refused(forgetful, owner, rendition) == 3
    assert await refused(forgetful, owner, "") == 1
    await forgetful.background.settled()
    assert await forgetful.redis.zmscore(KEY, [rendition, f"content:{owner.id}"]) == [3.0, 1.0]
    assert 0 < await forgetful.redis.ttl(KEY) <= forgetful.settings.media_url_seconds
    assert await refused(forgetful, owner, rendition) == 3
    assert await refused(forgetful, owner, "") == 1


async def test_what_is_announced_to_an_empty_redis_does_not_make_the_set_complete(
    backend: Backend, forgetful: Backend, owner: Person
) -> None:
    forgotten = await withdrawn(forgetful, owner)
    await backend.redis.delete(KEY)
    await withdrawals._put(backend, {await withdrawn(backend, owner): 1})
    assert await refused(backend, owner, forgotten) == 10


async def test_a_redis_that_came_back_older_is_not_believed(forgetful: Backend, owner: Person, complete: None) -> None:
    """What it holds was complete in an earlier life."""
    rendition = await withdrawn(forgetful, owner)
    assert await refused(forgetful, owner, rendition) == 0
    marks = [name async for name, _ in forgetful.redis.zscan_iter(KEY, match="=*")]
    assert len(marks) == 1
    await forgetful.redis.zrem(KEY, *marks)
    await forgetful.redis.zadd(KEY, {"=00000000": 0, "?00000000token": 0})
    assert await refused(forgetful, owner, rendition) == 10
    await forgetful.background.settled()
    assert await refused(forgetful, owner, rendition) == 10
    assert await forgetful.redis.zscore(KEY, marks[0]) == 0


async def test_what_was_lost_while_it_was_made_anew(forgetful: Backend, owner: Person) -> None:
    """Announced to a set that was lost before it was complete: it is not complete then."""
    redis = forgetful.redis
    await redis.delete(KEY)
    await run(redis, withdrawals._BEGIN, KEY, "token")
    await redis.delete(KEY)
    await run(redis, withdrawals._FINISH, KEY, "token", 60)
    assert await redis.exists(KEY) == 0
    await run(redis, withdrawals._BEGIN, KEY, "token")
    await run(redis, withdrawals._FINISH, KEY, "token", 60)
    assert await run(redis, withdrawals._ASK, KEY, "none") == [None]


async def test_without_redis_postgresql_is_asked(
    backend: Backend, settings: Settings, owner: Person, complete: None
) -> None:
    rendition = await withdrawn(backend, owner, 2)
    alone = await Backend.open(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))
    assert await refused(alone, owner, rendition) == 2
    await within(alone, owner, lambda transaction: withdraw_owner(transaction, owner.id))
    assert await refused(alone, owner, "", CachePolicy.AVATAR) == 1
    await alone.close()
    assert await refused(backend, owner, "", CachePolicy.AVATAR) == 0, "what the event's handler is for"
    for payload in await media_events(backend, owner):
        await announce_withdrawals(job_of(backend, EventKind.MEDIA_WITHDRAWN, payload))
    assert await refused(backend, owner, "", CachePolicy.AVATAR) == 1


async def test_a_redis_that_hangs_is_not_waited_for(
    backend: Backend, settings: Settings, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendition = await withdrawn(backend, owner)

    async def stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr(withdrawals, "REDIS_SECONDS", 0.1)
    async with await asyncio.start_server(stay, "127.0.0.1", 0) as server:
        url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        stuck = await Backend.open(settings.model_copy(update={"redis_url": url}))
        began = clock.monotonic()
        assert await is_withdrawn(stuck, rendition, Grant(owner.id, 0, CachePolicy.PUBLIC))
        assert clock.monotonic() - began < 3
        await stuck.close()


async def test_a_node_that_is_away(backend: Backend, settings: Settings) -> None:
    """With Redis complete nobody needs it; else its owners' pictures are unknown, and the others' are not."""
    urls = [settings.database_urls[0], "postgresql://nobody@127.0.0.1:1/none"]
    half = await Backend.open(settings.model_copy(update={"database_urls": urls}))
    people: dict[int, Person] = {}
    while len(people) < 2:
        person = await make_user(backend)
        people[backend.shards.node_of(shard_of(person.id))] = person
    renditions = {node: await withdrawn(backend, person) for node, person in people.items()}
    await is_withdrawn(backend, "", Grant(1, 0, CachePolicy.PUBLIC))
    await backend.background.settled()
    assert await refused(half, people[1], renditions[1]) == 10
    await backend.redis.delete(KEY)
    assert await refused(half, people[0], renditions[0]) == 10
    with pytest.raises(ShardUnavailable):
        await is_withdrawn(half, renditions[1], Grant(people[1].id, 0, CachePolicy.PUBLIC))
    await half.background.settled()
    assert await run(half.redis, withdrawals._ASK, KEY, "none") is None
    await half.close()
    assert await refused(backend, people[1], renditions[1]) == 10
