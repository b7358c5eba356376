"""`cli.py feeds` as people run it, on a Redis of its own."""

from collections.abc import AsyncIterator

import pytest

from commands.feeds import said
from core.settings import Settings
from services.backend import Backend
from services.feeds import timeline
from services.feeds.checking import Difference, Report
from tests.commands.cli import cli
from tests.factories import Person, make_user, new_username
from tests.posting import make_post
from tests.services.feeds.town import Town


@pytest.fixture
async def own(settings: Settings) -> AsyncIterator[Backend]:
    backend = await Backend.open(
        settings.model_copy(update={"redis_url": settings.redis_url.rsplit("/", 1)[0] + "/12"})
    )
    await backend.redis.flushdb()
    yield backend
    await backend.close()


async def viewer_of(backend: Backend) -> tuple[Person, int]:
    """Somebody with a timeline that lacks a post of somebody who is followed."""
    viewer, author = [await make_user(backend) for _ in range(2)]
    town = Town(backend)
    await town.set_follow(viewer.id, author.id)  # no job is to come, which would be told apart
    await town.warm(viewer.id)
    return viewer, await town.post(author.id)


async def test_differences_are_printed_and_gone_when_it_was_rebuilt(own: Backend) -> None:
    viewer, post = await viewer_of(own)
    other, lost = await viewer_of(own)
    found = await cli(own.settings, "feeds", "check", viewer.username)
    assert (found.returncode, found.stdout.splitlines()) == (
        1, [f"viewer {viewer.id}: missing {post}", "Timelines checked: 1; of them differ: 1."],
    )  # fmt: skip
    built = await cli(own.settings, "feeds", "rebuild", f"@{viewer.username}")
    assert (built.returncode, built.stdout) == (0, "1 of 1 timelines were built anew.\n"), built.stderr
    found = await cli(own.settings, "feeds", "check", "--all")
    assert (found.returncode, found.stdout.splitlines()) == (
        1, [f"viewer {other.id}: missing {lost}", "Timelines checked: 2; of them differ: 1."],
    )  # fmt: skip
    built = await cli(own.settings, "feeds", "rebuild")
    assert (built.returncode, built.stdout) == (0, "2 of 2 timelines were built anew.\n"), built.stderr
    found = await cli(own.settings, "feeds", "check")
    assert (found.returncode, found.stdout) == (0, "Timelines checked: 2; of them differ: 0.\n"), found.stderr


async def test_everybody_who_was_here_lately_gets_one(own: Backend) -> None:
    person = await make_user(own)
    post = await make_post(own, person)
    await own.redis.flushdb()
    built = await cli(own.settings, "feeds", "rebuild", "--all")
    assert built.returncode == 0, built.stderr
    assert (await timeline.wholes(own, [person.id]))[person.id].ids == (post,)


async def test_what_cannot_be_done_is_one_clear_sentence(own: Backend) -> None:
    unknown = new_username()
    for command in ("check", "rebuild"):
        answer = await cli(own.settings, "feeds", command, unknown)
        assert (answer.returncode, answer.stdout) == (1, "")
        assert f"Nobody goes by the name {unknown}." in answer.stderr
        answer = await cli(own.settings, "feeds", command, unknown, "--all")
        assert answer.returncode == 2
        assert "not both" in answer.stderr
        away = own.settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
        answer = await cli(away, "feeds", command)
        assert (answer.returncode, answer.stdout) == (1, "")
        assert "Redis does not answer; run it again when it does." in answer.stderr
        assert "Traceback" not in answer.stderr


def test_what_is_said_of_a_report() -> None:
    report = Report(checked=3, unready=2)
    report.differences = [Difference(7, (1, 2), (3,)), Difference(8, (), (4,))]
    report.moving = [Difference(7, (5,), ()), Difference(9, (6,), (10,))]
    assert said(report) == [
        "viewer 7: missing 1 2; surplus 3",
        "viewer 8: surplus 4",
        "Jobs that are not done have still to put 2 entries in and to take 1 out.",
        "2 timelines are not there, or being built: nothing can be said of them.",
        "Timelines checked: 3; of them differ: 2.",
    ]
