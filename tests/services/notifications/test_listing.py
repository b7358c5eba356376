import pytest

from core.errors import RequestErrorCode, RequestFault
from models.tables import NotificationKind, UserState
from services.backend import Backend
from services.marks import keep_marks
from services.notifications.cursors import cursor_of
from services.notifications.listing import MAX_ROUNDS, notifications_page, unread_count
from services.notifications.shown import ShownNotification
from services.notifications.tell import tell
from services.pages import Page, encode_cursor
from services.visible import MediaLinks
from tests.services.notifications.conftest import People


async def page_of(
    people: People, links: MediaLinks, recipient_id: int, first: int, after: str | None = None
) -> Page[ShownNotification]:
    return await notifications_page(people.backend.reader(), links, recipient_id, first, after)


async def test_pages_newest_first(backend: Backend, people: People, links: MediaLinks) -> None:
    recipient = await people.new()
    for event_id in range(1, 6):
        await tell(backend, recipient, NotificationKind.WELCOME, event_id=event_id)
    first = await page_of(people, links, recipient, 2)
    assert [(one.node.sequence, one.cursor) for one in first.edges] == [
        (5, cursor_of(recipient, 5)),
        (4, cursor_of(recipient, 4)),
    ]
    assert (first.page_info.has_next_page, first.page_info.has_previous_page) == (True, False)
    second = await page_of(people, links, recipient, 3, first.page_info.end_cursor)
    assert [one.sequence for one in second.nodes] == [3, 2, 1]
    assert (second.page_info.has_next_page, second.page_info.has_previous_page) == (False, True)
    last = await page_of(people, links, recipient, 3, second.page_info.end_cursor)
    assert (list(last.nodes), last.page_info.has_next_page, last.page_info.end_cursor) == ([], False, None)


async def test_a_folded_one_moves_to_the_top(people: People, links: MediaLinks) -> None:
    recipient, fan, other = [await people.new() for _ in range(3)]
    await people.likes(recipient, fan, post_id=1)
    await people.likes(recipient, fan, post_id=2)
    await people.likes(recipient, other, post_id=1)
    page = await page_of(people, links, recipient, 10)
    assert [(one.subject_id, one.sequence) for one in page.nodes] == [(1, 3), (2, 2)]


async def test_a_page_is_filled_up_behind_what_is_not_shown(people: People, links: MediaLinks) -> None:
    recipient, fan, hidden = [await people.new() for _ in range(3)]
    for number, actor in enumerate((fan, fan, hidden, hidden, hidden, fan), start=1):
        await people.likes(recipient, actor, post_id=number)
    await people.set_state(hidden, UserState.SUSPENDED)
    page = await page_of(people, links, recipient, 2)
    assert [one.sequence for one in page.nodes] == [6, 2]
    assert page.page_info.has_next_page is True
    rest = await page_of(people, links, recipient, 2, page.page_info.end_cursor)
    assert ([one.sequence for one in rest.nodes], rest.page_info.has_next_page) == ([1], False)


async def test_a_page_that_stays_short_says_where_to_go_on(people: People, links: MediaLinks) -> None:
    recipient, fan, hidden = [await people.new() for _ in range(3)]
    await people.likes(recipient, fan, post_id=999)
    for number in range(MAX_ROUNDS * 2 + 1):
        await people.likes(recipient, hidden, post_id=number + 1)
    await people.set_state(hidden, UserState.SUSPENDED)
    page = await page_of(people, links, recipient, 1)
    assert (list(page.nodes), page.page_info.has_next_page) == ([], True)
    assert page.page_info.end_cursor == cursor_of(recipient, 3)
    rest = await page_of(people, links, recipient, 1, page.page_info.end_cursor)
    assert ([one.sequence for one in rest.nodes], rest.page_info.has_next_page) == ([1], False)


async def test_statements_do_not_grow_with_the_page(people: People, links: MediaLinks) -> None:
    recipient = await people.new(shard=0)
    fans = [await people.new(shard=number) for number in range(6)]
    for number in range(30):
        for fan in fans[: number % 6 + 1]:
            await people.likes(recipient, fan, post_id=number + 1)
    counts = set()
    for first in (6, 20, 30):
        reader = people.backend.reader()
        keep_marks(reader, recipient, blocked=(), muted=())  # as whoever tells who asks has read them
        page = await notifications_page(reader, links, recipient, first, None)
        assert len(page.edges) == first
        counts.add(reader.statements)
    assert counts == {1 + people.backend.shards.node_count}


async def test_unread_ones_are_counted(backend: Backend, people: People) -> None:
    recipient, fan = [await people.new() for _ in range(2)]
    reader = backend.reader()
    assert await unread_count(reader, recipient) == 0
    await people.likes(recipient, fan, post_id=1)
    await people.likes(recipient, fan, post_id=2)
    assert await unread_count(reader, recipient) == 2
    await people.mark_read(recipient)
    assert await unread_count(reader, recipient) == 0


@pytest.mark.parametrize("first", [0, 101, -1])
async def test_too_many_or_too_few_are_refused(people: People, links: MediaLinks, first: int) -> None:
    with pytest.raises(RequestFault) as refused:
        await page_of(people, links, await people.new(), first)
    assert refused.value.code is RequestErrorCode.LIMIT_EXCEEDED


async def test_a_cursor_of_another_list_is_refused(people: People, links: MediaLinks) -> None:
    recipient, other = [await people.new() for _ in range(2)]
    for after in ("", "?", encode_cursor(recipient), cursor_of(other, 1)):
        with pytest.raises(RequestFault) as refused:
            await page_of(people, links, recipient, 5, after)
        assert refused.value.code is RequestErrorCode.BAD_REQUEST
