import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from commands.sponsor import DEFAULT_DAYS, add_sponsorship, end_one, moment, post_number, with_backend
from core import clock
from core.embedded.faults import StartupError
from core.settings import Settings
from models.global_ids import NodeKind, encode, encode_shortcode
from services.backend import Backend
from tests.commands.cli import cells, cli
from tests.factories import make_user
from tests.posting import make_post, rows

LABEL = "[Ad] [/bold] [red]paid[/red]"
"""Brackets mean something to the library that draws the table."""
STORED = "SELECT id, label, begins_at, ends_at FROM sponsorships WHERE post_id = $1 ORDER BY id"


async def test_a_post_is_sponsored_looked_at_and_ended_at_the_terminal(backend: Backend, settings: Settings) -> None:
    author = await make_user(backend)
    post, other = await make_post(backend, author), await make_post(backend, author)
    code = encode_shortcode(post)
    running, to_come = await asyncio.gather(
        cli(settings, "sponsor", "add", code),
        cli(settings, "sponsor", "add", encode(NodeKind.POST, other), "--from", "2040-01-02", "--until",
            "2040-01-03T04:05", "--label", LABEL),
    )  # fmt: skip
    [(number, label, begins, ends)] = await rows(backend, post, STORED, post)
    assert (label, ends - begins) == ("Sponsored", timedelta(days=DEFAULT_DAYS))
    assert abs(clock.now() - begins) < timedelta(minutes=5)
    assert (running.returncode, running.stderr) == (0, "")
    assert running.stdout == f"{code} is sponsored until {moment(ends)}: number {number}.\n"
    [later] = await rows(backend, other, STORED, other)
    moments = (datetime(2040, 1, 2, tzinfo=UTC), datetime(2040, 1, 3, 4, 5, tzinfo=UTC))
    assert later[1:] == (LABEL, *moments)
    assert to_come.stdout == f"{encode_shortcode(other)} is sponsored until 2040-01-03 04:05: number {later[0]}.\n"

    ended, table = await cli(settings, "sponsor", "end", str(number)), await cli(settings, "sponsor", "list")
    assert (ended.returncode, ended.stdout) == (0, f"{number} has ended.\n")
    assert cells(table.stdout, str(later[0])) == [
        str(later[0]), encode_shortcode(other), author.username, LABEL, "2040-01-02 00:00",
        "2040-01-03 04:05", "to come",
    ]  # fmt: skip
    assert str(number) not in table.stdout
    again, every = await asyncio.gather(
        cli(settings, "sponsor", "end", str(number)), cli(settings, "sponsor", "list", "--ended")
    )
    assert again.stdout == f"{number} has ended already.\n"
    assert cells(every.stdout, str(number))[-1] == "over"
    assert await end_one(backend, later[0]) == f"{later[0]} has ended."


@pytest.mark.parametrize("post", ["", "short", "not a code!", "é" * 11, "AAAAAAAAAAAAA"])
def test_what_is_neither_a_shortcode_nor_an_id(post: str) -> None:
    with pytest.raises(StartupError) as refused:
        post_number(post)
    assert str(refused.value) == f"{post} is neither the shortcode nor the id of a post."


async def test_what_cannot_be_done_is_one_clear_sentence(backend: Backend, settings: Settings) -> None:
    private = await make_user(backend, is_private=True)
    post = await make_post(backend, private)
    code, past = encode_shortcode(post), datetime(2020, 1, 1)  # noqa: DTZ001  as it is typed
    later = datetime(2040, 1, 1)  # noqa: DTZ001
    gone = [url.replace("127.0.0.1", "127.0.0.2") for url in settings.database_urls]
    for given, said in (
        ((code, None, None, "Paid"), f"The account {private.username} is private."),
        ((encode_shortcode(1 << 40), None, None, "Paid"), "There is no such post."),
        ((private.global_id, None, None, "Paid"), f"{private.global_id} is not the id of a post."),
        ((code, None, past, "Paid"), "It would be over already."),
        ((code, later, later, "Paid"), "It ends before it begins."),
        ((code, datetime(9999, 12, 30), None, "Paid"), "The calendar ends before it would: say --until when."),  # noqa: DTZ001
        ((code, None, None, " "), "The label says nothing."),
        ((code, None, None, "x" * 61), "Use 60 characters at most."),
    ):
        with pytest.raises(StartupError) as refused:
            await with_backend(settings, lambda backend, given=given: add_sponsorship(backend, *given))  # type: ignore[misc]
        assert str(refused.value) == said
    with pytest.raises(StartupError, match="There is no such sponsorship"):
        await with_backend(settings, lambda backend: end_one(backend, 1 << 40))
    with pytest.raises(StartupError, match="No database node answers"):
        await with_backend(settings.model_copy(update={"database_urls": gone}), lambda backend: end_one(backend, 1))
    assert await rows(backend, post, STORED, post) == []
    refused_there = await cli(settings, "sponsor", "add", code)
    assert (refused_there.returncode, refused_there.stdout) == (1, "")
    assert refused_there.stderr == f"The account {private.username} is private.\n"
