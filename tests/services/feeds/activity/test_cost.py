"""What a page costs: statements that depend neither on its size nor on how many are followed, and its time for somebody
who follows as many as one may."""

import statistics

import asyncpg
import pytest

from core import clock
from models.ids import shard_of
from models.reads.reader import Reader
from services.backend import Backend
from services.feeds.activity.page import activity_feed
from services.feeds.activity.proof import ShownActivity
from services.pages import Page
from services.visible import MediaLinks, VisibleComment, VisiblePost, VisibleUser
from tests.empty_store import empty_store
from tests.posting import set_user_state
from tests.services.feeds.activity.crowd import POSTS, make_crowd
from tests.statements import counted

ON_THE_VIEWERS = 2
"""Whom the viewer follows; whom the viewer blocks and mutes."""
ON_EACH_NODE = 9
"""Latest posts; events; then comments, posts, who is behind the comments, people, follows of the viewer, likes, follows
that stand."""


async def read(
    backend: Backend, viewer: int, first: int, after: str | None = None
) -> tuple[Page[ShownActivity], Reader]:
    reader = backend.reader()
    return await activity_feed(reader, MediaLinks(backend.signer), viewer, first=first, after=after), reader


@pytest.mark.parametrize("followed", [12, 300])
async def test_statements_are_the_same_for_any_page_and_any_number_of_followed(backend: Backend, followed: int) -> None:
    viewer = await make_crowd(backend, followed)
    for first in (1, 20, 100):
        async with counted(backend.settings) as spent:
            page, reader = await read(backend, viewer, first)
        assert len(page.nodes) == first
        # What no item of a page asks for is not asked; in a hundred there is something of all on either node.
        assert reader.statements == sum(spent.per_node) <= ON_THE_VIEWERS + 2 * ON_EACH_NODE
        if first == 100:
            assert {one.verb.value for one in page.nodes} == {"POSTED", "LIKED", "COMMENTED", "FOLLOWED"}
            assert sorted(spent.per_node) == [ON_EACH_NODE, ON_EACH_NODE + ON_THE_VIEWERS]
        page, reader = await read(backend, viewer, first, page.page_info.end_cursor)
        assert len(page.nodes) == first
        assert reader.statements <= ON_THE_VIEWERS + 2 * ON_EACH_NODE


def behind(one: ShownActivity) -> set[int]:
    """All whom one must see to see this."""
    subject = one.subject
    if isinstance(subject, VisibleUser):
        return {one.actor.id, subject.id}
    return {one.actor.id, (subject.post if isinstance(subject, VisibleComment) else subject).author.id}


async def read_to_the_end(backend: Backend, viewer: int, first: int) -> tuple[list[ShownActivity], list[int], int]:
    """What is shown, how many items each page but the last has, and the statements of the dearest."""
    found: list[ShownActivity] = []
    sizes: list[int] = []
    dearest, after = 0, None
    for _ in range(1000):
        page, reader = await read(backend, viewer, first, after)
        found += page.nodes
        dearest = max(dearest, reader.statements)
        if not page.page_info.has_next_page:
            return found, sizes, dearest
        sizes.append(len(page.nodes))
        after = page.page_info.end_cursor
    raise AssertionError("the feed has no end")


async def test_the_hidden_costs_three_rounds_and_the_cursor_stands_where_the_looking_stopped(backend: Backend) -> None:
    viewer = await make_crowd(backend, 30)
    whole, sizes, _ = await read_to_the_end(backend, viewer, 100)
    assert set(sizes) == {100}
    kept = {next(one.actor.id for one in whole)}
    for hidden in {one.actor.id for one in whole} - kept:
        await set_user_state(backend, hidden, "SUSPENDED")
    found, sizes, dearest = await read_to_the_end(backend, viewer, 2)
    expected = [one for one in whole if behind(one) <= kept]
    assert [item(one) for one in found] == [item(one) for one in expected]
    assert len(expected) >= POSTS
    assert min(sizes) < 2
    assert ON_THE_VIEWERS + 2 * ON_EACH_NODE < dearest <= ON_THE_VIEWERS + 2 * (1 + 3 * (ON_EACH_NODE - 1))


def item(one: ShownActivity) -> tuple[object, ...]:
    return one.created_at, one.verb, one.subject.id, one.actor.id


async def make_heavy(backend: Backend, viewer: int) -> None:
    """The person and the post of the first item have 200,000 likes more, older than all else."""
    page, _ = await read(backend, viewer, 100)
    post = next(one for one in page.nodes if isinstance(one.subject, VisiblePost))
    likes = (
        "SELECT {}, 'LIKED', 1, clock_now() - interval '29 days' - n * interval '1 ms'"
        " FROM generate_series(1, 200000::bigint) AS n"
    )
    for table, heavy, of in (
        ("likes", post.subject.id, "$1::bigint, n"), ("likes_given", post.actor.id, "n << 23, $1::bigint"),
    ):  # fmt: skip
        connection = await asyncpg.connect(backend.settings.database_urls[backend.shards.node_of(shard_of(heavy))])
        await connection.execute("SET session_replication_role = replica")
        columns = "subject_id, user_id, state, version, since"
        await connection.execute(f"INSERT INTO {table} ({columns}) {likes.format(of)}", heavy)
        await connection.close()


@pytest.mark.drill
@pytest.mark.timeout(900)
async def test_for_somebody_who_follows_7500_a_page_is_quick(backend: Backend) -> None:
    async with empty_store(backend.settings, "activity_crowd", 8) as own:
        viewer = await make_crowd(own, 7500)
        await make_heavy(own, viewer)
        for first in (1, 20, 100):
            times = []
            after = None
            for _ in range(8):
                began = clock.monotonic()
                page, reader = await read(own, viewer, first, after)
                times.append((clock.monotonic() - began) * 1000)
                after = page.page_info.end_cursor
                assert len(page.nodes) == first
                assert reader.statements <= ON_THE_VIEWERS + 2 * ON_EACH_NODE
            shown = " ".join(f"{one:.0f}" for one in times)
            print(f"\n7,500 followed, first {first}: {statistics.median(times):.0f} ms ({shown})")  # noqa: T201
            assert statistics.median(times) < 1500
