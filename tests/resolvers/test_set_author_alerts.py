from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint
from tests.resolvers.people import SHOWN, refuses, seen, shown
from tests.resolvers.posts import mutate


async def test_what_is_left_out_or_null_stays(api: Api, backend: Backend) -> None:
    viewer, author = await make_user(backend), await make_user(backend)
    steps: list[tuple[dict[str, bool | None], tuple[str, ...]]] = [
        ({}, ()),
        ({"posts": True, "live": True}, ("posts", "live")),
        ({"posts": True, "live": True}, ("posts", "live")),
        ({"posts": None, "live": False, "stories": True}, ("posts", "stories")),
        ({"reels": True}, ("posts", "stories", "reels")),
        ({"posts": False, "stories": False, "reels": False}, ()),
    ]
    for given, alerts in steps:
        payload = await mutate(api, "setAuthorAlerts", SHOWN, {"userId": author.global_id, **given}, viewer)
        assert payload == shown(author, alerts=alerts)
        assert (await seen(api, author, viewer))["alerts"] == dict.fromkeys(
            ("posts", "stories", "reels", "live"), False
        )


async def test_nothing_asked_for_writes_nothing(api: Api, backend: Backend) -> None:
    viewer, author = await make_user(backend), await make_user(backend)
    before = await fingerprint(backend)
    assert await mutate(api, "setAuthorAlerts", SHOWN, {"userId": author.global_id}, viewer) == shown(author)
    assert await fingerprint(backend) == before


async def test_of_whom_one_cannot_be_told(api: Api, backend: Backend) -> None:
    await refuses(api, backend, "setAuthorAlerts", oneself=True)
