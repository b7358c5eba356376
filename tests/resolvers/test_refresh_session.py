from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.resolvers.accounts import REFRESH, WHO, error_code, refused


async def test_two_new_tokens_for_a_token_once(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    given = {"input": {"refreshToken": person.refresh_token}}
    payload = (await api.data(REFRESH, given))["refreshSession"]
    assert payload["userErrors"] == []
    assert payload["viewer"]["user"]["id"] == person.global_id
    assert payload["refreshToken"] != person.refresh_token
    assert await api.data(WHO, token=payload["accessToken"]) == {"viewer": payload["viewer"]}

    assert await api.data(REFRESH, given) == {"refreshSession": refused("EXPIRED", "refreshToken")}
    for token in (person.access_token, payload["accessToken"]):
        assert await error_code(api, WHO, token=token) == "UNAUTHENTICATED"
    newest = {"input": {"refreshToken": payload["refreshToken"]}}
    assert await api.data(REFRESH, newest) == {"refreshSession": refused("EXPIRED", "refreshToken")}


async def test_what_is_no_token_is_refused(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    for text in ("", "abc", "x" * 5000, person.access_token):
        answer = await api.data(REFRESH, {"input": {"refreshToken": text}})
        assert answer == {"refreshSession": refused("WRONG_CREDENTIALS", "refreshToken")}
    assert (await api.data(WHO, token=person.access_token))["viewer"]["email"] == person.email
