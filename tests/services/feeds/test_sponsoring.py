from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert

from core import clock
from models.ids import shard_of
from models.tables import Block, Mute
from services.backend import Backend
from services.feeds import sponsoring
from services.feeds.sponsoring import (
    SPARE,
    TURN_MS,
    Sponsorship,
    choose_sponsorships,
    forget_sponsorships,
    in_turn,
    known_sponsorships,
    sponsored_post,
    sponsorships_under_way,
)
from services.feeds.sponsorships import end_sponsorship
from services.marks import Marks
from services.visibility import visible_posts
from tests.posting import change, links
from tests.services.feeds.sponsors import end_all_sponsorships, sponsor
from tests.services.feeds.town import Town


async def chosen(town: Town, viewer: int, count: int = 100, *without: int) -> list[int]:
    return await choose_sponsorships(
        town.backend, town.backend.reader(), links(town.backend), viewer, count=count, without=set(without)
    )


async def mark(town: Town, table: type[Block | Mute], columns: tuple[str, str], one: int, other: int) -> None:
    state = "BLOCKED" if table is Block else "MUTED"
    async with town.backend.transaction(shard_of(one)) as transaction:
        row = {columns[0]: one, columns[1]: other, "state": state, "version": 1}
        await transaction.session.execute(insert(table).values(row | {"since": func.clock_now()}))


async def test_only_what_may_be_shown_to_the_viewer_is_chosen(market: Town) -> None:
    viewer, other = await market.person(), await market.person()
    plain, muted, blocked, blocking, private, suspended, busy = [await market.person() for _ in range(7)]
    good = await market.post(plain)
    everybodys = [await sponsor(market.backend, good)]
    posts = {author: await market.post(author) for author in (viewer, muted, blocked, blocking, private, suspended)}
    sponsored = {author: await sponsor(market.backend, post) for author, post in posts.items()}
    archived, deleted, stays = await market.posts(busy, 3)
    for post in (archived, deleted, stays):
        await sponsor(market.backend, post)
    for post in (good, stays):
        await sponsor(market.backend, post, begins=1)  # to come
    await end_sponsorship(market.backend, await sponsor(market.backend, await market.post(busy)))
    forget_sponsorships(market.backend)
    await market.set_state("ARCHIVED", archived)
    await market.set_state("DELETED", deleted)
    await mark(market, Mute, ("muter_id", "muted_id"), viewer, muted)
    await mark(market, Block, ("blocker_id", "blocked_id"), viewer, blocked)
    await mark(market, Block, ("blocker_id", "blocked_id"), blocking, viewer)
    await change(market.backend, private, "UPDATE users SET is_private = true WHERE id = :id", id=private)
    await change(market.backend, suspended, "UPDATE users SET state = 'SUSPENDED' WHERE id = :id", id=suspended)
    assert await chosen(market, viewer, 100, stays) == everybodys
    assert await chosen(market, viewer, 100, stays, good) == []
    shown = {*everybodys, *(sponsored[author] for author in (viewer, muted, blocked, blocking))}
    assert set(await chosen(market, other, 100, stays)) == shown


async def test_not_even_who_is_let_in_is_shown_what_is_private(market: Town) -> None:
    viewer, author = await market.person(), await market.person()
    await sponsor(market.backend, await market.post(author))
    await market.set_follow(viewer, author)
    assert len(await chosen(market, viewer)) == 1
    await change(market.backend, author, "UPDATE users SET is_private = true WHERE id = :id", id=author)
    assert await chosen(market, viewer) == []


async def test_a_post_that_is_sponsored_twice_is_chosen_once(market: Town) -> None:
    viewer, post = await market.person(), await market.post(await market.person())
    made = [await sponsor(market.backend, post, label) for label in ("One", "Two")]
    [one] = await chosen(market, viewer)
    assert one in made


async def test_they_come_in_turn_and_the_same_for_the_same(market: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    author = await market.person()
    made = sorted([await sponsor(market.backend, post) for post in await market.posts(author, 5)])
    viewers = [await market.person() for _ in range(12)]
    now = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: now)
    firsts = set()
    for viewer in viewers:
        order = await chosen(market, viewer)
        assert order in [made[n:] + made[:n] for n in range(5)]
        assert await chosen(market, viewer) == order
        assert await chosen(market, viewer, 2) == order[:2]
        firsts.add(order[0])
    assert len(firsts) > 1
    order = await chosen(market, viewers[0])
    monkeypatch.setattr(clock, "now_ms", lambda: now + TURN_MS)
    assert await chosen(market, viewers[0]) == order[1:] + order[:1]
    assert await chosen(market, viewers[0], 0) == []


def test_each_begins_as_often_as_any_other() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    some = [Sponsorship(number, number, "", moment, moment) for number in range(4)]
    begun = [in_turn(some, 77 << 23, hour * TURN_MS)[0].id for hour in range(40)]
    assert [begun.count(number) for number in range(4)] == [10] * 4
    assert in_turn([], 1, 1) == []


async def test_choosing_costs_a_statement_per_node_and_none_where_nothing_is_sponsored(market: Town) -> None:
    shards = market.backend.shards
    viewer = await market.person(shards.shards_on(0)[0])
    authors = [await market.person(shards.shards_on(node)[1]) for node in (0, 1)]
    assert await chosen(market, viewer) == []
    costs = []
    for count in (1, 20):
        for author in authors:
            for post in await market.posts(author, count):
                await sponsor(market.backend, post)
        await known_sponsorships(market.backend)
        reader = market.backend.reader()
        found = await choose_sponsorships(
            market.backend, reader, links(market.backend), viewer, count=100, without=set()
        )
        costs.append((len(found), reader.statements))
    assert costs == [(2, 3), (42, 3)]
    reader = market.backend.reader()
    await end_all_sponsorships(market.backend)
    await known_sponsorships(market.backend)
    found = await choose_sponsorships(market.backend, reader, links(market.backend), viewer, count=100, without=set())
    assert (found, reader.statements) == ([], 0)


async def test_some_that_may_not_be_shown_do_not_leave_a_slot_empty(market: Town) -> None:
    viewer, muted, author = [await market.person() for _ in range(3)]
    for post in await market.posts(muted, SPARE):
        await sponsor(market.backend, post)
    await mark(market, Mute, ("muter_id", "muted_id"), viewer, muted)
    made = await sponsor(market.backend, await market.post(author))
    assert await chosen(market, viewer, 1) == [made]


async def test_what_is_known_is_read_anew_when_it_is_old(market: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, post = market.backend, await market.post(await market.person())
    assert await known_sponsorships(backend) == []
    made = await sponsor(backend, post)
    assert [one.id for one in await known_sponsorships(backend)] == [made]
    other = await sponsorships_under_way(backend.reader(), [made])
    assert await known_sponsorships(backend) == list(other.values())
    await end_sponsorship(backend, made)
    assert [one.id for one in await known_sponsorships(backend)] == [made]
    began = clock.monotonic()
    monkeypatch.setattr(clock, "monotonic", lambda: began + sponsoring.FRESH_SECONDS + 1)
    assert [one.id for one in await known_sponsorships(backend)] == [made]
    await backend.background.settled()
    assert await known_sponsorships(backend) == []
    made = await sponsor_behind(market, post)
    monkeypatch.setattr(clock, "monotonic", lambda: began + 3 * sponsoring.STALE_SECONDS)
    assert [one.id for one in await known_sponsorships(backend)] == [made]


async def sponsor_behind(market: Town, post: int) -> int:
    """One of which this process has not heard."""
    kept = dict(market.backend.kept)
    made = await sponsor(market.backend, post)
    market.backend.kept.update(kept)
    return made


async def test_a_node_out_of_reach_keeps_its_word(market: Town, backend: Backend) -> None:
    shards = backend.shards
    authors = [await market.person(shards.shards_on(node)[1]) for node in (0, 1)]
    made = [await sponsor(backend, await market.post(author)) for author in authors]
    assert [one.id for one in await known_sponsorships(backend)] == sorted(made)
    urls = [backend.settings.database_urls[0], "postgresql://heliograph@127.0.0.1:1/heliograph"]
    half = await Backend.open(backend.settings.model_copy(update={"database_urls": urls}))
    assert [one.id for one in await known_sponsorships(half)] == made[:1]
    half.kept.update(backend.kept)
    [memory] = [one for key, one in half.kept.items() if key is sponsoring._Memory]
    memory.read_at = float("-inf")
    assert [one.id for one in await known_sponsorships(half)] == sorted(made)
    await half.close()


async def test_what_a_page_shows_is_proved_by_the_truth(market: Town) -> None:
    viewer, author = await market.person(), await market.person()
    first, second = await market.posts(author, 2)
    running = await sponsor(market.backend, first, "Paid by us")
    over, to_come = await sponsor(market.backend, second), await sponsor(market.backend, second, begins=2)
    reader = market.backend.reader()
    assert (await sponsorships_under_way(reader, []), reader.statements) == ({}, 0)
    found = await sponsorships_under_way(reader, [running, over, to_come])
    assert (set(found), reader.statements) == ({running, over}, 1)
    await end_sponsorship(market.backend, over)
    found = await sponsorships_under_way(reader, [running, over])
    assert {one.id: (one.post_id, one.label) for one in found.values()} == {running: (first, "Paid by us")}
    post = (await visible_posts(reader, links(market.backend), viewer, [first]))[first]
    row = sponsored_post(found[running], post, Marks())
    assert row is not None
    assert (row.post, row.sponsor, row.label) == (post, post.author, "Paid by us")
    assert sponsored_post(found[running], None, Marks()) is None
    assert sponsored_post(found[running], post, Marks(muted=frozenset([author]))) is None
    assert sponsored_post(found[running], replace(post, state="ARCHIVED"), Marks()) is None
    assert sponsored_post(found[running], replace(post, viewer_is_author=True), Marks()) is None
    assert sponsored_post(found[running], replace(post, author=replace(post.author, is_private=True)), Marks()) is None


async def test_it_is_shown_from_its_beginning_to_before_its_end(market: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    post = await market.post(await market.person())
    made = await sponsor(market.backend, post, begins=1, ends=2)
    assert await known_sponsorships(market.backend) == []
    [kept] = market.backend.kept[sponsoring._Memory].nodes[market.backend.shards.node_of(shard_of(post))]
    for moment, shown in (
        (kept.begins_at - timedelta(microseconds=1), []), (kept.begins_at, [made]),
        (kept.ends_at - timedelta(microseconds=1), [made]), (kept.ends_at, []),
    ):  # fmt: skip
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        assert [one.id for one in await known_sponsorships(market.backend)] == shown
