from services.backend import Backend
from tests.api import Api
from tests.factories import make_user, new_username
from tests.services.accounts.names_in_store import let_expire
from tests.services.accounts.test_claims import claim_and_die, new_name

QUERY = "query ($username: String!) { isUsernameAvailable(username: $username) }"


async def available(api: Api, username: str) -> bool | None:
    answer: dict[str, bool | None] = await api.data(QUERY, {"username": username})
    return answer["isUsernameAvailable"]


async def test_free_until_somebody_has_it(api: Api, backend: Backend) -> None:
    username = new_username()
    assert await available(api, username) is True
    await make_user(backend, username)
    assert await available(api, username) is False
    assert await available(api, username.upper()) is False


async def test_not_while_somebody_is_registering_but_when_they_failed(api: Api, backend: Backend) -> None:
    name = new_name()
    await claim_and_die(backend, name)
    assert await available(api, name.value) is False
    await let_expire(backend, name)
    assert await available(api, name.value) is True


async def test_what_cannot_be_a_username_is_not_available(api: Api) -> None:
    for username in ("", "a b", ".a", "admin", "x" * 31, "\u0000"):
        assert await available(api, username) is False
