from services.backend import Backend
from tests.api import Api
from tests.resolvers.people import refuses


async def test_whom_one_cannot_take_out(api: Api, backend: Backend) -> None:
    await refuses(api, backend, "removeCloseFriend", oneself=False)
