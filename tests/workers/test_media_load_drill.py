"""What people notice who read while hundreds of photographs are being made: the whole house, as `cli.py up` runs it."""

import asyncio
import itertools
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.progress import Progress
from sqlalchemy import func, insert

from bench.operations import home_feed, profile_page
from core import clock
from core.embedded.stack import attached
from core.settings import Settings
from media.keys import new_token, original_key
from models.ids import shard_of
from models.tables import MediaStatus, Upload
from services.backend import Backend
from services.consequences import EventKind
from services.outbox import emit
from tests.commands.stacks import start_up
from tests.factories import Person, make_user
from tests.pictures import encoded, photograph
from tests.posting import make_follow, make_post
from tests.workers.town import tell

PHOTOS = 500
A_SECOND = 20
SECONDS = 25
READY = "SELECT count(*) FROM uploads WHERE owner_id = $1 AND status = 'READY'"


def phone_like_photo() -> bytes:
    """12 megapixels, of as many bytes as a phone makes of them."""
    data = encoded(photograph().resize((4032, 3024)), quality=95)
    assert 1_000_000 < len(data) < 4_000_000
    return data


@dataclass(slots=True)
class Readers:
    """People who read their home feeds and each other's profiles, so many requests a second, whatever they take."""

    url: str
    people: list[Person]

    def requests(self) -> Any:
        for number, one in enumerate(itertools.cycle(self.people)):
            other = self.people[number % len(self.people) - 1]
            feed = (home_feed.QUERY, {"first": 20})
            profile = (profile_page.QUERY, {"username": other.username, "first": 12})
            yield one, *(feed if number // len(self.people) % 2 else profile)

    async def read(self, seconds: float) -> list[float]:
        """The milliseconds of each answer."""
        took: list[float] = []
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as client:

            async def ask(person: Person, query: str, variables: dict[str, Any]) -> None:
                began = clock.monotonic()
                headers = {"authorization": f"Bearer {person.access_token}"}
                answer = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
                took.append((clock.monotonic() - began) * 1000)
                assert "errors" not in answer.json()

            began, asked = clock.monotonic(), self.requests()
            async with asyncio.TaskGroup() as tasks:
                for number in range(round(seconds * A_SECOND)):
                    await asyncio.sleep(max(0.0, began + number / A_SECOND - clock.monotonic()))
                    tasks.create_task(ask(*next(asked)))
        return took


async def queue(backend: Backend, owner_id: int, data: bytes, count: int) -> list[int]:
    """Photographs that have been sent, of one original, as `finishUpload` leaves them."""
    key = original_key(new_token())
    await backend.storage.put(key, data, "image/jpeg")
    made: list[int] = []
    async with backend.transaction(shard_of(owner_id)) as transaction:
        for _ in range(count):
            upload_id = await transaction.mint_id()
            row = {
                "id": upload_id,
                "owner_id": owner_id,
                "purpose": "POST",
                "content_type": "image/jpeg",
                "byte_size": len(data),
                "object_key": key,
                "status": MediaStatus.PROCESSING.value,
                "expires_at": func.clock_now(),
                "finished_at": func.clock_now(),
            }
            await transaction.session.execute(insert(Upload).values(row))
            await emit(transaction, EventKind.UPLOAD_FINISHED, {"upload_id": upload_id, "owner_id": owner_id})
            made.append(upload_id)
    return made


async def ready(backend: Backend, owner_id: int) -> int:
    [row] = await backend.reader().on_shard_of(owner_id, READY, owner_id)
    return int(row[0])


def p50_p95(took: list[float]) -> tuple[float, float]:
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


@pytest.mark.drill
@pytest.mark.timeout(300)
@pytest.mark.parametrize("niceness", [0, 10])
async def test_reading_while_500_photographs_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, niceness: int
) -> None:
    data = tmp_path / "data"
    up = await start_up(data, errors=tmp_path / "errors", HELIOGRAPH_MEDIA_NICENESS=str(niceness))
    backend = await Backend.open(
        attached(Settings(data=data, database_urls=[], redis_url="", queue_url="", s3_endpoint=""))
    )
    try:
        people = [await make_user(backend) for _ in range(8)]
        for one, other in itertools.permutations(people, 2):
            await make_follow(backend, one, other)
        for one in people:
            for _ in range(4):
                await make_post(backend, one, caption="Up and away")
        photographer = await make_user(backend)
        readers = Readers(up.url, people)
        with Progress() as progress:
            shown = progress.add_task("warm, idle, loaded", total=3)
            await readers.read(SECONDS / 3)
            progress.advance(shown)
            idle = await readers.read(SECONDS)
            progress.advance(shown)
            await queue(backend, photographer.id, phone_like_photo(), PHOTOS)
            async with asyncio.timeout(60):
                while await ready(backend, photographer.id) < 2:
                    await asyncio.sleep(0.1)
            before = await ready(backend, photographer.id)
            loaded = await readers.read(SECONDS)
            done = await ready(backend, photographer.id) - before
            progress.advance(shown)
        assert 0 < done < PHOTOS - before
        quiet, busy = p50_p95(idle), p50_p95(loaded)
        for name, before_it, during in zip(("p50", "p95"), quiet, busy, strict=True):
            ratio = during / before_it
            tell(f"niceness {niceness}, {name}: idle {before_it:.1f} ms, queued {during:.1f} ms: x {ratio:.2f}")
        tell(f"niceness {niceness}: {A_SECOND} requests a second; {done / SECONDS:.2f} photographs a second meanwhile")
        assert niceness == 0 or busy[1] < 3 * quiet[1]
    finally:
        await backend.close()
        if up.process.returncode is None:
            await up.terminate()
