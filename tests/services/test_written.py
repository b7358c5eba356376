import secrets

from services.accounts.profile import update_profile
from services.backend import Backend
from services.entities import entities_of
from services.written import Stored, mentioned, written
from tests.factories import Person, make_user, new_username
from tests.posting import links, set_user_state


async def entities(backend: Backend, author: Person, said: str) -> Stored:
    return (await written(backend, links(backend), author.id, entities_of(said))).entities


async def test_who_is_mentioned_is_found_in_upper_and_lower_case(backend: Backend) -> None:
    author, friend = await make_user(backend), await make_user(backend)
    name = friend.username
    found = await entities(backend, author, f"🏔️ @{name.upper()}, @{name} @{author.username}")
    ends = [3, 4 + len(name), 6 + len(name), 7 + 2 * len(name)]
    assert [(one["user_id"], one["start"], one["end"]) for one in found][:2] == [
        (friend.id, ends[0], ends[1]),
        (friend.id, ends[2], ends[3]),
    ]
    assert mentioned(found) == {friend.id, author.id}


async def test_nobody_and_who_may_not_be_seen_are_no_mention(backend: Backend) -> None:
    author, suspended, renamed = [await make_user(backend) for _ in range(3)]
    await set_user_state(backend, suspended.id, "SUSPENDED")
    old, new = renamed.username, new_username()
    await update_profile(backend, renamed.viewer, {"username": new})
    said = f"@{new_username()} @{suspended.username} @{old} @{new}"
    assert [one["user_id"] for one in await entities(backend, author, said)] == [renamed.id]


async def test_hashtags_are_each_there_once(backend: Backend) -> None:
    author = await make_user(backend)
    first, second = [f"w{secrets.token_hex(5)}" for _ in range(2)]
    said = await written(
        backend, links(backend), author.id, entities_of(f"#{second} #{first} #{second.upper()} https://example.com/a")
    )
    assert [one["name"] for one in said.hashtags] == [second, first]
    ids = {one["name"]: one["id"] for one in said.hashtags}
    assert [one.get("hashtag_id") for one in said.entities] == [ids[second], ids[first], ids[second], None]
    assert said.entities[3] == {"start": 39, "end": 60, "kind": "LINK", "url": "https://example.com/a"}


async def test_text_alone_asks_nothing(backend: Backend) -> None:
    author = await make_user(backend)
    said = await written(backend, links(backend), author.id, entities_of("Morning light"))
    assert (said.entities, said.hashtags) == ([], [])
