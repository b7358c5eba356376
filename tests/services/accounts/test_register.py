from services.backend import Backend
from tests.factories import make_user


async def test_one(backend: Backend) -> None:
    person = await make_user(backend, bio="Hello")
    assert person.viewer.user.bio == "Hello"
