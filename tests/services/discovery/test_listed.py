import secrets

import pytest

from core.errors import RequestErrorCode, RequestFault
from models.ids import MAX_ID
from services.backend import Backend
from services.discovery.listed import HASHTAGS, PLACES, DiscoveryOrder, posts_on_pages
from services.marks import NOBODY
from services.pages import Page, encode_cursor
from services.places import NewPlace
from services.posts.archive import archive_post
from services.posts.update import update_post
from services.relationships.mutes import mute
from tests.factories import make_user
from tests.posting import accept_follow, change, end_block, links, make_block, make_follow, make_post, post_row
from tests.services.discovery.town import RECENT, TOP, hashtag_id, liked, new_name, page, shown, walked

ORDERS = pytest.mark.parametrize("order", [TOP, RECENT])


async def test_recent_is_the_newest_first_page_by_page(backend: Backend) -> None:
    author, name = await make_user(backend), new_name()
    made = [await make_post(backend, author, caption=f"#{name}") for _ in range(5)]
    await make_post(backend, author, caption=f"#{new_name()}")
    number = await hashtag_id(backend, name)
    assert await walked(backend, number, RECENT) == [[made[4], made[3]], [made[2], made[1]], [made[0]]]


async def test_top_is_the_best_first_page_by_page(backend: Backend) -> None:
    author, name = await make_user(backend), new_name()
    made = [await make_post(backend, author, caption=f"#{name}") for _ in range(5)]
    async with liked(backend, {made[1]: 40, made[3]: 7}):
        number = await hashtag_id(backend, name)
        assert await walked(backend, number, TOP) == [[made[1], made[3]], [made[4], made[2]], [made[0]]]


@ORDERS
async def test_a_place(backend: Backend, order: DiscoveryOrder) -> None:
    author, other = await make_user(backend), await make_user(backend)
    place = NewPlace(f"Alp {secrets.token_hex(6)}", 46.5, 7.75)
    made = [await make_post(backend, one, place=place) for one in (author, other, author)]
    await make_post(backend, author, place=NewPlace(place.name, 47.5, 7.75))
    place_id = (await post_row(backend, made[0]))["place"]["id"]
    moved = await make_post(backend, author, place=place)
    await change(backend, moved, "UPDATE posts SET place = NULL WHERE id = :id", id=moved)
    found = await page(backend, place_id, order, kind=PLACES)
    assert [post.id for post in found.nodes] == sorted(made, reverse=True)
    assert found.page_info.has_next_page is False


@ORDERS
async def test_each_is_proved_by_its_post(backend: Backend, order: DiscoveryOrder) -> None:
    author, hidden, follower, blocked = [
        await make_user(backend, is_private=private) for private in (False, True, False, False)
    ]
    name = new_name()
    public, secret, archived, edited, late = [
        await make_post(backend, one, caption=f"#{name}") for one in (author, hidden, author, author, author)
    ]
    await make_follow(backend, follower, hidden)
    await accept_follow(backend, follower, hidden)
    await make_block(backend, author, blocked)
    number = await hashtag_id(backend, name)
    # The order is made while all stand there; then the mirror is late.
    assert len(await shown(backend, number, order, viewer_id=author.id)) == 4
    await archive_post(backend, links(backend), author.id, archived)
    await update_post(backend, links(backend), author.id, edited, {"caption": "without"})
    relist = "UPDATE hashtag_posts SET state = 'LISTED' WHERE hashtag_id = :id AND post_id = ANY(:posts)"
    await change(backend, number, relist, id=number, posts=[archived, edited])
    await change(backend, late, "UPDATE posts SET hashtags = '[]' WHERE id = :id", id=late)
    # The archived one its author sees, but not there.
    for viewer_id, seen in (
        (NOBODY, [public]),
        (author.id, [public]),
        (hidden.id, [secret, public]),
        (follower.id, [secret, public]),
        (blocked.id, []),
    ):
        assert await shown(backend, number, order, viewer_id=viewer_id) == seen
    await end_block(backend, author, blocked)
    assert await shown(backend, number, order, viewer_id=blocked.id) == [public]


@ORDERS
async def test_whom_one_mutes_is_there(backend: Backend, order: DiscoveryOrder) -> None:
    viewer, author, name = await make_user(backend), await make_user(backend), new_name()
    post_id = await make_post(backend, author, caption=f"#{name}")
    await mute(backend, links(backend), viewer.id, author.id)
    assert await shown(backend, await hashtag_id(backend, name), order, viewer_id=viewer.id) == [post_id]


@ORDERS
async def test_a_page_that_hidden_posts_left_short_is_filled(backend: Backend, order: DiscoveryOrder) -> None:
    hidden, author, name = await make_user(backend, is_private=True), await make_user(backend), new_name()
    old = await make_post(backend, author, caption=f"#{name}")
    for _ in range(6):
        await make_post(backend, hidden, caption=f"#{name}")
    new = await make_post(backend, author, caption=f"#{name}")
    number = await hashtag_id(backend, name)
    found = await page(backend, number, order, first=2)
    assert ([post.id for post in found.nodes], found.page_info.has_next_page) == ([new, old], False)
    assert await walked(backend, number, order, first=1) == [[new], [old]]
    assert await shown(backend, number, order, viewer_id=hidden.id) == await shown(
        backend, number, RECENT, viewer_id=hidden.id
    )


@ORDERS
async def test_of_nothing_nothing(backend: Backend, order: DiscoveryOrder) -> None:
    for number in (await hashtag_id(backend, new_name()), 1 << 40, MAX_ID):
        found = await page(backend, number, order)
        assert (found.nodes, found.page_info.has_next_page, found.page_info.end_cursor) == ([], False, None)


@ORDERS
async def test_what_is_no_page(backend: Backend, order: DiscoveryOrder) -> None:
    number = await hashtag_id(backend, new_name())
    for first in (0, 101):
        with pytest.raises(RequestFault) as raised:
            await page(backend, number, order, first=first)
        assert raised.value.code is RequestErrorCode.LIMIT_EXCEEDED
    for after in ("no cursor", encode_cursor(1, 2, 3)):
        with pytest.raises(RequestFault) as raised:
            await page(backend, number, order, after=after)
        assert raised.value.code is RequestErrorCode.BAD_REQUEST


async def test_many_pages_at_once_cost_what_one_costs(backend: Backend) -> None:
    author, names = await make_user(backend), [new_name() for _ in range(24)]
    made = [await make_post(backend, author, caption=" ".join(f"#{name}" for name in names)) for _ in range(3)]
    numbers = [await hashtag_id(backend, name) for name in names]
    spent = {}
    for order in (TOP, RECENT):
        await posts_on_pages(  # makes the tops
            backend, backend.reader(), links(backend), NOBODY, numbers,
            kind=HASHTAGS, order=order, first=2, after=None,
        )  # fmt: skip
        for asked in (numbers[:1], numbers):
            reader = backend.reader()
            found = await posts_on_pages(
                backend, reader, links(backend), NOBODY, asked, kind=HASHTAGS, order=order, first=2, after=None
            )
            for answer in found.values():
                assert isinstance(answer, Page)
                assert [post.id for post in answer.nodes] == [made[2], made[1]]
            spent[order, len(asked)] = reader.statements
    # One for the pages on each node, and one for the posts.
    assert spent == {(TOP, 1): 2, (TOP, 24): 3, (RECENT, 1): 2, (RECENT, 24): 3}
