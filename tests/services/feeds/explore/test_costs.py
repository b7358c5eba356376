"""What explore and reels cost in statements, counted by the servers: the same in a small world and in a large one, for
a page of one and of a hundred, of the first page and of later ones."""

import pytest

from models.ids import shard_of
from tests.services.feeds.explore.fair import Fair
from tests.statements import Spent, counted


async def crowd(fair: Fair, viewer: int, *, authors: int, posts: int, likes: int, tags: int) -> None:
    """On each node as many people, who post in turn, like and follow; the viewer likes and follows on both."""
    nodes = [fair.backend.shards.shards_on(node) for node in (0, 1)]
    hashtags = [[await fair.hashtag(shards[number]) for shards in nodes] for number in range(tags)]
    people = [[await fair.someone(shards[number]) for shards in nodes] for number in range(authors)]
    for tag in [one for both in hashtags for one in both]:
        await fair.follow_tag(viewer, tag)
    for person in people[0]:
        await fair.follow(viewer, person)
    made = [
        await fair.put(author, "REEL", hashtags=(tag,))
        for number in range(posts)
        for author, tag in zip(people[number % authors], hashtags[number % tags], strict=True)
    ]
    for post in made[: 2 * likes]:
        await fair.like(viewer, post)
        for place, both in enumerate(people[1:]):
            await fair.like(both[place % 2], post)
    for post in made[-2:]:
        await fair.see(viewer, post)


async def spent_on(
    fair: Fair, feed: str, viewer: int, first: int, after: str | None = None
) -> tuple[Spent, str | None]:
    async with counted(fair.backend.settings) as spent:
        page = await fair.page(feed, viewer, first=first, after=after)
    assert page.edges
    return spent, page.page_info.end_cursor


async def costs(fair: Fair, feed: str, viewer: int) -> dict[str, list[int]]:
    """Per node, that of the viewer first."""
    home = fair.backend.shards.node_of(shard_of(viewer))
    fair.backend.kept.clear()
    with_pool, _ = await spent_on(fair, feed, viewer, 12)
    newest = max(post.id for post in fair.made.values() if (viewer, post.id) not in fair.seen)
    await fair.see(viewer, newest)  # so that there is another choice to be made
    anew, _ = await spent_on(fair, feed, viewer, 12)
    again, cursor = await spent_on(fair, feed, viewer, 12)
    later, _ = await spent_on(fair, feed, viewer, 100, cursor)
    spent = {"with the pool": with_pool, "anew": anew, "again": again, "later": later}
    return {name: [one.per_node[home], one.per_node[1 - home]] for name, one in spent.items()}


SIZES = (
    {"authors": 9, "posts": 18, "likes": 2, "tags": 1},
    {"authors": 14, "posts": 70, "likes": 8, "tags": 6},
)


@pytest.mark.parametrize("size", SIZES, ids=["small", "large"])
async def test_of_explore(fair: Fair, size: dict[str, int]) -> None:
    viewer = await fair.someone()
    await crowd(fair, viewer, **size)
    # On the viewer's node: marks; what the viewer likes; whom it leads to, what they like, and the hashtags' posts;
    # features, what was seen, what is left out; the latest snapshot, a new one (3), its items; the posts, and what was
    # seen of them. Elsewhere without what is the viewer's.
    expected = {"with the pool": [16, 6], "anew": [15, 5], "again": [12, 5], "later": [4, 1]}
    assert await costs(fair, "explore", viewer) == expected


@pytest.mark.parametrize("size", SIZES, ids=["small", "large"])
async def test_of_reels(fair: Fair, size: dict[str, int]) -> None:
    viewer = await fair.someone()
    await crowd(fair, viewer, **size)
    # On the viewer's node: marks, and hashtags followed; whom the viewer follows, their reels, and the hashtags'
    # posts; what was seen, what the viewer did, features; the latest snapshot, a new one (3), its items; the posts.
    expected = {"with the pool": [15, 5], "anew": [14, 4], "again": [11, 4], "later": [4, 1]}
    assert await costs(fair, "reels", viewer) == expected
