import pytest

from models.global_ids import NodeKind, encode
from models.tables import NotificationKind, UserState
from services.backend import Backend
from services.notifications.listing import notifications_page
from services.notifications.shown import NEWEST_ACTORS, ShownNotification, shown_by_id
from services.notifications.tell import tell
from services.visible import MediaLinks
from tests.services.notifications.conftest import People


async def show(people: People, links: MediaLinks, recipient_id: int) -> list[ShownNotification]:
    page = await notifications_page(people.backend.reader(), links, recipient_id, 20, None)
    return list(page.nodes)


async def test_newest_actors_first(people: People, links: MediaLinks) -> None:
    recipient, *fans = [await people.new() for _ in range(4)]
    for fan in fans:
        await people.likes(recipient, fan, post_id=77)
    [one] = await show(people, links, recipient)
    [row] = await people.rows(recipient)
    assert one.global_id == encode(NodeKind.NOTIFICATION, row["id"])
    assert [user.id for user in one.newest] == fans[::-1]
    assert (one.actor_count, one.knows_all_actors, one.is_read) == (3, True, False)
    assert (one.subject_kind, one.subject_id) == (NodeKind.POST, 77)
    assert one.created_at < one.updated_at
    assert one.text == f"{await people.username(fans[2])} and 2 others liked your post."
    await people.mark_read(recipient)
    assert (await show(people, links, recipient))[0].is_read is True


@pytest.mark.parametrize("state", [UserState.SUSPENDED, UserState.DELETED])
async def test_who_may_not_be_seen_is_neither_named_nor_counted(
    people: People, links: MediaLinks, state: UserState
) -> None:
    recipient, fan, hidden, other = [await people.new() for _ in range(4)]
    for actor in (fan, hidden, other):
        await people.likes(recipient, actor)
    await people.set_state(hidden, state)
    [one] = await show(people, links, recipient)
    assert [user.id for user in one.newest] == [other, fan]
    assert one.actor_count == 2
    assert one.text == f"{await people.username(other)} and {await people.username(fan)} liked your post."


async def test_nobody_left_to_name_is_not_shown(people: People, links: MediaLinks) -> None:
    recipient, hidden = [await people.new() for _ in range(2)]
    await people.likes(recipient, hidden)
    [row] = await people.rows(recipient)
    await people.set_state(hidden, UserState.SUSPENDED)
    assert await show(people, links, recipient) == []
    assert await shown_by_id(people.backend.reader(), links, recipient, [row["id"]]) == {}
    await people.set_state(hidden, UserState.ACTIVE)
    [one] = await show(people, links, recipient)
    assert one.id == row["id"]


async def test_who_may_be_seen_is_found_behind_many_who_may_not(people: People, links: MediaLinks) -> None:
    recipient, fan = [await people.new() for _ in range(2)]
    await people.likes(recipient, fan)
    for _ in range(NEWEST_ACTORS + 2):
        await people.likes(recipient, await people.new(state=UserState.SUSPENDED))
    [one] = await show(people, links, recipient)
    assert ([user.id for user in one.newest], one.actor_count, one.knows_all_actors) == ([fan], 1, True)
    assert one.text == f"{await people.username(fan)} liked your post."


async def test_what_nobody_did_is_always_shown(backend: Backend, people: People, links: MediaLinks) -> None:
    recipient = await people.new()
    await tell(backend, recipient, NotificationKind.WELCOME, event_id=1)
    await tell(
        backend, recipient, NotificationKind.MEDIA_FAILED, event_id=2, details={"failure_reason": "The file is empty."}
    )
    assert [one.text for one in await show(people, links, recipient)] == [
        "Your upload could not be used. The file is empty.",
        "Welcome to Heliograph! Share your first picture, or find people to follow.",
    ]


async def test_only_the_recipient_has_it(people: People, links: MediaLinks) -> None:
    recipient, fan = [await people.new(shard=3) for _ in range(2)]
    await people.likes(recipient, fan)
    [row] = await people.rows(recipient)
    reader = people.backend.reader()
    assert list(await shown_by_id(reader, links, recipient, [row["id"], 1 << 62, 3 << 10])) == [row["id"]]
    assert await shown_by_id(reader, links, fan, [row["id"]]) == {}
