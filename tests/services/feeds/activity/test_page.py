import random

import pytest

from core.errors import RequestErrorCode, RequestFault
from models.global_ids import NodeKind
from services.backend import Backend
from services.feeds.activity import finding
from services.feeds.activity.events import ActivityVerb
from services.feeds.activity.page import activity_feed
from services.feeds.activity.proof import ShownActivity
from services.likes import like
from services.pages import Page, encode_cursor, microseconds
from services.visible import MediaLinks
from tests.services.feeds.street import Item, Street
from tests.services.feeds.town import Town


async def page_of(backend: Backend, viewer: int, first: int = 20, after: str | None = None) -> Page[ShownActivity]:
    return await activity_feed(backend.reader(), MediaLinks(backend.signer), viewer, first=first, after=after)


def item(one: ShownActivity) -> Item:
    return microseconds(one.created_at), one.verb.value, one.subject.id, one.actor.id


async def read_to_the_end(backend: Backend, viewer: int, first: int) -> list[Item]:
    found: list[Item] = []
    after = None
    for _ in range(2000):
        page = await page_of(backend, viewer, first, after)
        found += [item(one) for one in page.nodes]
        if not page.page_info.has_next_page:
            return found
        after = page.page_info.end_cursor
    raise AssertionError("the feed has no end")


async def compare(street: Street, viewers: list[int], sizes: tuple[int, ...]) -> int:
    """How many items were the same."""
    seen = 0
    for number, viewer in enumerate(viewers):
        expected = street.feed(viewer)
        found = await read_to_the_end(street.backend, viewer, sizes[number % len(sizes)])
        assert found == expected, (number, viewer)
        seen += len(found)
    return seen


def active(street: Street, count: int) -> list[int]:
    return [one.id for one in street.people.values() if one.state == "ACTIVE"][:count]


async def make_street(backend: Backend, seed: int, count: int) -> Street:
    street = Street(backend, random.Random(seed))
    street.settle(count)
    await street.store()
    return street


async def test_paged_to_its_end_it_is_what_a_plain_oracle_says(backend: Backend) -> None:
    street = await make_street(backend, random.randrange(1 << 30), 30)
    assert await compare(street, active(street, 5), (7, 20, 100, 33, 1)) > 100


async def test_only_the_newest_posts_of_all_are_looked_at(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    street = await make_street(backend, random.randrange(1 << 30), 20)
    whole = [street.feed(viewer) for viewer in active(street, 20)]
    monkeypatch.setattr(finding, "POSTS_OF_ALL", 4)
    street.posts_of_all = 4
    await compare(street, active(street, 3), (20,))
    assert [street.feed(viewer) for viewer in active(street, 20)] != whole


async def test_all_of_it_may_be_by_one_person(town: Town) -> None:
    viewer, author, other = [await town.person() for _ in range(3)]
    for person in (author, other):
        await town.set_follow(viewer, person)
    posts = await town.posts(author, 130)
    page = await page_of(town.backend, viewer, 100)
    assert [one.subject.id for one in page.nodes] == posts[:100]
    page = await page_of(town.backend, viewer, 100, page.page_info.end_cursor)
    assert [one.subject.id for one in page.nodes] == posts[100:]
    assert not page.page_info.has_next_page


async def test_what_is_posted_meanwhile_takes_no_post_out_of_a_walk(town: Town) -> None:
    viewer, author, one, other = [await town.person() for _ in range(4)]
    await town.set_follow(viewer, author)
    oldest = (await town.posts(author, finding.POSTS_OF_EACH))[-1]
    for person in (one, other):
        await like(town.backend, MediaLinks(town.backend.signer), person, NodeKind.POST, oldest)
    page = await page_of(town.backend, viewer, 1)
    assert [seen.actor.id for seen in page.nodes] == [other]
    await town.posts(author, 5)
    page = await page_of(town.backend, viewer, 1, page.page_info.end_cursor)
    assert [seen.actor.id for seen in page.nodes] == [one]
    page = await page_of(town.backend, viewer, 100)  # begun anew, that post is too old
    assert {seen.verb for seen in page.nodes} == {ActivityVerb.POSTED}


@pytest.mark.drill
@pytest.mark.timeout(1200)
async def test_of_fifty_viewers_every_feed_is_what_a_plain_oracle_says(backend: Backend) -> None:
    seed = random.randrange(1 << 30)
    street = await make_street(backend, seed, 80)
    seen = await compare(street, active(street, 50), (20, 50, 100, 7))
    print(f"\nseed {seed}: 50 viewers, {seen} items, 0 differences")  # noqa: T201  the figure that a drill is run for


@pytest.mark.parametrize("first", [0, 101, -1])
async def test_a_page_has_one_to_a_hundred(backend: Backend, first: int) -> None:
    with pytest.raises(RequestFault) as refused:
        await page_of(backend, 1, first)
    assert refused.value.code is RequestErrorCode.LIMIT_EXCEEDED


@pytest.mark.parametrize("numbers", [(1,), (1, 2), (1, 2, 3, 4), (1, 2, 3, 4, 5, 6)])
async def test_the_cursor_of_another_list_is_refused(backend: Backend, numbers: tuple[int, ...]) -> None:
    with pytest.raises(RequestFault) as refused:
        await page_of(backend, 1, 20, encode_cursor(*numbers))
    assert refused.value.code is RequestErrorCode.BAD_REQUEST
