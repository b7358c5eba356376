import pytest

from core.errors import RequestErrorCode, RequestFault
from models.tables import SaveState
from services.backend import Backend
from services.collections.changing import create_collection, update_collection
from services.collections.covers import LOOKS, covers_of
from services.collections.pages import page_of_collections, posts_of_collections, saved_posts
from services.marks import NOBODY
from services.saves import move_save, save
from services.visibility import visible_collections
from tests.factories import Person, make_user
from tests.posting import change, links, make_post, set_post_state, set_user_state


async def make(backend: Backend, owner: Person, *post_ids: int) -> int:
    """Each put in after the one before."""
    number = await create_collection(backend, links(backend), owner.id, "Doors")
    for post_id in post_ids:
        await save(backend, links(backend), owner.id, post_id, number)
    return number


async def cover(backend: Backend, owner: Person, number: int) -> int | None:
    """The id of the picture."""
    reader = backend.reader()
    collections = list((await visible_collections(reader, owner.id, [number])).values())
    found = await covers_of(reader, links(backend), owner.id, collections)
    return found[number].id if number in found else None


async def picture_of(backend: Backend, post_id: int) -> int:
    [row] = await backend.reader().on_shard_of(
        post_id, "SELECT media->0->'id' AS picture FROM posts WHERE id = $1", post_id
    )
    return int(row["picture"])


async def test_collections_and_what_is_in_them_the_latest_first(backend: Backend) -> None:
    owner, author = await make_user(backend), await make_user(backend)
    posts = [await make_post(backend, author) for _ in range(3)]
    numbers = [await make(backend, owner, *posts), await make(backend, owner), await make(backend, owner, posts[1])]
    first = await page_of_collections(backend.reader(), owner.id, first=2, after=None)
    assert [one.id for one in first.nodes] == numbers[:0:-1]
    rest = await page_of_collections(backend.reader(), owner.id, first=2, after=first.page_info.end_cursor)
    assert ([one.id for one in rest.nodes], rest.page_info.has_next_page) == (numbers[:1], False)
    reader = backend.reader()
    pages = await posts_of_collections(reader, links(backend), owner.id, numbers, first=2, after=None)
    shown = {number: [post.id for post in page.nodes] for number, page in pages.items()}
    assert shown == {numbers[0]: posts[:0:-1], numbers[1]: [], numbers[2]: [posts[1]]}
    assert reader.statements <= 1 + 2 + backend.shards.node_count
    after = pages[numbers[0]].page_info.end_cursor
    page = (await posts_of_collections(reader, links(backend), owner.id, numbers[:1], first=2, after=after))[numbers[0]]
    assert ([post.id for post in page.nodes], page.page_info.has_next_page) == (posts[:1], False)


async def test_what_may_not_be_seen_or_is_unsaved_is_not_shown(backend: Backend) -> None:
    owner, author, suspended = [await make_user(backend) for _ in range(3)]
    seen, deleted, unsaved = [await make_post(backend, author) for _ in range(3)]
    hidden = await make_post(backend, suspended)
    number = await make(backend, owner, seen, deleted, unsaved, hidden)
    await set_post_state(backend, deleted, "DELETED")
    await set_user_state(backend, suspended.id, "SUSPENDED")
    # The process died before it came to the saver's shard.
    await move_save(backend, owner.id, unsaved, SaveState.GONE)
    pages = await posts_of_collections(backend.reader(), links(backend), owner.id, [number], first=10, after=None)
    saved = await saved_posts(backend.reader(), links(backend), owner.id, first=10, after=None)
    assert [post.id for post in pages[number].nodes] == [post.id for post in saved.nodes] == [seen]
    await set_user_state(backend, suspended.id, "ACTIVE")
    saved = await saved_posts(backend.reader(), links(backend), owner.id, first=10, after=None)
    assert [post.id for post in saved.nodes] == [hidden, seen]


async def test_collections_are_for_their_owner(backend: Backend) -> None:
    owner, other = await make_user(backend), await make_user(backend)
    number, deleted = await make(backend, owner), await make(backend, owner)
    await change(backend, deleted, "UPDATE collections SET state = 'DELETED' WHERE id = :id", id=deleted)
    assert list(await visible_collections(backend.reader(), owner.id, [number, deleted, 1 << 40])) == [number]
    for viewer_id in (other.id, NOBODY):
        assert await visible_collections(backend.reader(), viewer_id, [number]) == {}
    assert (await page_of_collections(backend.reader(), other.id, first=10, after=None)).nodes == []


async def test_the_cover_is_the_chosen_one_or_the_newest_that_may_be_seen(backend: Backend) -> None:
    owner, author = await make_user(backend), await make_user(backend)
    posts = [await make_post(backend, author, pictures=2) for _ in range(3)]
    number = await make(backend, owner, *posts)
    pictures = [await picture_of(backend, post_id) for post_id in posts]
    assert await cover(backend, owner, number) == pictures[2]
    await update_collection(backend, links(backend), owner.id, number, {"cover_post_id": posts[0]})
    assert await cover(backend, owner, number) == pictures[0]
    for hidden, shown in ((posts[0], pictures[2]), (posts[2], pictures[1]), (posts[1], None)):
        await set_post_state(backend, hidden, "DELETED")
        assert await cover(backend, owner, number) == shown
    await set_post_state(backend, posts[0], "LIVE")
    assert await cover(backend, owner, number) == pictures[0]
    assert await cover(backend, owner, await make(backend, owner)) is None


@pytest.mark.parametrize(("gone", "has_cover"), [(sum(LOOKS) - 1, True), (sum(LOOKS), False)])
async def test_how_far_a_cover_is_looked_for(backend: Backend, *, gone: int, has_cover: bool) -> None:
    owner, author = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    number = await make(backend, owner, post_id)
    await change(
        backend,
        number,
        "INSERT INTO collection_posts (collection_id, post_id, state, save_version, since)"
        " SELECT :id, n, 'IN', 1, clock_now() + interval '1 hour' FROM generate_series(1, CAST(:gone AS integer)) AS n",
        id=number,
        gone=gone,
    )
    assert await cover(backend, owner, number) == (await picture_of(backend, post_id) if has_cover else None)
    # So that recounts of everything find what they look for.
    await change(
        backend, number, "DELETE FROM collection_posts WHERE collection_id = :id AND post_id < 1000", id=number
    )


async def test_pages_that_cannot_be(backend: Backend) -> None:
    owner = await make_user(backend)
    for first, after, code in (
        (0, None, RequestErrorCode.LIMIT_EXCEEDED),
        (101, None, RequestErrorCode.LIMIT_EXCEEDED),
        (1, "x", RequestErrorCode.BAD_REQUEST),
    ):
        for work in (
            page_of_collections(backend.reader(), owner.id, first=first, after=after),
            posts_of_collections(backend.reader(), links(backend), owner.id, [], first=first, after=after),
            saved_posts(backend.reader(), links(backend), owner.id, first=first, after=after),
        ):
            with pytest.raises(RequestFault) as raised:
                await work
            assert raised.value.code is code
