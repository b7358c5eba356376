"""Scripts that run inside Redis, and how they are called."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoScriptError, ResponseError

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
    redis: Redis, script: Script, groups: Sequence[tuple[bytes, Sequence[int]]], *arguments: bytes | int
) -> list[Any]:
    """Runs the script, which bears being run twice, once for each group: one round trip. Raises RedisError.

    A group is a format of a key, which has one length for all numbers (as `%019d` has), and the numbers.
    """
    commands = [_command(script, form, numbers, arguments) for form, numbers in groups]
    try:
        return await sent(redis, commands)
    except NoScriptError:
        await redis.script_load(script.source)
        return await sent(redis, commands)


def _command(script: Script, form: bytes, numbers: Sequence[int], arguments: Sequence[bytes | int]) -> bytes:
    """As the protocol writes it. redis-py would take three times as long, key by key."""
    ends = [argument if isinstance(argument, bytes) else b"%d" % argument for argument in arguments]
    begin = b"".join(map(_part, (b"EVALSHA", script.sha.encode(), b"%d" % len(numbers))))
    key = b"$%d\r\n%b\r\n" % (len(form % 0), form)
    keys = key * len(numbers) % tuple(numbers)
    return b"*%d\r\n%b%b%b" % (3 + len(numbers) + len(ends), begin, keys, b"".join(map(_part, ends)))


def packed(*parts: bytes) -> bytes:
    """A command as the protocol writes it."""
    return b"*%d\r\n%b" % (len(parts), b"".join(map(_part, parts)))


def _part(argument: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(argument), argument)


async def sent(redis: Redis, commands: Sequence[bytes]) -> list[Any]:
    """All answers to packed commands that bear being sent twice, in one round trip. Raises the first RedisError."""
    pool = redis.connection_pool
    connection: AbstractConnection = await pool.get_connection()  # type: ignore[no-untyped-call]
    try:
        return await connection.retry.call_with_retry(
            lambda: _talk(connection, commands), lambda _: connection.disconnect(nowait=True)
        )
    finally:
        await pool.release(connection)


async def _talk(connection: AbstractConnection, commands: Sequence[bytes]) -> list[Any]:
    answers: list[Any] = []
    try:
        await connection.send_packed_command(commands)
        for _ in commands:
            try:
                answers.append(await connection.read_response())
            except ResponseError as fault:
                answers.append(fault)
    except BaseException:
        await connection.disconnect(nowait=True)  # an answer that was not read would be taken for the next one's
        raise
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers
