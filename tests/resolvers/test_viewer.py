import pytest

from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.resolvers.accounts import WHO, error_code


async def test_the_viewer_is_who_signed_in(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    assert await api.data(WHO, token=person.access_token) == {
        "viewer": {
            "user": {"id": person.global_id, "username": person.username},
            "email": person.email,
            "isEmailConfirmed": False,
            "hasPassword": True,
        }
    }


async def test_nobody_is_nobody(api: Api) -> None:
    assert await api.data(WHO) == {"viewer": None}


@pytest.mark.parametrize("token", ["abc", "a.b.c", "x" * 5000])
async def test_a_token_that_is_none_is_refused_and_not_taken_for_nobody(api: Api, token: str) -> None:
    assert await error_code(api, WHO, token=token) == "UNAUTHENTICATED"
