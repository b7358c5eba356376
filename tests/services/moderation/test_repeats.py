import asyncio
import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from core import clock
from core.embedded.stack import Stack
from core.errors import UserErrorCode, UserFault
from core.settings import Settings
from models.ids import shard_of
from services.backend import Backend
from services.moderation.repeats import check_repeats


@pytest.fixture
def author_id() -> int:
    return secrets.randbits(62)


@pytest.fixture(scope="module")
def settings(stack: Stack) -> Settings:
    """The number that these tests count to."""
    return stack.settings.model_copy(update={"repeats_max": 3})


@pytest.fixture(scope="module")
async def backend(settings: Settings) -> AsyncIterator[Backend]:
    opened = await Backend.open(settings)
    yield opened
    await opened.close()


@pytest.fixture
async def quick(settings: Settings) -> AsyncIterator[Backend]:
    """On which a text counts for two seconds."""
    opened = await Backend.open(settings.model_copy(update={"repeats_seconds": 2}))
    yield opened
    await opened.close()


@pytest.fixture
async def silent_redis() -> AsyncIterator[str]:
    """The address of a server that takes connections and never answers."""

    async def stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(stay, "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    server.close()


async def passes(backend: Backend, author_id: int, text: str) -> bool:
    try:
        await check_repeats(backend, author_id, text, "text")
    except UserFault:
        return False
    return True


async def keys_of(backend: Backend, author_id: int) -> list[bytes]:
    return [key async for key in backend.redis.scan_iter(f"repeats:*/{author_id}/*", count=1000)]


async def test_three_times_is_enough(backend: Backend, author_id: int) -> None:
    for _ in range(3):
        await check_repeats(backend, author_id, "Buy now", "text")
    for _ in range(2):
        with pytest.raises(UserFault) as caught:
            await check_repeats(backend, author_id, "Buy now", "text")
        fault = caught.value
        assert (fault.code, fault.field) == (UserErrorCode.REJECTED, ("text",))
        assert fault.message == "You have said this several times. Say something else."
    assert await passes(backend, author_id, "Something else")
    assert await passes(backend, author_id + 1, "Buy now")


async def test_without_a_field_none_is_named(backend: Backend, author_id: int) -> None:
    for _ in range(3):
        await check_repeats(backend, author_id, "Buy now")
    with pytest.raises(UserFault) as caught:
        await check_repeats(backend, author_id, "Buy now")
    assert caught.value.field is None


@pytest.mark.parametrize(
    "other",
    [
        "buy now",
        "  BUY\n now ",
        "b u y n o w",
        "Buy, now!!!",
        "Buuuy nooow",
        "Ｂｕｙ ｎｏｗ",
        "Buy\u200b no\u00adw",
        "Buy now\ufe0f",
        "𝐁𝐮𝐲 𝐧𝐨𝐰",
    ],
)
async def test_the_same_in_another_form(backend: Backend, author_id: int, other: str) -> None:
    for text in ("Buy now", other, other):
        assert await passes(backend, author_id, text)
    assert not await passes(backend, author_id, "Buy now")
    assert not await passes(backend, author_id, other)
    assert len(await keys_of(backend, author_id)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Buy now", "Buy new"),
        ("Buy now", "Buy now 2"),
        ("Schön", "Schon"),
        ("❤️", "😍"),
        ("👍", "👍🏽"),
        ("!!!", "???"),
        ("नमस्ते", "नमसते"),
    ],
)
async def test_what_is_not_the_same(backend: Backend, author_id: int, one: str, other: str) -> None:
    for _ in range(3):
        assert await passes(backend, author_id, one)
    assert not await passes(backend, author_id, one)
    assert await passes(backend, author_id, other)


@pytest.mark.parametrize(("one", "same"), [("❤️", "❤❤❤"), ("STRASSE", "Straße"), ("...", "……"), ("é", "e\u0301")])
async def test_emoji_case_and_points(backend: Backend, author_id: int, one: str, same: str) -> None:
    for _ in range(3):
        assert await passes(backend, author_id, one)
    assert not await passes(backend, author_id, same)


async def test_of_fifty_at_once_three_pass(backend: Backend, author_id: int) -> None:
    for _ in range(5):
        text = secrets.token_hex(8)
        outcomes = await asyncio.gather(*(passes(backend, author_id, text) for _ in range(50)))
        assert outcomes.count(True) == 3


async def test_of_fifty_at_once_over_two_processes_pools_three_pass(
    backend: Backend, settings: Settings, author_id: int
) -> None:
    other = await Backend.open(settings)
    outcomes = await asyncio.gather(*(passes(it, author_id, "Buy now") for it in (backend, other) * 25))
    await other.close()
    assert outcomes.count(True) == 3


async def test_the_number_is_a_setting(settings: Settings, author_id: int) -> None:
    strict = await Backend.open(settings.model_copy(update={"repeats_max": 1}))
    assert [await passes(strict, author_id, "Buy now") for _ in range(3)] == [True, False, False]
    await strict.close()


async def test_after_the_time_one_may_say_it_again_though_one_kept_trying(quick: Backend, author_id: int) -> None:
    for _ in range(3):
        assert await passes(quick, author_id, "Buy now")
    said = clock.monotonic()
    while not await passes(quick, author_id, "Buy now"):
        await asyncio.sleep(0.05)
    assert 1.5 < clock.monotonic() - said < 5


async def test_a_key_is_a_digest_on_the_authors_shard_and_goes(quick: Backend, author_id: int) -> None:
    await check_repeats(quick, author_id, "a secret plan", "text")
    (key,) = await keys_of(quick, author_id)
    prefix = f"repeats:text/{{{shard_of(author_id)}}}/{author_id}/".encode()
    assert key.startswith(prefix)
    digest = key.removeprefix(prefix).split(b"/")[0]
    assert len(bytes.fromhex(digest.decode())) == 16
    assert key == prefix + digest + b"/3/2/second"
    assert 0 < await quick.redis.pttl(key) <= 2000
    stored = await quick.redis.lrange(key, 0, -1)
    assert [float(moment) for moment in stored] == [pytest.approx(clock.now().timestamp(), abs=5)]
    await asyncio.sleep(2.2)
    assert await keys_of(quick, author_id) == []


async def test_no_more_than_the_limit_is_stored(backend: Backend, author_id: int) -> None:
    for _ in range(10):
        await passes(backend, author_id, "Buy now")
    (key,) = await keys_of(backend, author_id)
    assert await backend.redis.llen(key) == 3


async def test_it_works_on_the_connection_that_there_is(settings: Settings, author_id: int) -> None:
    own = urlsplit(settings.redis_url)._replace(path="/9").geturl()
    opened = await Backend.open(settings.model_copy(update={"redis_url": own}))
    connection = await opened.redis.client_id()
    for number in range(20):
        await check_repeats(opened, author_id, f"Number {number}")
    on_it = [client["id"] for client in await opened.redis.client_list() if client["db"] == "9"]
    assert on_it == [str(connection)]
    await opened.close()


async def test_scripts_that_the_server_forgot_are_sent_again(backend: Backend, author_id: int) -> None:
    assert await passes(backend, author_id, "Buy now")
    await backend.redis.script_flush()
    assert [await passes(backend, author_id, "Buy now") for _ in range(3)] == [True, True, False]


async def test_a_redis_that_hangs_is_not_waited_for(settings: Settings, silent_redis: str, author_id: int) -> None:
    opened = await Backend.open(settings.model_copy(update={"redis_url": silent_redis}))
    began = clock.monotonic()
    with capture_logs() as logs:
        assert await passes(opened, author_id, "Buy now")
    assert clock.monotonic() - began < 3
    assert logs == [{"event": "repeats_unchecked", "fault": "TimeoutError", "log_level": "warning"}]
    await opened.close()


async def test_without_redis_all_pass(settings: Settings, author_id: int) -> None:
    opened = await Backend.open(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))
    with capture_logs() as logs:
        assert [await passes(opened, author_id, "Buy now") for _ in range(5)] == [True] * 5
    assert [line["event"] for line in logs] == ["repeats_unchecked"] * 5
    assert {line["fault"] for line in logs} == {"ConnectionError"}
    await opened.close()
