"""What was withdrawn is known, also after Redis forgot it."""

import secrets

from models.ids import shard_of
from services.backend import Backend
from services.withdrawals import announce, is_withdrawn, withdraw
from tests.factories import make_user


async def withdrawn(backend: Backend, *, announced: bool) -> str:
    owner = await make_user(backend)
    rendition = secrets.token_urlsafe(16)
    async with backend.transaction(shard_of(owner.id)) as transaction:
        await withdraw(transaction, owner.id, [rendition])
        await withdraw(transaction, owner.id, [rendition])
    if announced:
        await announce(backend, [rendition])
    return rendition


async def test_withdrawn_once_announced(backend: Backend) -> None:
    assert not await is_withdrawn(backend, secrets.token_urlsafe(16))
    assert await is_withdrawn(backend, await withdrawn(backend, announced=True))


async def test_the_set_is_made_anew_when_redis_forgot_it(backend: Backend) -> None:
    rendition = await withdrawn(backend, announced=False)
    await backend.redis.delete("media:withdrawn")
    assert await is_withdrawn(backend, rendition)
    assert await backend.redis.sismember("media:withdrawn", rendition)
    assert not await is_withdrawn(backend, secrets.token_urlsafe(16))


async def test_what_is_announced_to_an_empty_redis_does_not_make_the_set_complete(backend: Backend) -> None:
    forgotten = await withdrawn(backend, announced=False)
    await backend.redis.delete("media:withdrawn")
    await withdrawn(backend, announced=True)
    assert await is_withdrawn(backend, forgotten)


async def test_the_set_does_not_grow_for_ever(backend: Backend) -> None:
    await backend.redis.delete("media:withdrawn")
    assert not await is_withdrawn(backend, secrets.token_urlsafe(16))
    assert 0 < await backend.redis.ttl("media:withdrawn") <= backend.settings.media_url_seconds
