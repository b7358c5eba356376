"""A film of 40 MB, playable, cut three times on its way, and made."""

import random
import time
from functools import partial

import pytest
from rich.console import Console
from rich.progress import track

from media.film.runner import FilmRunner
from models.global_ids import NodeKind, decode_as
from services.backend import Backend
from services.uploads.filming import process_film
from tests.api import Api
from tests.factories import make_user
from tests.filming import small_film
from tests.resolvers.test_upload_parts import arrives_though_cut, refuses_what_is_exchanged
from tests.resolvers.uploading import see
from tests.uploading import run_job

SIZE = 40 * 1000 * 1000
ROUNDS = 5

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]


def large_film(seed: int) -> bytes:
    """A film that plays, with a box behind it that players leave out and that is never twice the same."""
    film = small_film(2.0)
    rest = SIZE - len(film)
    return film + rest.to_bytes(4, "big") + b"free" + random.Random(seed).randbytes(rest - 8)


async def test_40_megabytes_cut_three_times(api: Api, backend: Backend) -> None:
    console, chance = Console(width=150), random.Random(7)
    async with FilmRunner() as films:
        for number in track(range(ROUNDS), "films"):
            person, data = await make_user(backend), large_film(number)
            cuts = sorted(chance.randrange(1_000_000, SIZE - 1_000_000) for _ in range(3))
            began = time.monotonic()
            payload = await arrives_though_cut(api, backend, person, data, cuts)
            seconds = time.monotonic() - began
            upload_id = decode_as(NodeKind.UPLOAD, payload["upload"]["id"])
            assert upload_id is not None
            await run_job(backend, upload_id, "process_film", partial(process_film, films))
            seen = await see(api, person.access_token, payload["upload"])
            assert seen is not None
            assert (seen["status"], seen["failureReason"]) == ("READY", None)
            console.print(
                f"cut at {', '.join(f'{cut / 1e6:.1f}' for cut in cuts)} MB; sent {payload['received'] / 1e6:.1f} MB"
                f" for {SIZE / 1e6:.0f}, parts begun {payload['begun']}, {seconds:.1f} s; sha256 the same; READY"
            )
    owner, other = await make_user(backend), await make_user(backend)
    answers = await refuses_what_is_exchanged(api, owner, other, large_film(ROUNDS))
    console.print(f"parts, sizes and owners exchanged: {answers}")
    assert answers == [403] * 7
