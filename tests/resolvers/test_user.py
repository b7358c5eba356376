from sqlalchemy import text

from models.ids import shard_of
from models.tables import Counter
from services.backend import Backend
from services.counts import add
from tests.api import Api
from tests.factories import make_user, new_username
from tests.services.accounts.test_claims import claim_and_die, new_name

USER = "query ($username: String!) { user(username: $username) { id username } }"
COUNTS = "query ($username: String!) { user(username: $username) { postCount followerCount followingCount } }"


async def found(api: Api, username: str, token: str | None = None) -> dict[str, str] | None:
    answer: dict[str, dict[str, str] | None] = await api.data(USER, {"username": username}, token=token)
    return answer["user"]


async def test_by_name_in_any_case(api: Api, backend: Backend) -> None:
    person, other = await make_user(backend), await make_user(backend)
    expected = {"id": person.global_id, "username": person.username}
    assert await found(api, person.username) == expected
    assert await found(api, person.username.upper(), other.access_token) == expected


async def test_unknown_and_hidden_are_answered_alike(api: Api, backend: Backend) -> None:
    person, suspended, other = [await make_user(backend) for _ in range(3)]
    async with backend.transaction(shard_of(suspended.id)) as transaction:
        await transaction.session.execute(
            text("UPDATE users SET state = 'SUSPENDED' WHERE id = :id"), {"id": suspended.id}
        )
    claimed = new_name()
    await claim_and_die(backend, claimed)
    impossible = ["", "no such name", "a..b", "x" * 100_000, "\u0000", "ådä"]
    for username in (suspended.username, new_username(), claimed.value, *impossible):
        assert await found(api, username) is None
        assert await found(api, username, other.access_token) is None
    assert await found(api, person.username) is not None


async def test_counts_are_read_with_one_statement(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    async with backend.transaction(shard_of(person.id)) as transaction:
        await add(transaction, person.id, Counter.POSTS, 3)
        await add(transaction, person.id, Counter.FOLLOWERS, 2)
        await add(transaction, person.id, Counter.FOLLOWERS, -1)
        await add(transaction, person.id, Counter.FOLLOWING, 7)
    answer = await api(COUNTS, {"username": person.username})
    assert answer["data"] == {"user": {"postCount": 3, "followerCount": 1, "followingCount": 7}}
    without = await api(USER, {"username": person.username})
    assert (without["extensions"]["sql"], answer["extensions"]["sql"]) == (
        {"reads": 2, "writes": 0},
        {"reads": 3, "writes": 0},
    )
