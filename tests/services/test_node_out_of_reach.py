"""What is seen, and what is refused, while one node does not answer."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest

from core.errors import ShardUnavailable
from core.settings import Settings
from loaders.comment import load_comments
from loaders.context import Context
from loaders.entity import load_target
from loaders.pages import load_page_post_count
from loaders.post import load_posts
from loaders.relationship import load_followers, load_viewer_relationship
from models.global_ids import NodeKind
from models.ids import shard_of
from services.backend import Backend
from services.comments.pages import CommentOrder
from services.consequences import EventKind
from services.hashtags import shard_of_hashtag
from services.likes import like
from services.live import Live
from services.posts.archive import archive_post
from services.posts.attaching import NewMedia
from services.posts.checks import NewTag
from services.posts.create import NewPost, create_post
from services.posts.listing import list_post_of
from services.relationships.follow import follow
from services.visibility import visible_posts
from tests.factories import Person, make_user
from tests.posting import (
    change,
    end_block,
    fingerprint,
    job_of,
    links,
    listed,
    make_block,
    make_comment,
    make_post,
    ready_upload,
    rows,
)


@dataclass(slots=True)
class HalfTown:
    """`half` is a backend from which node 1 is out of reach."""

    whole: Backend
    half: Backend
    up: Person
    down: Person


@pytest.fixture(scope="module")
async def town(backend: Backend, settings: Settings) -> AsyncIterator[HalfTown]:
    urls = [settings.database_urls[0], "postgresql://nobody@127.0.0.1:1/none"]
    half = await Backend.open(settings.model_copy(update={"database_urls": urls}))
    people: dict[int, Person] = {}
    while len(people) < 2:
        person = await make_user(backend)
        people[backend.shards.node_of(shard_of(person.id))] = person
    yield HalfTown(backend, half, people[0], people[1])
    await half.close()


def context_of(town: HalfTown) -> Context:
    return Context(town.half, Live(town.half.redis), town.up.viewer)


async def test_a_comment_whose_author_is_out_of_reach_is_shown_without(town: HalfTown) -> None:
    post_id = await make_post(town.whole, town.up)
    comment_id = await make_comment(town.whole, town.down, post_id)
    context = context_of(town)
    posts = await visible_posts(context.reader, context.links, context.viewer_id, [post_id])
    [page] = await load_comments(context, list(posts.values()))
    assert [(comment.id, comment.author) for comment in page.nodes] == [(comment_id, None)]
    assert context.reader.unavailable == {1}


async def test_nothing_is_shown_of_who_blocks_the_viewer_and_is_out_of_reach(town: HalfTown) -> None:
    """The block stands there too; the viewer's own node has heard of it."""
    post_id = await make_post(town.whole, town.up)
    blocker = await make_user(town.whole)
    while town.whole.shards.node_of(shard_of(blocker.id)) != 1:
        blocker = await make_user(town.whole)
    said = await make_comment(town.whole, blocker, post_id)
    other = await make_comment(town.whole, town.down, post_id)
    await make_comment(town.whole, town.up, post_id, parent_id=said)
    for block_it, expected in ((make_block, [other]), (end_block, [other, said])):
        await block_it(town.whole, blocker, town.up)
        await change(town.whole, said, "UPDATE comments SET withheld = 0 WHERE post_id = :post_id", post_id=post_id)
        context = context_of(town)
        posts = await visible_posts(context.reader, context.links, context.viewer_id, [post_id])
        [page] = await load_comments(context, list(posts.values()), order=CommentOrder.NEWEST)
        assert [comment.id for comment in page.nodes] == expected
        assert context.reader.unavailable == {1}


async def test_lists_of_who_is_out_of_reach_are_unknown(town: HalfTown) -> None:
    await make_post(town.whole, town.up)
    for load in (load_posts, load_followers, load_viewer_relationship):
        here, there = await load(context_of(town), [town.up.viewer.user, town.down.viewer.user])
        assert not isinstance(here, Exception)
        assert isinstance(there, ShardUnavailable)


async def test_what_is_out_of_reach_is_not_said_to_be_missing(town: HalfTown) -> None:
    post_id = await make_post(town.whole, town.down)
    before = await fingerprint(town.whole)
    with pytest.raises(ShardUnavailable):
        await like(town.half, links(town.half), town.up.id, NodeKind.POST, post_id)
    with pytest.raises(ShardUnavailable):
        await follow(town.half, links(town.half), town.up.viewer.user, town.down.id)
    assert await fingerprint(town.whole) == before


async def test_who_may_be_hidden_from_the_liker_is_not_known_without_the_likers_node(town: HalfTown) -> None:
    """Whom the liker blocks stands there: unknown is hidden, and the answer says why."""
    post_id = await make_post(town.whole, town.up)
    before = await fingerprint(town.whole)
    with pytest.raises(ShardUnavailable):
        await like(town.half, links(town.half), town.down.id, NodeKind.POST, post_id)
    assert await fingerprint(town.whole) == before


async def test_a_like_stands_while_the_mirror_is_out_of_reach(town: HalfTown) -> None:
    post_id = await make_post(town.whole, town.up)
    node = town.whole.shards.node_of(shard_of(town.down.id))
    holder = await asyncpg.connect(town.whole.settings.database_urls[node])
    async with holder.transaction():
        await holder.execute("LOCK TABLE likes_given IN ACCESS EXCLUSIVE MODE")
        await like(town.whole, links(town.whole), town.down.id, NodeKind.POST, post_id)
    await holder.close()
    liked = "SELECT state, version FROM likes WHERE subject_id = $1 AND user_id = $2"
    assert await rows(town.whole, post_id, liked, post_id, town.down.id) == [("LIKED", 1)]
    told = "SELECT handler FROM deliveries JOIN events e ON e.id = event_id WHERE payload @> $1 ORDER BY handler"
    payload = {"subject_id": post_id, "user_id": town.down.id}
    assert await rows(town.whole, post_id, told, payload) == [("like_notification",), ("repair_like",)]
    given = "SELECT state FROM likes_given WHERE user_id = $1 AND subject_id = $2"
    assert await rows(town.whole, town.down.id, given, town.down.id, post_id) == []


async def test_what_a_caption_points_at_out_of_reach_is_unknown(town: HalfTown) -> None:
    names = {0: "", 1: ""}
    while not all(names.values()):
        name = f"o{secrets.token_hex(5)}"
        names[town.whole.shards.node_of(shard_of_hashtag(town.whole, name))] = name
    said = f"@{town.up.username} @{town.down.username} #{names[0]} #{names[1]}"
    post_id = await make_post(town.whole, town.up, caption=said)
    context = context_of(town)
    posts = await visible_posts(context.reader, context.links, context.viewer_id, [post_id])
    up, down, *hashtags = await load_target(context, posts[post_id].caption_entities)
    assert (up.id, type(down)) == (town.up.id, ShardUnavailable)
    assert [one.name for one in hashtags] == [names[0], names[1]]
    here, there = await load_page_post_count(context, hashtags)
    assert (here, type(there)) == (1, ShardUnavailable)


async def test_pages_in_reach_have_the_post_and_the_job_brings_the_others(town: HalfTown) -> None:
    tags = [NewTag(person.id, 0, 0) for person in (town.up, town.down)]
    media = [NewMedia(await ready_upload(town.whole, town.up.id), tags=tags)]
    post_id = await create_post(town.whole, links(town.whole), town.up.id, NewPost(media))
    assert (await listed(town.whole, post_id))["tagged_posts"] == {town.up.id, town.down.id}
    await archive_post(town.half, links(town.half), town.up.id, post_id)
    assert (await listed(town.whole, post_id))["tagged_posts"] == {town.down.id}
    payload = {"post_id": post_id, "author_id": town.up.id}
    with pytest.raises(ShardUnavailable):
        await list_post_of(job_of(town.half, EventKind.POST_ARCHIVED, payload))
    await list_post_of(job_of(town.whole, EventKind.POST_ARCHIVED, payload))
    assert (await listed(town.whole, post_id))["tagged_posts"] == set()


async def test_nobody_is_left_out_of_a_caption_because_a_node_is_away(town: HalfTown) -> None:
    upload_id = await ready_upload(town.whole, town.up.id)
    before = await fingerprint(town.whole)
    for wanted in (
        NewPost([NewMedia(upload_id)], f"@{town.down.username}"),
        NewPost([NewMedia(upload_id, tags=[NewTag(town.down.id, 0, 0)])]),
    ):
        with pytest.raises(ShardUnavailable):
            await create_post(town.half, links(town.half), town.up.id, wanted)
    assert await fingerprint(town.whole) == before
