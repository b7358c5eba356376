import pytest

from resolvers.root import build_schema
from services.backend import Backend
from tests.sweep.roads import Roads
from tests.sweep.world import World, make_world


@pytest.fixture(scope="package")
def roads() -> Roads:
    return Roads(build_schema()._schema)


@pytest.fixture(scope="package")
async def world(backend: Backend) -> World:
    return await make_world(backend)
