from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, make_block, rows
from tests.resolvers.people import SHOWN, ids_of, pages_through, shown
from tests.resolvers.posts import mutate


async def test_the_list_of_the_blocked_shows_them_to_the_blocker_alone(api: Api, backend: Backend) -> None:
    viewer, other = await make_user(backend), await make_user(backend)
    payload = await mutate(api, "block", SHOWN, {"userId": other.global_id}, viewer)
    assert payload == shown(other, "isBlocking")
    assert await ids_of(api, viewer, "blockedUsers") == [other.global_id]
    for name in ("blockedUsers", "mutedUsers", "closeFriends", "followRequests"):
        assert await ids_of(api, other, name) == []
    assert await mutate(api, "unblock", SHOWN, {"userId": other.global_id}, viewer) == shown(other)
    assert await ids_of(api, viewer, "blockedUsers") == []


async def test_the_list_page_by_page(api: Api, backend: Backend) -> None:
    viewer, *others = [await make_user(backend) for _ in range(4)]
    for other in others:
        await make_block(backend, viewer, other)
    await pages_through(api, viewer, "blockedUsers", [other.global_id for other in reversed(others)])


async def test_whom_one_does_not_block_one_cannot_unblock_and_nothing_changes(api: Api, backend: Backend) -> None:
    viewer, other = await make_user(backend), await make_user(backend)
    before = await fingerprint(backend)
    for person, expected in ((other, shown(other)), (viewer, shown(viewer, "isSelf"))):
        assert await mutate(api, "unblock", SHOWN, {"userId": person.global_id}, viewer) == expected
    assert await fingerprint(backend) == before
    assert await rows(backend, viewer.id, "SELECT 1 FROM blocks WHERE blocker_id = $1", viewer.id) == []
