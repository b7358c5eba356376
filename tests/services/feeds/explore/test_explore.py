from datetime import timedelta

import pytest

from core import clock
from core.errors import RequestErrorCode, RequestFault
from models.ids import floor_of
from models.tables import Like, Post, Save
from services.feeds import ranked_pages
from services.feeds.explore import leads as leads_of_viewers
from services.feeds.explore import pool as pools
from services.feeds.explore.leads import leads_of
from services.feeds.explore.pool import Pool, trending
from services.feeds.reasons import FeedReason
from services.pages import encode_cursor
from tests.posting import change, rows, set_post_state, set_user_state
from tests.services.feeds.explore.fair import Fair


def shown(edges: object) -> list[int]:
    return [edge.node.id for edge in edges]  # type: ignore[attr-defined]


async def public_posts(fair: Fair, count: int) -> list[int]:
    """Of as many people."""
    return [await fair.put(await fair.someone()) for _ in range(count)]


async def test_nothing_is_there(fair: Fair) -> None:
    viewer = await fair.someone()
    await fair.put(viewer)
    for feed in ("explore", "reels"):
        page = await fair.page(feed, viewer)
        assert (page.edges, page.page_info.has_next_page, page.page_info.end_cursor) == ([], False, None)


async def test_what_those_like_who_like_the_same_comes_before_what_is_only_new(fair: Fair) -> None:
    viewer, other, third, author = [await fair.someone() for _ in range(4)]
    liked, saved = [await fair.put(author) for _ in range(2)]
    unlike = (await public_posts(fair, 1))[0]
    found, found_twice = await public_posts(fair, 2)
    await fair.like(viewer, liked)
    await fair.save(viewer, saved)
    for post in (liked, saved, found, found_twice):
        await fair.like(other, post)
    for post in (saved, found_twice):
        await fair.like(third, post)
    leads = await leads_of(fair.backend.reader(), viewer)
    # Two ways by the other, who likes both that the viewer likes; one more by the third.
    assert leads.liked == {liked: 2, saved: 3, found: 2, found_twice: 3}
    assert leads.followed == {}
    edges = await fair.whole("explore", viewer)
    assert [(edge.node.id, edge.reason) for edge in edges] == [
        (found_twice, FeedReason.SIMILAR_TO_LIKED),
        (found, FeedReason.SIMILAR_TO_LIKED),
        (unlike, FeedReason.SUGGESTED),
    ]
    assert [edge.score for edge in edges] == sorted((edge.score for edge in edges), reverse=True)  # type: ignore[type-var]


async def test_why_something_is_there(fair: Fair) -> None:
    viewer = await fair.someone()
    liked_tag, followed_tag, both = [await fair.hashtag() for _ in range(3)]
    liked = await fair.put(await fair.someone(), hashtags=(liked_tag, both))
    await fair.like(viewer, liked)
    for tag in (followed_tag, both):
        await fair.follow_tag(viewer, tag)
    by_liked = await fair.put(await fair.someone(), hashtags=(liked_tag,))
    by_followed = await fair.put(await fair.someone(), hashtags=(followed_tag,))
    by_both = await fair.put(await fair.someone(), hashtags=(both,))
    touched, untouched = await public_posts(fair, 2)
    await fair.like(await fair.someone(), touched)
    assert {edge.node.id: edge.reason for edge in await fair.whole("explore", viewer)} == {
        by_liked: FeedReason.SIMILAR_TO_LIKED,
        by_both: FeedReason.SIMILAR_TO_LIKED,
        by_followed: FeedReason.SUGGESTED,
        touched: FeedReason.TRENDING,
        untouched: FeedReason.SUGGESTED,
    }


async def test_whoever_is_withheld_blocked_or_muted_leads_nowhere(fair: Fair) -> None:
    viewer, blocked, blocking, muted, withheld, gone = [await fair.someone() for _ in range(6)]
    liked, *others = await public_posts(fair, 6)
    await fair.like(viewer, liked)
    for person, post in zip((blocked, blocking, muted, withheld, gone), others, strict=True):
        await fair.like(person, liked)
        await fair.like(person, post)
    await fair.block(viewer, blocked)
    await fair.block(blocking, viewer)
    await fair.mute(viewer, muted)
    await change(
        fair.backend, liked, "UPDATE likes SET withheld = 2 WHERE user_id = :u AND subject_id = :s", u=withheld, s=liked
    )
    await set_user_state(fair.backend, gone, "DELETED")
    assert (await leads_of(fair.backend.reader(), viewer)).liked == {}


async def test_every_step_is_bounded(fair: Fair, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"LIKED": 3, "LIKERS": 2, "PEOPLE": 2, "LATELY": 3, "HASHTAGS": 1, "LISTED": 2, "LED_TO": 4}
    for name, limit in limits.items():
        monkeypatch.setattr(leads_of_viewers, name, limit)
    viewer, *people = [await fair.someone() for _ in range(6)]
    rare, frequent = [await fair.hashtag() for _ in range(2)]
    posts = await public_posts(fair, 9)
    tagged = [await fair.put(people[0], hashtags=(frequent,)) for _ in range(3)]
    await fair.put(people[0], hashtags=(rare,))
    for post in (posts[0], *tagged):  # the three liked last count
        await fair.like(viewer, post)
    for person, liked in ((people[1], posts[3:9]), (people[2], posts[1:4]), (people[3], posts[0:1])):
        for post in liked:
            await fair.like(person, post)
        await fair.like(person, tagged[2])
    leads = await leads_of(fair.backend.reader(), viewer)
    # Of those who like the third the last two, and of what they like the last three: itself twice, and `posts`.
    by_people = {tagged[2]: 2, posts[0]: 1, posts[3]: 1, posts[2]: 1}
    # Three of what the viewer likes have the hashtag: so many ways lead to the newest two under it.
    by_hashtag = {tagged[2]: 3, tagged[1]: 3}
    assert leads.liked == {post: by_people.get(post, 0) + by_hashtag.get(post, 0) for post in by_people | by_hashtag}


async def test_what_was_liked_or_saved_is_not_explored_before_its_mirror_has_heard_of_it(fair: Fair) -> None:
    viewer = await fair.someone()
    posts = [await fair.put(await fair.someone()) for _ in range(4)]
    first = await fair.page("explore", viewer, first=1)
    assert shown(first.edges) == posts[3:]
    await fair.edge(posts[0], Like, "LIKED", subject_id=posts[0], user_id=viewer)
    await fair.edge(posts[1], Save, "SAVED", post_id=posts[1], user_id=viewer)
    rest = await fair.page("explore", viewer, first=100, after=first.page_info.end_cursor)
    assert shown(rest.edges) == [posts[2]]
    assert shown(await fair.whole("explore", viewer)) == posts[:1:-1]


@pytest.mark.parametrize("feed", ["explore", "reels"])
async def test_what_changed_between_two_pages_is_left_out(fair: Fair, feed: str) -> None:
    viewer = await fair.someone()
    authors = [await fair.someone() for _ in range(10)]
    posts = [await fair.put(author, "REEL") for author in authors]
    first = await fair.page(feed, viewer, first=1)
    left = [post for post in posts if post not in shown(first.edges)]
    by = {post: fair.made[post].author for post in left}
    await set_post_state(fair.backend, left[0], "ARCHIVED")
    await set_user_state(fair.backend, by[left[1]], "SUSPENDED")
    await change(fair.backend, by[left[2]], "UPDATE users SET is_private = true WHERE id = :id", id=by[left[2]])
    await fair.block(by[left[3]], viewer)
    await fair.block(viewer, by[left[4]])
    await fair.mute(viewer, by[left[5]])
    await fair.follow(viewer, by[left[6]], "PENDING")
    await fair.follow(viewer, by[left[7]])
    await fair.see(viewer, left[8])
    rest = await fair.page(feed, viewer, first=100, after=first.page_info.end_cursor)
    assert not rest.page_info.has_next_page
    found = {edge.node.id: edge.reason for edge in rest.edges}  # type: ignore[attr-defined]
    suggested, following = FeedReason.SUGGESTED, FeedReason.FOLLOWING
    assert found == ({} if feed == "explore" else {left[7]: following, left[8]: suggested})


async def test_what_was_seen_or_liked_is_not_explored_and_sinks_in_reels(fair: Fair) -> None:
    viewer = await fair.someone()
    posts = [await fair.put(await fair.someone(), "REEL") for _ in range(4)]
    before = await fair.whole("reels", viewer)
    assert shown(before) == posts[::-1]
    await fair.see(viewer, posts[3])
    await fair.like(viewer, posts[0])
    assert shown(await fair.whole("explore", viewer)) == [posts[2], posts[1]]
    after = await fair.whole("reels", viewer)
    assert shown(after)[-1] == posts[3]
    assert after[-1].score is not None
    assert before[0].score is not None
    assert after[-1].score == pytest.approx(before[0].score / 4, abs=1e-3)


async def test_reels_of_those_and_under_what_one_has_left(fair: Fair) -> None:
    viewer, followed, other, unfollowed = [await fair.someone() for _ in range(4)]
    tag = await fair.hashtag()
    await fair.follow(viewer, followed)
    await fair.follow(viewer, unfollowed)
    await fair.follow_tag(viewer, tag)
    reels = [
        await fair.put(author, "REEL", hashtags=hashtags)
        for author, hashtags in ((followed, ()), (other, (tag,)), (unfollowed, ()), (viewer, (tag,)))
    ]
    await fair.put(followed, "PHOTO", hashtags=(tag,))
    first = await fair.page("reels", viewer, first=1)
    assert {edge.node.id: edge.reason for edge in await fair.whole("reels", viewer)} == {
        reels[0]: FeedReason.FOLLOWING,
        reels[1]: FeedReason.FOLLOWED_HASHTAG,
        reels[2]: FeedReason.FOLLOWING,
    }
    assert shown(first.edges) == [reels[2]]
    for sql in (
        "UPDATE hashtag_follows SET state = 'GONE' WHERE user_id = :v",
        "UPDATE following SET state = 'GONE' WHERE follower_id = :v",
    ):
        await change(fair.backend, viewer, sql, v=viewer)
    await change(fair.backend, followed, "UPDATE follows SET state = 'GONE' WHERE followed_id = :f", f=followed)
    rest = await fair.page("reels", viewer, after=first.page_info.end_cursor)
    assert (shown(rest.edges), rest.page_info.has_next_page) == ([], False)
    anew = {edge.node.id: edge.reason for edge in await fair.whole("reels", viewer)}
    assert anew == {reels[0]: FeedReason.SUGGESTED, reels[1]: FeedReason.SUGGESTED, reels[2]: FeedReason.FOLLOWING}


async def snapshots(fair: Fair, viewer: int) -> list[int]:
    sql = "SELECT id FROM feed_snapshots WHERE viewer_id = $1 ORDER BY id"
    return [row[0] for row in await rows(fair.backend, viewer, sql, viewer)]


async def test_the_same_is_read_again_while_it_is_fresh(fair: Fair, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = await fair.someone()
    posts = await public_posts(fair, 3)
    before = await fair.whole("explore", viewer)
    await fair.like(await fair.someone(), posts[0])
    fair.backend.kept.clear()
    again = await fair.whole("explore", viewer)
    assert [(one.node.id, one.reason) for one in before] != [(one.node.id, one.reason) for one in again]
    made = await snapshots(fair, viewer)
    assert len(made) == 2  # the like made one trending
    assert [(one.node.id, one.score) for one in await fair.whole("explore", viewer)] == [
        (one.node.id, one.score) for one in again
    ]
    assert await snapshots(fair, viewer) == made
    monkeypatch.setattr(ranked_pages, "FRESH", timedelta(0))
    assert shown(await fair.whole("explore", viewer)) == shown(again)
    assert len(await snapshots(fair, viewer)) == 3


async def test_cursors_of_other_lists_are_refused(fair: Fair) -> None:
    viewer, other = await fair.someone(), await fair.someone()
    for _ in range(4):
        await fair.put(await fair.someone(), "REEL")
    cursors = {
        (feed, one): (await fair.page(feed, one, first=1)).page_info.end_cursor
        for feed in ("explore", "reels")
        for one in (viewer, other)
    }
    wrong = [("explore", cursors["reels", viewer]), ("explore", cursors["explore", other])]
    wrong += [("reels", encode_cursor(*numbers)) for numbers in ((1,), (2**60, 2**60), (1, -1), (1, 1))]
    for feed, after in wrong:
        with pytest.raises(RequestFault) as fault:
            await fair.page(feed, viewer, after=after)
        assert fault.value.code is RequestErrorCode.BAD_REQUEST
    for first in (0, 101):
        with pytest.raises(RequestFault) as fault:
            await fair.page("explore", viewer, first=first)
        assert fault.value.code is RequestErrorCode.LIMIT_EXCEEDED


async def ids_in_pool(fair: Fair, pool: Pool) -> list[int]:
    return [post.id for post in await trending(fair.backend, fair.backend.reader(), pool)]


async def test_the_pool_holds_what_everybody_may_see_the_best_first(fair: Fair) -> None:
    public, private = await fair.someone(), await fair.someone(is_private=True)
    suspended = await fair.someone(state="SUSPENDED")
    old = floor_of(clock.now_ms() - 8 * 86_400_000) | (public & (2**23 - 1))
    await fair.write(public, Post, id=old, author_id=public, kind="REEL", media=[])
    reels = [await fair.put(public, "REEL") for _ in range(2)]
    photo = await fair.put(public)
    for author in (private, suspended):
        await fair.put(author, "REEL")
    await fair.put(public, "REEL", state="ARCHIVED")
    await fair.count(reels[0], SHARES=2)
    assert await ids_in_pool(fair, Pool.POSTS) == [reels[0], photo, reels[1]]
    assert await ids_in_pool(fair, Pool.REELS) == [reels[0], reels[1]]


async def test_the_pool_is_kept_for_a_while(fair: Fair, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await public_posts(fair, 1)
    reader = fair.backend.reader()
    assert [post.id for post in await trending(fair.backend, reader, Pool.POSTS)] == first
    assert reader.statements == 2
    second = await public_posts(fair, 1)
    assert [post.id for post in await trending(fair.backend, reader, Pool.POSTS)] == first
    assert reader.statements == 2
    monkeypatch.setattr(pools, "POOL_SECONDS", 0)
    assert [post.id for post in await trending(fair.backend, reader, Pool.POSTS)] == [*second, *first]


async def test_the_pool_takes_the_newest_of_each_node(fair: Fair) -> None:
    few = fair.backend.settings.model_copy(update={"explore_pool": 2})
    for node in (0, 1):
        shard = fair.backend.shards.shards_on(node)[0]
        hidden, author = await fair.someone(shard, is_private=True), await fair.someone(shard)
        for _ in range(3):
            await fair.put(author)
        for _ in range(6):
            await fair.put(hidden)
    fair.backend.kept.clear()
    settings = fair.backend.settings
    fair.backend.settings = few
    try:
        found = await trending(fair.backend, fair.backend.reader(), Pool.POSTS)
    finally:
        fair.backend.settings = settings
    # Of the newest eight of each node six are of somebody private.
    newest = [sorted(post.id for post in fair.made.values() if post.author == author)[1:] for author in fair.users]
    public = [author for author, (is_private, _) in fair.users.items() if not is_private]
    assert {post.id for post in found} == {
        id_ for author, ids in zip(fair.users, newest, strict=True) if author in public for id_ in ids
    }
