from dataclasses import replace

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, insert, update

from core.errors import RequestErrorCode, RequestFault
from models.ids import shard_of
from models.tables import Mute, User
from services.background import Background
from services.feeds import timeline
from services.feeds.fanout import fan_out_post, push_own
from services.feeds.home import FeedEdge, home_feed
from services.feeds.reasons import FeedReason
from services.pages import Page, encode_cursor
from services.visibility import visible_posts
from services.visible import MediaLinks, VisiblePost
from tests.services.feeds.town import Town


async def page_of(town: Town, viewer: int, first: int = 20, after: str | None = None) -> Page[VisiblePost]:
    links = MediaLinks(town.backend.signer)
    return await home_feed(town.backend, town.backend.reader(), links, viewer, first=first, after=after)


async def lively(town: Town) -> tuple[int, list[int], list[int]]:
    """A viewer, three followed on both nodes, and all posts that belong in the feed, newest first."""
    viewer = await town.person()
    authors = [await town.person(shards[0]) for shards in map(town.backend.shards.shards_on, (0, 1, 0))]
    for author in authors:
        await town.set_follow(viewer, author)
    posts = [await town.post(author) for _ in range(8) for author in (*authors, viewer)]
    return viewer, authors, posts[::-1]


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("first", [1, 7, 32, 100])
async def test_paged_to_its_end_it_is_everything_newest_first(small: Town, first: int, *, warm: bool) -> None:
    viewer, _, posts = await lively(small)
    if warm:
        await small.warm(viewer)
    assert await small.feed(viewer, first=first) == posts


async def test_a_page_tells_where_it_stands(small: Town) -> None:
    viewer, authors, posts = await lively(small)
    page = await page_of(small, viewer, 32)
    info = page.page_info
    assert (info.has_next_page, info.has_previous_page) == (False, False)
    assert (info.start_cursor, info.end_cursor) == (encode_cursor(posts[0]), encode_cursor(posts[-1]))
    reasons = {(edge.node.author.id, edge.reason, edge.score) for edge in page.edges if isinstance(edge, FeedEdge)}
    assert reasons == {(viewer, FeedReason.OWN, None)} | {(author, FeedReason.FOLLOWING, None) for author in authors}
    page = await page_of(small, viewer, 31)
    assert page.page_info.has_next_page
    page = await page_of(small, viewer, 5, page.page_info.end_cursor)
    assert [post.id for post in page.nodes] == posts[31:]
    assert (page.page_info.has_next_page, page.page_info.has_previous_page) == (False, True)
    page = await page_of(small, viewer, 5, page.page_info.end_cursor)
    assert (page.nodes, page.page_info.end_cursor, page.page_info.has_next_page) == ([], None, False)


async def test_who_is_muted_is_left_out_without_being_unfollowed(small: Town) -> None:
    viewer, authors, posts = await lively(small)
    async with small.backend.transaction(shard_of(viewer)) as transaction:
        muted = {"muter_id": viewer, "muted_id": authors[0], "state": "MUTED", "version": 1}
        await transaction.session.execute(insert(Mute).values(muted | {"since": func.clock_now()}))
    others = await visible_posts(small.backend.reader(), MediaLinks(small.backend.signer), viewer, posts)
    shown = [post_id for post_id in posts if others[post_id].author.id != authors[0]]
    assert len(shown) == len(posts) - 8
    for first in (5, 100):
        assert await small.feed(viewer, first=first) == shown


async def test_what_the_timeline_wrongly_holds_is_not_shown(small: Town) -> None:
    viewer, author, stranger, hermit = [await small.person(is_private=number == 3) for number in range(4)]
    await small.set_follow(viewer, author)
    await small.warm(viewer)
    shown, deleted, archived, own_archived = [await small.post(one) for one in (author, author, author, viewer)]
    foreign, private = await small.post(stranger), await small.post(hermit)
    await small.set_state("DELETED", deleted)
    await small.set_state("ARCHIVED", archived)
    await small.set_state("ARCHIVED", own_archived)
    for post in (shown, deleted, archived, own_archived, foreign, private):
        assert await timeline.push(small.backend, [viewer], post) == 1
    assert await small.feed(viewer) == [shown]


async def test_who_is_suspended_or_no_longer_followed_is_gone_before_any_job(small: Town) -> None:
    viewer, authors, posts = await lively(small)
    await small.warm(viewer)
    await small.set_follow(viewer, authors[0], follows=False, mirror=False)
    async with small.backend.transaction(shard_of(authors[1])) as transaction:
        await transaction.session.execute(update(User).where(User.id == authors[1]).values(state="SUSPENDED"))
    left = [post for number, post in enumerate(reversed(posts)) if number % 4 in (2, 3)][::-1]
    for first in (1, 5, 100):
        assert await small.feed(viewer, first=first) == left


async def test_a_page_is_refilled_in_bounded_rounds_and_goes_on_where_it_stopped(town: Town) -> None:
    viewer, author = await town.person(), await town.person()
    await town.set_follow(viewer, author)
    oldest = await town.post(author)
    hidden = await town.posts(author, 500)
    newest = await town.post(author)
    await town.warm(viewer)
    await town.set_state("ARCHIVED", *hidden)
    page = await page_of(town, viewer, 2)
    assert [post.id for post in page.nodes] == [newest]
    assert page.page_info.has_next_page
    assert await town.feed(viewer, first=2) == [newest, oldest]


async def test_the_writer_sees_the_own_post_at_once(small: Town) -> None:
    viewer, _, posts = await lively(small)
    await small.warm(viewer)
    post = await small.post(viewer)
    await push_own(small.backend, viewer, post)
    assert [shown.id for shown in (await page_of(small, viewer, 3)).nodes] == [post, *posts[:2]]


async def test_a_lost_timeline_changes_nothing(small: Town) -> None:
    viewer, authors, posts = await lively(small)
    await small.warm(viewer)
    page = await page_of(small, viewer, 5)
    await small.backend.redis.delete(timeline.key_of(viewer))
    post = await small.post(authors[0])
    await fan_out_post(small.job(author_id=authors[0], post_id=post))
    rest = await page_of(small, viewer, 100, page.page_info.end_cursor)
    assert [shown.id for shown in (*page.nodes, *rest.nodes)] == posts
    await small.backend.background.settled()
    assert await small.feed(viewer, first=6) == [post, *posts]


async def test_without_redis_postgresql_answers(small: Town) -> None:
    viewer, _, posts = await lively(small)
    redis = Redis.from_url("redis://127.0.0.1:1")
    away = Town(replace(small.backend, redis=redis, background=Background()))
    assert await away.feed(viewer, first=10) == posts
    await redis.aclose()


@pytest.mark.parametrize("first", [0, 101, -1])
async def test_a_page_has_1_to_100(small: Town, first: int) -> None:
    with pytest.raises(RequestFault) as raised:
        await page_of(small, 1 << 30, first)
    assert raised.value.code is RequestErrorCode.LIMIT_EXCEEDED


async def test_a_cursor_of_something_else_is_refused(small: Town) -> None:
    for after in ("nonsense", "", encode_cursor(1, 2)):
        with pytest.raises(RequestFault) as raised:
            await page_of(small, 1 << 30, 5, after)
        assert raised.value.code is RequestErrorCode.BAD_REQUEST
    assert (await page_of(small, 1 << 30, 5, encode_cursor(-7))).nodes == []
