import pytest

from models.global_ids import NodeKind
from services import counts, refill
from services.backend import Backend
from services.comments.pages import CommentOrder, comments_of_posts, replies_of_comments
from services.likes import like
from services.pages import Page
from services.visibility import visible_comments, visible_posts
from services.visible import VisibleComment, VisiblePost
from tests.factories import Person, make_user
from tests.posting import links, make_comment, make_post, set_user_state


async def posts_of(backend: Backend, viewer: Person, *post_ids: int) -> list[VisiblePost]:
    found = await visible_posts(backend.reader(), links(backend), viewer.id, post_ids)
    return [found[post_id] for post_id in post_ids]


async def page(
    backend: Backend, post: VisiblePost, order: CommentOrder, first: int = 2, after: str | None = None
) -> Page[VisibleComment]:
    found = await comments_of_posts(
        backend.reader(), links(backend), post.author.id, [post], order=order, first=first, after=after
    )
    return found[post.id]


async def walked(backend: Backend, post: VisiblePost, order: CommentOrder, first: int = 2) -> list[int]:
    """All pages, one after the other."""
    ids: list[int] = []
    after = None
    while True:
        found = await page(backend, post, order, first, after)
        assert len(found.edges) <= first
        ids += [comment.id for comment in found.nodes]
        if not found.page_info.has_next_page:
            return ids
        after = found.page_info.end_cursor


async def test_three_orders(backend: Backend) -> None:
    author, fan = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    a, b, c, d, e = [await make_comment(backend, author, post_id) for _ in range(5)]
    await make_comment(backend, author, post_id, parent_id=a)
    for person, comment_id in ((author, b), (fan, b), (fan, d)):
        await like(backend, links(backend), person.id, NodeKind.COMMENT, comment_id)
        await counts.fold(backend, comment_id)
    [post] = await posts_of(backend, author, post_id)
    assert await walked(backend, post, CommentOrder.NEWEST) == [e, d, c, b, a]
    assert await walked(backend, post, CommentOrder.OLDEST) == [a, b, c, d, e]
    assert await walked(backend, post, CommentOrder.TOP) == [b, d, e, c, a]
    first = await page(backend, post, CommentOrder.TOP)
    assert (first.page_info.has_next_page, first.page_info.has_previous_page) == (True, False)
    second = await page(backend, post, CommentOrder.TOP, after=first.page_info.end_cursor)
    assert (second.page_info.has_next_page, second.page_info.has_previous_page) == (True, True)


async def test_each_order_is_stable_while_comments_arrive(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    made = [await make_comment(backend, author, post_id) for _ in range(4)]
    [post] = await posts_of(backend, author, post_id)
    for order in CommentOrder:
        first = await page(backend, post, order)
        new = await make_comment(backend, author, post_id)
        rest = await page(backend, post, order, 100, first.page_info.end_cursor)
        ids = [comment.id for comment in (*first.nodes, *rest.nodes)]
        expected = [*made, new] if order is CommentOrder.OLDEST else made[::-1]
        assert ids == expected
        made.append(new)


async def test_a_page_is_filled_up_where_comments_are_hidden(backend: Backend) -> None:
    author, suspended = await make_user(backend), await make_user(backend)
    long_id, short_id = await make_post(backend, author), await make_post(backend, author)
    shown = [await make_comment(backend, author, long_id)]
    for _ in range(6):
        await make_comment(backend, suspended, long_id)
    shown += [await make_comment(backend, author, long_id) for _ in range(2)]
    other = await make_comment(backend, author, short_id)
    await set_user_state(backend, suspended.id, "SUSPENDED")
    posts = await posts_of(backend, author, long_id, short_id)
    reader = backend.reader()
    found = await comments_of_posts(
        reader, links(backend), author.id, posts, order=CommentOrder.NEWEST, first=3, after=None
    )
    assert [comment.id for comment in found[long_id].nodes] == shown[::-1]
    assert [comment.id for comment in found[short_id].nodes] == [other]
    assert [found[number].page_info.has_next_page for number in (long_id, short_id)] == [False, False]


async def test_what_stays_short_says_where_to_go_on(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refill, "REFILL", 2)
    author, suspended = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    last = await make_comment(backend, author, post_id)
    for _ in range(12):
        await make_comment(backend, suspended, post_id)
    await set_user_state(backend, suspended.id, "SUSPENDED")
    [post] = await posts_of(backend, author, post_id)
    reader = backend.reader()
    found = await comments_of_posts(
        reader, links(backend), author.id, [post], order=CommentOrder.NEWEST, first=1, after=None
    )
    assert found[post_id].nodes == []
    assert found[post_id].page_info.has_next_page
    assert reader.statements <= 7  # three rounds of two, and once whom the viewer blocks
    assert await walked(backend, post, CommentOrder.NEWEST, 1) == [last]


async def test_replies_are_the_oldest_first(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    parents = [await make_comment(backend, author, post_id) for _ in range(3)]
    replies = [[await make_comment(backend, author, post_id, parent_id=parent) for _ in range(3)] for parent in parents]
    comments = await visible_comments(backend.reader(), links(backend), author.id, parents[:2])
    reader = backend.reader()
    found = await replies_of_comments(reader, links(backend), author.id, list(comments.values()), first=2, after=None)
    assert {parent: [reply.id for reply in page.nodes] for parent, page in found.items()} == {
        parent: some[:2] for parent, some in zip(parents[:2], replies, strict=False)
    }
    after = found[parents[0]].page_info.end_cursor
    rest = await replies_of_comments(
        backend.reader(), links(backend), author.id, [comments[parents[0]]], first=2, after=after
    )
    assert [reply.id for reply in rest[parents[0]].nodes] == replies[0][2:]
    assert rest[parents[0]].page_info.has_next_page is False
