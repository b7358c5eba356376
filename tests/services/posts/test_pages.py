import pytest

from core.errors import RequestErrorCode, RequestFault
from models.tables import PostKind
from services.backend import Backend
from services.marks import NOBODY
from services.pages import Page
from services.posts.pages import posts_of_authors
from services.visible import VisiblePost
from tests.factories import make_user
from tests.posting import accept_follow, links, make_follow, make_post, set_post_state


async def page(
    backend: Backend,
    viewer_id: int,
    author_id: int,
    *,
    first: int = 2,
    after: str | None = None,
    kind: PostKind | None = None,
) -> Page[VisiblePost]:
    found = await posts_of_authors(
        backend.reader(), links(backend), viewer_id, [author_id], kind=kind, first=first, after=after
    )
    return found[author_id]


async def test_the_newest_first_page_by_page(backend: Backend) -> None:
    author = await make_user(backend)
    made = [await make_post(backend, author) for _ in range(5)]
    seen, after = [], None
    for _ in range(3):
        found = await page(backend, NOBODY, author.id, after=after)
        seen.append([post.id for post in found.nodes])
        after = found.page_info.end_cursor
    assert seen == [[made[4], made[3]], [made[2], made[1]], [made[0]]]
    assert found.page_info.has_next_page is False


async def test_one_kind_alone(backend: Backend) -> None:
    author = await make_user(backend)
    photo, carousel = await make_post(backend, author), await make_post(backend, author, pictures=2)
    assert [post.id for post in (await page(backend, NOBODY, author.id, kind=PostKind.CAROUSEL)).nodes] == [carousel]
    assert [post.id for post in (await page(backend, NOBODY, author.id, kind=PostKind.PHOTO)).nodes] == [photo]


async def test_of_an_account_that_is_private_nothing(backend: Backend) -> None:
    author, stranger, asking, follower = [
        await make_user(backend, is_private=private) for private in (True, False, False, False)
    ]
    made = [await make_post(backend, author) for _ in range(3)]
    for deleted, state in ((made[1], "DELETED"), (made[2], "ARCHIVED")):
        await set_post_state(backend, deleted, state)
    await make_follow(backend, asking, author)
    await make_follow(backend, follower, author)
    await accept_follow(backend, follower, author)
    for viewer_id in (author.id, follower.id):
        assert [post.id for post in (await page(backend, viewer_id, author.id)).nodes] == [made[0]]
    for viewer_id in (stranger.id, asking.id, NOBODY):
        hidden = await page(backend, viewer_id, author.id)
        assert (hidden.edges, hidden.page_info.has_next_page, hidden.page_info.end_cursor) == ([], False, None)


async def test_many_authors_at_once_are_one_statement_a_node(backend: Backend) -> None:
    authors = [await make_user(backend) for _ in range(8)]
    made = {author.id: await make_post(backend, author) for author in authors}
    reader = backend.reader()
    found = await posts_of_authors(reader, links(backend), NOBODY, list(made), kind=None, first=1, after=None)
    assert {author_id: [post.id for post in page.nodes] for author_id, page in found.items()} == {
        author_id: [post_id] for author_id, post_id in made.items()
    }
    assert reader.statements <= backend.shards.node_count


@pytest.mark.parametrize("first", [0, 101])
async def test_how_many_at_once(backend: Backend, first: int) -> None:
    with pytest.raises(RequestFault) as raised:
        await page(backend, NOBODY, 1, first=first)
    assert raised.value.code is RequestErrorCode.LIMIT_EXCEEDED
