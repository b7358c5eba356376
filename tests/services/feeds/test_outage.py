"""A node does not answer: its posts are left out of a page, and of no timeline."""

from collections.abc import AsyncIterator

import pytest

from core.errors import ShardUnavailable
from services.backend import Backend
from services.feeds import timeline
from services.feeds.home import home_feed
from services.feeds.ranked import ranked_feed
from services.marks import keep_marks
from services.visible import MediaLinks
from tests.services.feeds.town import Town


@pytest.fixture
async def half(backend: Backend) -> AsyncIterator[Town]:
    """A town of which only node 0 is in reach."""
    urls = [backend.settings.database_urls[0], "postgresql://heliograph@127.0.0.1:1/heliograph"]
    opened = await Backend.open(backend.settings.model_copy(update={"database_urls": urls}))
    yield Town(opened)
    await opened.close()


async def followed_on_both(town: Town, node: int) -> tuple[int, dict[int, int]]:
    """A viewer on a node, and a post of someone followed on each node."""
    shards = town.backend.shards
    viewer = await town.person(shards.shards_on(node)[0])
    posts = {}
    for number in (0, 1):
        author = await town.person(shards.shards_on(number)[1])
        await town.set_follow(viewer, author)
        posts[number] = await town.post(author)
    return viewer, posts


async def test_a_cold_page_has_what_is_in_reach_and_no_timeline_is_made_of_it(town: Town, half: Town) -> None:
    viewer, posts = await followed_on_both(town, 0)
    assert await half.feed(viewer) == [posts[0]]
    await half.backend.background.settled()
    assert await town.backend.redis.exists(timeline.key_of(viewer)) == 0
    await town.warm(viewer)
    assert await town.feed(viewer) == [posts[1], posts[0]]


async def test_a_warm_page_needs_no_node_but_those_of_the_posts(town: Town, half: Town) -> None:
    viewer, posts = await followed_on_both(town, 1)
    await town.warm(viewer)
    reader = half.backend.reader()
    keep_marks(reader, viewer, blocked=(), muted=())  # as whoever tells who asks has read them
    page = await home_feed(half.backend, reader, MediaLinks(half.backend.signer), viewer)
    assert [post.id for post in page.nodes] == [posts[0]]
    assert await town.feed(viewer) == [posts[1], posts[0]]


async def test_a_cold_page_needs_the_viewers_own_node(town: Town, half: Town) -> None:
    viewer, _ = await followed_on_both(town, 1)
    with pytest.raises(ShardUnavailable):
        await home_feed(half.backend, half.backend.reader(), MediaLinks(half.backend.signer), viewer)
    await half.backend.background.settled()
    assert await town.backend.redis.exists(timeline.key_of(viewer)) == 0


async def test_a_ranked_page_has_what_is_in_reach_and_its_snapshot_is_not_used_again(town: Town, half: Town) -> None:
    viewer, posts = await followed_on_both(town, 0)
    await town.warm(viewer)
    for warm in (True, False):
        reader = half.backend.reader()
        page = await ranked_feed(half.backend, reader, MediaLinks(half.backend.signer), viewer)
        assert [post.id for post in page.nodes] == [posts[0]]
        assert reader.unavailable == {1}
        whole = await ranked_feed(town.backend, town.backend.reader(), MediaLinks(town.backend.signer), viewer)
        assert sorted(post.id for post in whole.nodes) == sorted(posts.values())
        if warm:
            await town.backend.redis.delete(timeline.key_of(viewer))
    await half.backend.background.settled()


async def test_a_ranked_page_needs_the_viewers_own_node(town: Town, half: Town) -> None:
    viewer, _ = await followed_on_both(town, 1)
    with pytest.raises(ShardUnavailable):
        await ranked_feed(half.backend, half.backend.reader(), MediaLinks(half.backend.signer), viewer)
    await half.backend.background.settled()
