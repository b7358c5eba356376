import pytest

from services.backend import Backend
from services.consequences import EventKind
from services.outbox import Job
from services.relationships import names
from services.relationships.names import folded, refresh_names, search_text
from tests.factories import Person, make_user
from tests.posting import change, job_of, make_follow, rows

FOLLOWER = "SELECT follower_username, follower_name, follower_search FROM follows WHERE follower_id = $1"
FOLLOWED = "SELECT followed_username, followed_name, followed_search FROM following WHERE followed_id = $1"


@pytest.mark.parametrize(
    ("text", "one_form"),
    [
        ("  Ada   LOVELACE ", "ada lovelace"),
        ("Straße", "strasse"),
        ("ＦＵＬＬ", "full"),
        ("E\u0301lodie", "élodie"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("\u3000", ""),
    ],
)
def test_one_form_for_all_ways_of_writing(text: str, one_form: str) -> None:
    assert folded(text) == one_form


def test_what_is_searched() -> None:
    assert search_text("ada.l", "Ada Lovelace") == "ada.l ada lovelace"


async def rename(backend: Backend, person: Person, username: str, full_name: str) -> Job:
    await change(
        backend,
        person.id,
        "UPDATE users SET username = :username, full_name = :name, name_version = name_version + 1 WHERE id = :id",
        username=username,
        name=full_name,
        id=person.id,
    )
    return job_of(backend, EventKind.USER_RENAMED, {"user_id": person.id})


async def everywhere(backend: Backend, sql: str, user_id: int) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await backend.reader().on_every_node(sql, user_id)]


async def test_a_new_name_comes_to_all_edges(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "CHUNK", 2)
    saved: list[dict[str, int]] = []

    async def save_progress(self: Job, progress: dict[str, int]) -> None:
        saved.append(dict(progress))

    monkeypatch.setattr(Job, "save_progress", save_progress)
    user = await make_user(backend)
    others = [await make_user(backend) for _ in range(5)]
    for other in others:
        await make_follow(backend, user, other)
        await make_follow(backend, other, user)
    job = await rename(backend, user, "new.name", "Ada L")
    for _ in range(2):
        await refresh_names(job)
        for sql in (FOLLOWER, FOLLOWED):
            assert await everywhere(backend, sql, user.id) == [("new.name", "Ada L", "new.name ada l")] * 5
    assert len(saved) == 8
    ids = sorted(other.id for other in others)
    assert saved[3] == {"followed": ids[3], "follower": ids[3]}


async def test_an_older_name_does_not_come_back(backend: Backend) -> None:
    user, other = await make_user(backend), await make_user(backend)
    await make_follow(backend, other, user)
    await change(
        backend,
        other.id,
        "UPDATE following SET followed_username = 'newest', followed_name_version = 99 WHERE followed_id = :id",
        id=user.id,
    )
    await refresh_names(await rename(backend, user, "older", ""))
    assert await rows(
        backend, other.id, "SELECT followed_username FROM following WHERE follower_id = $1", other.id
    ) == [("newest",)]
