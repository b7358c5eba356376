import pytest

from core.errors import RequestErrorCode, RequestFault
from models.tables import PostKind
from services.backend import Backend
from services.marks import NOBODY
from services.pages import Page
from services.posts.archive import archive_post
from services.posts.attaching import NewMedia
from services.posts.checks import NewTag
from services.posts.create import NewPost, create_post
from services.posts.pages import archived_posts, posts_of_authors, tagged_posts
from services.posts.untagging import remove_my_tag
from services.posts.update import update_post
from services.visible import VisiblePost
from tests.factories import Person, make_user
from tests.posting import accept_follow, change, links, make_follow, make_post, ready_upload, set_post_state


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


async def walk(backend: Backend, viewer_id: int, author_id: int, *, first: int) -> list[int]:
    """All posts of an author, page by page."""
    seen: list[int] = []
    after: str | None = None
    while True:
        found = await page(backend, viewer_id, author_id, first=first, after=after)
        seen += [post.id for post in found.nodes]
        after = found.page_info.end_cursor
        if not found.page_info.has_next_page:
            return seen


@pytest.mark.parametrize("first", [1, 2, 3, 5])
async def test_what_is_pinned_comes_first_the_newest_pin_before_the_others(backend: Backend, first: int) -> None:
    author = await make_user(backend)
    made = [await make_post(backend, author) for _ in range(6)]
    for post_id in (made[1], made[4], made[0]):
        await update_post(backend, links(backend), author.id, post_id, {"is_pinned": True})
    expected = [made[0], made[4], made[1], made[5], made[3], made[2]]
    assert await walk(backend, NOBODY, author.id, first=first) == expected


async def test_pins_of_one_moment_are_in_the_order_of_their_posts(backend: Backend) -> None:
    author = await make_user(backend)
    made = [await make_post(backend, author) for _ in range(4)]
    pin = "UPDATE posts SET pinned_at = '2026-01-01 00:00:00.000001+00' WHERE id = ANY(:ids)"
    await change(backend, author.id, pin, ids=[made[0], made[2]])
    assert await walk(backend, NOBODY, author.id, first=1) == [made[2], made[0], made[3], made[1]]


async def test_a_cursor_holds_while_posts_are_pinned_and_made(backend: Backend) -> None:
    author = await make_user(backend)
    made = [await make_post(backend, author) for _ in range(4)]
    found = await page(backend, NOBODY, author.id, first=2)
    assert [post.id for post in found.nodes] == [made[3], made[2]]
    await make_post(backend, author)
    await update_post(backend, links(backend), author.id, made[3], {"is_pinned": True})
    rest = await page(backend, NOBODY, author.id, first=5, after=found.page_info.end_cursor)
    assert [post.id for post in rest.nodes] == [made[1], made[0]]


async def test_pinned_ones_of_another_kind_are_left_out(backend: Backend) -> None:
    author = await make_user(backend)
    photo, carousel, other = [await make_post(backend, author, pictures=count) for count in (1, 2, 2)]
    for post_id in (photo, carousel):
        await update_post(backend, links(backend), author.id, post_id, {"is_pinned": True})
    found = await page(backend, NOBODY, author.id, first=5, kind=PostKind.CAROUSEL)
    assert [post.id for post in found.nodes] == [carousel, other]


async def test_the_archive_is_its_owners_newest_first(backend: Backend) -> None:
    author, other = await make_user(backend), await make_user(backend)
    made = [await make_post(backend, author) for _ in range(4)]
    for post_id in (made[2], made[0], made[1]):
        await archive_post(backend, links(backend), author.id, post_id)
    one = await archived_posts(backend.reader(), links(backend), author.id, first=2, after=None)
    two = await archived_posts(backend.reader(), links(backend), author.id, first=2, after=one.page_info.end_cursor)
    assert [[post.id for post in found.nodes] for found in (one, two)] == [[made[2], made[1]], [made[0]]]
    assert (one.page_info.has_next_page, two.page_info.has_next_page) == (True, False)
    nothing = await archived_posts(backend.reader(), links(backend), other.id, first=2, after=None)
    assert nothing.nodes == []
    assert [post.id for post in (await page(backend, author.id, author.id)).nodes] == [made[3]]


async def tagged_page(
    backend: Backend, viewer_id: int, user_id: int, *, first: int = 20, after: str | None = None
) -> Page[VisiblePost]:
    found = await tagged_posts(backend.reader(), links(backend), viewer_id, [user_id], first=first, after=after)
    return found[user_id]


async def tagged(backend: Backend, viewer_id: int, user_id: int) -> list[int]:
    return [post.id for post in (await tagged_page(backend, viewer_id, user_id)).nodes]


async def make_tagged(backend: Backend, author: Person, person: Person) -> int:
    media = [NewMedia(await ready_upload(backend, author.id), tags=[NewTag(person.id, 0.5, 0.5)])]
    return await create_post(backend, links(backend), author.id, NewPost(media))


async def test_posts_on_which_somebody_is_tagged_page_by_page(backend: Backend) -> None:
    person, *authors = [await make_user(backend) for _ in range(4)]
    made = [await make_tagged(backend, author, person) for author in authors]
    made.sort(reverse=True)
    one = await tagged_page(backend, NOBODY, person.id, first=2)
    two = await tagged_page(backend, NOBODY, person.id, first=2, after=one.page_info.end_cursor)
    assert [[post.id for post in found.nodes] for found in (one, two)] == [made[:2], made[2:]]
    assert (one.page_info.has_next_page, two.page_info.has_next_page) == (True, False)
    assert await tagged(backend, NOBODY, authors[0].id) == []


async def test_each_is_proved_by_its_post(backend: Backend) -> None:
    person, author, hidden, follower = [
        await make_user(backend, is_private=private) for private in (False, False, True, False)
    ]
    shown, archived, untagged, late, secret = [
        await make_tagged(backend, one, person) for one in (author, author, author, author, hidden)
    ]
    await make_follow(backend, follower, hidden)
    await accept_follow(backend, follower, hidden)
    await archive_post(backend, links(backend), author.id, archived)
    await remove_my_tag(backend, links(backend), person.id, untagged)
    # The mirrors are late: they still have what the truth says no more.
    relist = "UPDATE tagged_posts SET state = 'LISTED' WHERE user_id = :id AND post_id = ANY(:posts)"
    await change(backend, person.id, relist, id=person.id, posts=[archived, untagged])
    await change(backend, late, "UPDATE posts SET media = jsonb_set(media, '{0,tags}', '[]') WHERE id = :id", id=late)
    assert await tagged(backend, NOBODY, person.id) == [shown]
    assert await tagged(backend, person.id, person.id) == [shown]
    # Its author sees the archived one, but not there.
    assert await tagged(backend, author.id, person.id) == [shown]
    assert await tagged(backend, follower.id, person.id) == sorted([shown, secret], reverse=True)


async def test_of_a_private_account_only_followers_see_what_it_is_tagged_on(backend: Backend) -> None:
    person, author, follower = [await make_user(backend, is_private=private) for private in (True, False, False)]
    await make_follow(backend, follower, person)
    await accept_follow(backend, follower, person)
    post_id = await make_tagged(backend, author, person)
    for viewer_id, seen in ((NOBODY, []), (author.id, []), (follower.id, [post_id]), (person.id, [post_id])):
        found = await tagged_page(backend, viewer_id, person.id)
        assert [post.id for post in found.nodes] == seen
        assert found.page_info.has_next_page is False
