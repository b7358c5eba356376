from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from services.background import Background
from services.feeds.home import FeedEdge, home_feed
from services.feeds.inserts import Inserts
from services.feeds.ranked import ranked_feed
from services.feeds.reasons import FeedReason
from services.feeds.snapshots import Item, ItemKind
from services.feeds.sponsoring import SponsoredPostRow
from services.feeds.sponsorships import end_sponsorship
from services.feeds.suggesting import SuggestedUsersRow
from services.marks import Marks
from services.pages import Page
from services.visible import VisiblePost
from tests.posting import change, links
from tests.services.feeds.sponsors import sponsor
from tests.services.feeds.town import Town

EVERY = 3


@pytest.fixture
def paid(market: Town) -> Town:
    """Every third post is followed by a sponsored one."""
    settings = market.backend.settings.model_copy(update={"sponsored_every": EVERY})
    return Town(replace(market.backend, settings=settings, background=Background(), kept=market.backend.kept))


async def page_of(town: Town, viewer: int, first: int = 100, after: str | None = None) -> Page[Any]:
    return await ranked_feed(town.backend, town.backend.reader(), links(town.backend), viewer, first=first, after=after)


def shown(edges: Sequence[Any]) -> list[Any]:
    """Ids of posts; of sponsored ones as text, and of the people of a card as a list."""
    found: list[Any] = []
    for edge in edges:
        assert isinstance(edge, FeedEdge)
        if isinstance(edge.node, SponsoredPostRow):
            assert (edge.reason, edge.score, edge.node.label) == (FeedReason.SPONSORED, None, "Paid")
            assert edge.node.sponsor is edge.node.post.author
            found.append(str(edge.node.post.id))
        elif isinstance(edge.node, SuggestedUsersRow):
            assert (edge.reason, edge.score) == (FeedReason.SUGGESTED, None)
            found.append([row.user.id for row in edge.node.users])
        else:
            assert isinstance(edge.node, VisiblePost)
            assert edge.score is not None
            found.append(edge.node.id)
    return found


async def all_of(town: Town, viewer: int, first: int, after: str | None = None) -> list[Any]:
    found: list[Any] = []
    while True:
        page = await page_of(town, viewer, first, after)
        found += shown(page.edges)
        after = page.page_info.end_cursor
        if not page.page_info.has_next_page:
            return found


async def reader_of(town: Town, posts: int) -> tuple[int, int]:
    """A viewer, and who is followed and has so many posts."""
    viewer, author = await town.person(), await town.person()
    await town.set_follow(viewer, author)
    await town.posts(author, posts)
    return viewer, author


async def test_behind_every_third_post_one_is_sponsored_as_long_as_there_are_some(paid: Town) -> None:
    viewer, author = await reader_of(paid, 12)
    buyer = await paid.person()
    bought = await paid.posts(buyer, 3)
    for post in (*bought, await paid.post(author)):  # the last stands in the feed by itself
        await sponsor(paid.backend, post)
    found = shown((await page_of(paid, viewer)).edges)
    assert [place for place, one in enumerate(found) if isinstance(one, str)] == [3, 7, 11]
    assert sorted(one for one in found if isinstance(one, str)) == sorted(map(str, bought))
    assert len({one for one in found if isinstance(one, int)}) == 13
    for first in (1, 2, 4, 5):
        assert await all_of(paid, viewer, first) == found


async def test_it_is_off_by_default_and_in_chronological_order(market: Town, paid: Town) -> None:
    viewer, _ = await reader_of(market, 6)
    await sponsor(market.backend, await market.post(await market.person()))
    assert all(isinstance(one, int) for one in shown((await page_of(market, viewer)).edges))
    backend = paid.backend
    page = await home_feed(backend, backend.reader(), links(backend), viewer)
    assert [type(node) for node in page.nodes] == [VisiblePost] * 6


async def test_what_is_over_or_may_not_be_shown_any_more_is_gone_from_the_next_page_on(paid: Town) -> None:
    viewer, _ = await reader_of(paid, 12)
    buyers = [await paid.person() for _ in range(4)]
    by_post = {}
    for buyer in buyers:
        post = await paid.post(buyer)
        by_post[str(post)] = (buyer, await sponsor(paid.backend, post))
    page = await page_of(paid, viewer, 2)
    whole = shown(page.edges) + await all_of(paid, viewer, 100, page.page_info.end_cursor)
    paying = [one for one in whole if isinstance(one, str)]
    assert len(paying) == 4
    await end_sponsorship(paid.backend, by_post[paying[0]][1])
    await paid.set_state("ARCHIVED", int(paying[1]))
    private = by_post[paying[2]][0]
    await change(paid.backend, private, "UPDATE users SET is_private = true WHERE id = :id", id=private)
    for first in (3, 100):
        rest = await all_of(paid, viewer, first, page.page_info.end_cursor)
        assert shown(page.edges) + rest == [one for one in whole if one not in paying[:3]]


async def test_the_card_stands_behind_the_third_post_of_those_who_follow_few(paid: Town) -> None:
    viewer, author = await reader_of(paid, 5)
    person = await paid.person()
    assert not any(isinstance(one, list) for one in shown((await page_of(paid, viewer)).edges))
    await paid.set_follow(author, person)
    await paid.set_follow(viewer, await paid.person())  # something is new, so that the snapshot is
    page = await page_of(paid, viewer, 4)
    found = shown(page.edges)
    assert [place for place, one in enumerate(found) if isinstance(one, list)] == [3]
    assert found[3] == [person]
    assert await all_of(paid, viewer, 1) == found + await all_of(paid, viewer, 100, page.page_info.end_cursor)
    before = await page_of(paid, viewer, 3)
    for _ in range(8):
        await paid.set_follow(viewer, await paid.person())
    rest = await all_of(paid, viewer, 100, before.page_info.end_cursor)
    assert shown(before.edges) + rest == [one for one in await all_of(paid, viewer, 100) if not isinstance(one, list)]


async def test_who_follows_somebody_without_posts_has_the_card_alone(paid: Town) -> None:
    viewer, author = await reader_of(paid, 0)
    person = await paid.person()
    await paid.set_follow(author, person)
    assert shown((await page_of(paid, viewer)).edges) == [[person]]


async def cost_of(town: Town, viewer: int, sponsored: int) -> list[int]:
    """Statements of a first page that makes a snapshot and of one that finds it, with so many sponsored posts."""
    costs = []
    await town.set_follow(viewer, await town.person())
    for _ in range(2):
        reader = town.backend.reader()
        page = await ranked_feed(town.backend, reader, links(town.backend), viewer, first=100)
        assert sum(isinstance(one, str) for one in shown(page.edges)) == sponsored
        costs.append(reader.statements)
    return costs


async def test_statements_do_not_depend_on_how_much_is_put_in(paid: Town) -> None:
    shards = paid.backend.shards
    settings = paid.backend.settings.model_copy(update={"sponsored_every": 0, "suggest_below_follows": 0})
    plain = Town(replace(paid.backend, settings=settings, background=Background()))
    more = set()
    for count in (12, 60):
        viewer = await paid.person(shards.shards_on(0)[0])
        for node in (0, 1):
            author, buyer = await paid.person(shards.shards_on(node)[1]), await paid.person(shards.shards_on(node)[3])
            await paid.set_follow(viewer, author)
            for other in (0, 1):
                await paid.set_follow(author, await paid.person(shards.shards_on(other)[2]))
            await paid.posts(author, count // 2)
            for post in await paid.posts(buyer, count // 6):
                await sponsor(paid.backend, post)
        await page_of(paid, viewer)
        costs = zip(await cost_of(paid, viewer, count // 3), await cost_of(plain, viewer, 0), strict=True)
        more.add(tuple(one - other for one, other in costs))
    # The card has one and five on each node, once; on each node what is sponsored has one for a page, and one before,
    # where it is chosen.
    assert more == {(11 + 2 + 2, 11 + 2)}


def test_what_is_not_proved_is_not_shown() -> None:
    nothing = Inserts({}, None)
    assert nothing.post_ids == set()
    for kind in (ItemKind.SPONSORED, ItemKind.SUGGESTED_USERS):
        assert nothing.node_of(Item(kind, 7, None, FeedReason.SPONSORED), {}, Marks()) is None
