"""Scripts that run inside Redis, and how they are called."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

_RUN = "local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x%x%x%x%x%x%x%x)') or '--------'\n"


@dataclass(frozen=True, slots=True)
class Script:
    """`run` in its body names this life of the Redis server: eight characters. One that was restarted may have come
    back older than it was, without what it had acknowledged."""

    body: str
    source: str = field(init=False)
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", _RUN + self.body)
        object.__setattr__(self, "sha", hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest())


async def run(redis: Redis, script: Script, key: bytes | str, *arguments: bytes | int | str) -> Any:
    """One round trip, two where the server does not know the script yet. Raises RedisError."""
    try:
        return await redis.evalsha(script.sha, 1, key, *arguments)
    except NoScriptError:
        return await redis.eval(script.source, 1, key, *arguments)


async def run_on_each(
    redis: Redis, script: Script, groups: Mapping[int, Sequence[bytes]], *arguments: bytes | int
) -> list[Any]:
    """Runs the script, which bears being run twice, on each group of keys: one round trip. Raises RedisError."""

    async def attempt() -> list[Any]:
        async with redis.pipeline(transaction=False) as pipeline:
            for keys in groups.values():
                pipeline.evalsha(script.sha, len(keys), *keys, *arguments)
            return list(await pipeline.execute())

    try:
        return await attempt()
    except NoScriptError:
        await redis.script_load(script.source)
        return await attempt()
