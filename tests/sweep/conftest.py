"""A store and a server of their own: explore chooses from everything that there is, and whoever comes by any road to
what the cast does not know has found a leak."""

from collections.abc import AsyncIterator

import pytest

from core.settings import Settings
from resolvers.root import build_schema
from services.backend import Backend
from tests.api import Api
from tests.empty_store import empty_store
from tests.serving import api_client, api_server
from tests.sweep.roads import Roads
from tests.sweep.world import World, make_world


@pytest.fixture(scope="package")
async def backend(settings: Settings) -> AsyncIterator[Backend]:
    often = settings.model_copy(update={"sponsored_every": 3})
    async with empty_store(often, "swept", redis=8) as opened:
        yield opened


@pytest.fixture(scope="package")
async def server_url(backend: Backend) -> AsyncIterator[str]:
    async with api_server(backend.settings) as url:
        yield url


@pytest.fixture(scope="package")
async def socket_url(server_url: str) -> str:
    return server_url.replace("http", "ws", 1) + "/graphql"


@pytest.fixture(scope="package")
async def api(server_url: str) -> AsyncIterator[Api]:
    async with api_client(server_url) as client:
        yield client


@pytest.fixture(scope="package")
def roads() -> Roads:
    return Roads(build_schema()._schema)


@pytest.fixture(scope="package")
async def world(backend: Backend) -> World:
    return await make_world(backend)
