from services.backend import Backend
from tests.api import Api
from tests.factories import PASSWORD, make_user, new_username
from tests.resolvers.accounts import SIGN_IN, WHO, refused


async def test_by_username_or_address(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    for login in (person.username, person.email):
        payload = (await api.data(SIGN_IN, {"input": {"login": login, "password": PASSWORD}}))["signIn"]
        assert payload["userErrors"] == []
        assert payload["viewer"]["user"] == {"id": person.global_id, "username": person.username}
        assert await api.data(WHO, token=payload["accessToken"]) == {"viewer": payload["viewer"]}
        assert payload["accessToken"] != person.access_token


async def test_a_wrong_password_and_an_unknown_name_are_answered_byte_for_byte_alike(
    api: Api, backend: Backend
) -> None:
    person = await make_user(backend)
    query = "mutation ($input: SignInInput!) { signIn(input: $input) { userErrors { code message field } } }"
    answers = [
        await api(query, {"input": {"login": login, "password": "wrong password"}})
        for login in (person.username, person.email, new_username(), f"{new_username()}@example.com", "", "\u0000")
    ]
    for answer in answers:
        answer.pop("extensions", None)
    assert answers == [answers[0]] * 6
    assert answers[0]["data"]["signIn"]["userErrors"][0]["code"] == "WRONG_CREDENTIALS"
    payload = await api.data(SIGN_IN, {"input": {"login": person.username, "password": "wrong password"}})
    assert payload == {"signIn": refused("WRONG_CREDENTIALS")}
