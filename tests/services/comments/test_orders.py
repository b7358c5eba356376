"""Who walks the pages of an order to the end sees each comment that was there at the beginning once, in order, whatever
is said, liked, pinned and folded between the pages and beside them."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from core.errors import UserFault
from models.ids import shard_of
from models.tables import Comment, Counter
from services import counts
from services.backend import Backend
from services.comments.delete import delete_comment
from services.comments.pages import CommentOrder
from services.comments.pin import pin_comment, unpin_comment
from services.comments.threads import lock_post
from services.visible import VisiblePost
from tests.factories import Person, make_user
from tests.posting import change, links, make_post, rows
from tests.services.comments.test_pages import page, posts_of, walked

FIXED = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)


class Thread:
    """A post, whose comments move. What likes do to the order is done without people: deltas, and their folding."""

    def __init__(self, backend: Backend, author: Person, post: VisiblePost) -> None:
        self.backend = backend
        self.author = author
        self.post = post
        self.made: list[int] = []

    @classmethod
    async def begin(cls, backend: Backend, author: Person, comments: int) -> "Thread":
        [post] = await posts_of(backend, author, await make_post(backend, author))
        thread = cls(backend, author, post)
        for _ in range(comments):
            await thread.say()
        return thread

    async def say(self) -> None:
        """As `add_comment` writes one, without what else it does."""
        async with self.backend.transaction(shard_of(self.post.id)) as transaction:
            await lock_post(transaction, self.post.id)
            number = await transaction.mint_id()
            await transaction.session.execute(
                insert(Comment).values(id=number, post_id=self.post.id, author_id=self.author.id, text=".")
            )
        self.made.append(number)

    async def like(self, comment_id: int, likes: int) -> None:
        async with self.backend.transaction(shard_of(comment_id)) as transaction:
            await counts.add(transaction, comment_id, Counter.LIKES, likes)
        await counts.fold(self.backend, comment_id)

    async def pin(self, comment_id: int) -> None:
        try:
            await pin_comment(self.backend, links(self.backend), self.author.id, comment_id)
        except UserFault:  # three are
            pinned = "SELECT id FROM comments WHERE post_id = $1 AND pinned_at IS NOT NULL ORDER BY pinned_at"
            for (oldest,) in (await rows(self.backend, self.post.id, pinned, self.post.id))[:1]:
                await self.unpin(oldest)

    async def unpin(self, comment_id: int) -> None:
        await unpin_comment(self.backend, links(self.backend), self.author.id, comment_id)

    async def anything(self, kind: str, which: int, likes: int) -> None:
        comment_id = self.made[which % len(self.made)]
        match kind:
            case "say":
                await self.say()
            case "like":
                await self.like(comment_id, likes)
            case "pin":
                await self.pin(comment_id)
            case "unpin":
                await self.unpin(comment_id)

    async def expected(self, order: CommentOrder) -> list[int]:
        """By plain SQL."""
        by = {
            CommentOrder.TOP: "pinned_at DESC NULLS LAST, (pinned_at IS NULL)::int * score DESC, id DESC",
            CommentOrder.NEWEST: "id DESC",
            CommentOrder.OLDEST: "id",
        }
        sql = (
            f"SELECT id FROM comments WHERE post_id = $1 AND parent_id IS NULL AND state = 'LIVE' ORDER BY {by[order]}"
        )
        return [number for (number,) in await rows(self.backend, self.post.id, sql, self.post.id)]

    async def walk(self, order: CommentOrder, first: int, between: Callable[[], Awaitable[None]]) -> list[int]:
        ids: list[int] = []
        after = None
        while True:
            found = await page(self.backend, self.post, order, first, after)
            ids += [comment.id for comment in found.nodes]
            if not found.page_info.has_next_page:
                return ids
            after = found.page_info.end_cursor
            await between()


def seen_of(order: CommentOrder, ids: list[int], there: list[int]) -> list[int]:
    """OLDEST goes on to what came meanwhile."""
    assert len(set(ids)) == len(ids)
    return ids[: len(there)] if order is CommentOrder.OLDEST else ids


STEP = st.tuples(
    st.sampled_from(["say", "like", "like", "like", "pin", "unpin"]), st.integers(0, 20), st.integers(-3, 3)
)


async def test_a_walk_shows_what_was_there_at_its_beginning(backend: Backend) -> None:
    """In random steps between the pages."""
    author = await make_user(backend)
    loop = asyncio.get_running_loop()

    @FIXED
    @given(
        order=st.sampled_from(list(CommentOrder)),
        comments=st.integers(1, 8),
        first=st.integers(1, 4),
        before=st.lists(STEP, max_size=6),
        steps=st.lists(st.lists(STEP, max_size=5), max_size=8),
    )
    def walk(order: CommentOrder, comments: int, first: int, before: list[Any], steps: list[list[Any]]) -> None:
        running = _walk(backend, author, order, comments, first, before, steps)
        asyncio.run_coroutine_threadsafe(running, loop).result(60)

    await asyncio.to_thread(walk)


async def _walk(  # noqa: PLR0917
    backend: Backend,
    author: Person,
    order: CommentOrder,
    comments: int,
    first: int,
    before: list[Any],
    steps: list[list[Any]],
) -> None:
    thread = await Thread.begin(backend, author, comments)
    for step in before:
        await thread.anything(*step)
    there = await thread.expected(order)
    coming = iter(steps)

    async def between() -> None:
        for step in next(coming, []):
            await thread.anything(*step)

    assert seen_of(order, await thread.walk(order, first, between), there) == there
    assert await walked(backend, thread.post, order, 3) == await thread.expected(order)


async def test_the_order_of_the_first_page_is_kept_while_all_goes_on_beside(backend: Backend) -> None:
    """Nothing waits for the walks: what is there is read between two of the changes, which go on from then."""
    author = await make_user(backend)
    thread = await Thread.begin(backend, author, 12)
    dice = random.Random(11)
    done = asyncio.Event()

    async def stir() -> None:
        while not done.is_set():
            kind = dice.choice(["say", "like", "like", "like", "pin", "unpin"])
            await thread.anything(kind, dice.randrange(12), dice.randint(-3, 3))

    async def walks() -> None:
        for _ in range(25):
            order = dice.choice(list(CommentOrder))
            there = set(thread.made)

            async def rest() -> None:
                await asyncio.sleep(0.002)

            ids = await thread.walk(order, 3, rest)
            assert len(set(ids)) == len(ids)
            assert there <= set(ids)

    stirring = [asyncio.create_task(stir()) for _ in range(3)]
    try:
        await asyncio.gather(*(walks() for _ in range(3)))
    finally:
        done.set()
        await asyncio.gather(*stirring)
    for order in CommentOrder:
        assert await walked(backend, thread.post, order, 5) == await thread.expected(order)


async def test_what_is_deleted_meanwhile_is_left_out(backend: Backend) -> None:
    author = await make_user(backend)
    thread = await Thread.begin(backend, author, 6)
    for number in thread.made[:2]:
        await thread.pin(number)
    there = await thread.expected(CommentOrder.TOP)
    gone = [there[1], there[4]]

    async def between() -> None:
        while gone:
            await delete_comment(backend, links(backend), author.id, gone.pop())

    left = [number for number in there if number not in (there[1], there[4])]
    assert await thread.walk(CommentOrder.TOP, 1, between) == left


async def test_where_old_scores_are_kept_no_longer_nothing_is_lost(backend: Backend) -> None:
    """What is passed over then is where it has moved to: shown twice at the worst, or not behind where one stands."""
    author = await make_user(backend)
    thread = await Thread.begin(backend, author, 5)
    a, b, c, d, e = thread.made
    first = await page(backend, thread.post, CommentOrder.TOP, 2)
    assert [comment.id for comment in first.nodes] == [e, d]
    await thread.like(a, 2)
    await thread.like(b, -1)
    await change(backend, a, "DELETE FROM comment_scores WHERE post_id = :post", post=thread.post.id)
    rest = await page(backend, thread.post, CommentOrder.TOP, 5, first.page_info.end_cursor)
    assert [comment.id for comment in rest.nodes] == [c, b]


@pytest.mark.parametrize("order", list(CommentOrder))
async def test_an_empty_list_has_no_pages(backend: Backend, order: CommentOrder) -> None:
    author = await make_user(backend)
    thread = await Thread.begin(backend, author, 0)
    found = await page(backend, thread.post, order)
    assert (found.nodes, found.page_info.has_next_page, found.page_info.end_cursor) == ([], False, None)
