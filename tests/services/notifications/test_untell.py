from models.global_ids import NodeKind
from models.tables import NotificationKind
from services.backend import Backend
from services.notifications.untell import untell
from tests.services.notifications.conftest import People

POST = (NodeKind.POST, 1024)


async def test_takes_the_actor_out_and_moves_nothing(backend: Backend, people: People) -> None:
    recipient, fan, other = [await people.new() for _ in range(3)]
    await people.likes(recipient, fan, version=1)
    await people.likes(recipient, other, version=1)
    await untell(backend, recipient, NotificationKind.LIKE, actor_id=fan, subject=POST, version=2)
    [row] = await people.rows(recipient)
    assert (row["sequence"], row["actor_count"]) == (2, 1)
    assert await people.actors(row["id"]) == [other]


async def test_goes_with_its_last_actor_and_comes_back_as_news(backend: Backend, people: People) -> None:
    recipient, fan = [await people.new() for _ in range(2)]
    await people.likes(recipient, fan, version=1)
    await untell(backend, recipient, NotificationKind.LIKE, actor_id=fan, subject=POST, version=2)
    assert await people.rows(recipient) == []
    await people.likes(recipient, fan, version=3)
    assert [(row["sequence"], row["actor_count"]) for row in await people.rows(recipient)] == [(2, 1)]


async def test_what_is_newer_stays(backend: Backend, people: People) -> None:
    recipient, fan = [await people.new() for _ in range(2)]
    await people.likes(recipient, fan, version=1)
    await people.likes(recipient, fan, version=3)
    before = await people.rows(recipient)
    await untell(backend, recipient, NotificationKind.LIKE, actor_id=fan, subject=POST, version=2)
    assert await people.rows(recipient) == before
    assert await people.actors(before[0]["id"]) == [fan]


async def test_what_is_read_stays(backend: Backend, people: People) -> None:
    recipient, fan = [await people.new() for _ in range(2)]
    await people.likes(recipient, fan, version=1)
    await people.mark_read(recipient)
    before = await people.rows(recipient)
    await untell(backend, recipient, NotificationKind.LIKE, actor_id=fan, subject=POST, version=2)
    assert await people.rows(recipient) == before


async def test_whoever_was_not_told_loses_nothing(backend: Backend, people: People) -> None:
    recipient, fan, stranger = [await people.new() for _ in range(3)]
    await people.likes(recipient, fan, version=1)
    before = await people.rows(recipient)
    await untell(backend, recipient, NotificationKind.LIKE, actor_id=stranger, subject=POST, version=9)
    await untell(backend, recipient, NotificationKind.FOLLOW, actor_id=fan, subject=POST, version=9)
    await untell(backend, recipient, NotificationKind.LIKE, actor_id=fan, subject=(NodeKind.POST, 1), version=9)
    assert await people.rows(recipient) == before
