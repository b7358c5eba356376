import asyncio
from typing import Any

import pytest
from sqlalchemy.dialects.postgresql import insert

from core import clock
from media.keys import new_token, rendition_of
from models.global_ids import NodeKind, encode
from models.ids import shard_of
from models.tables import ClaimKind, Upload
from services.accounts.claims import Name
from services.backend import Backend
from tests.api import Api
from tests.factories import Person, make_user, new_username
from tests.resolvers.accounts import error_code
from tests.services.accounts.names_in_store import claim_row, orphans, state_of

FIELDS = "username fullName bio website pronouns isPrivate"
UPDATE = f"""mutation ($input: UpdateProfileInput!) {{
    updateProfile(input: $input) {{ viewer {{ user {{ {FIELDS} }} }} userErrors {{ code field }} }}
}}"""


async def update(api: Api, person: Person, **given: Any) -> dict[str, Any]:
    """The payload."""
    answer = await api.data(UPDATE, {"input": given}, token=person.access_token)
    payload: dict[str, Any] = answer["updateProfile"]
    return payload


async def profile_of(api: Api, person: Person) -> dict[str, Any]:
    answer = await api.data(f"{{ viewer {{ user {{ {FIELDS} }} }} }}", token=person.access_token)
    user: dict[str, Any] = answer["viewer"]["user"]
    return user


async def renames_of(backend: Backend, person: Person) -> list[str]:
    """The names given up, in their order, by the events."""
    rows = await backend.reader().on_shard_of(
        person.id,
        "SELECT payload ->> 'old_username' AS old FROM events"
        " WHERE kind = 'UserRenamed' AND payload ->> 'user_id' = $1 ORDER BY id",
        str(person.id),
    )
    return [row["old"] for row in rows]


async def name_version(backend: Backend, person: Person) -> int:
    [row] = await backend.reader().on_shard_of(person.id, "SELECT name_version FROM users WHERE id = $1", person.id)
    return int(row["name_version"])


FULL = {
    "fullName": "Ada Lovelace",
    "bio": "One\nTwo",
    "website": "https://example.com/ada",
    "pronouns": "she/her",
    "isPrivate": True,
}


async def test_what_is_given_changes_and_what_is_left_out_stays(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    everything = {"username": person.username, **FULL}
    assert await update(api, person, **FULL) == {"viewer": {"user": everything}, "userErrors": []}
    assert await profile_of(api, person) == everything
    for nothing in ({}, {"username": person.username.upper()}):
        assert (await update(api, person, **nothing))["viewer"]["user"] == everything
    changed = everything | {"bio": "Three", "isPrivate": False}
    assert (await update(api, person, bio=" Three ", isPrivate=False))["viewer"]["user"] == changed


async def test_null_and_empty_text_clear(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    empty = {"fullName": "", "bio": "", "website": None, "pronouns": None}
    for clearing in (dict.fromkeys(empty), dict.fromkeys(empty, "")):
        await update(api, person, **FULL)
        payload = await update(api, person, **clearing)
        assert payload["viewer"]["user"] == {"username": person.username, "isPrivate": True, **empty}


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"username": None}, "INVALID", "username"),
        ({"username": "a b"}, "INVALID", "username"),
        ({"username": "admin"}, "TAKEN", "username"),
        ({"fullName": "x" * 65}, "TOO_LONG", "fullName"),
        ({"bio": "x" * 151}, "TOO_LONG", "bio"),
        ({"pronouns": "x" * 31}, "TOO_LONG", "pronouns"),
        ({"website": "javascript:alert(1)"}, "INVALID", "website"),
        ({"website": "https://" + "x" * 200}, "TOO_LONG", "website"),
        ({"isPrivate": None}, "INVALID", "isPrivate"),
        ({"avatarUploadId": encode(NodeKind.UPLOAD, 1)}, "NOT_FOUND", "avatarUploadId"),
        ({"avatarUploadId": encode(NodeKind.USER, 1)}, "NOT_FOUND", "avatarUploadId"),
    ],
)
async def test_a_refusal_changes_nothing_at_all(
    api: Api, backend: Backend, given: dict[str, Any], code: str, field: str
) -> None:
    person = await make_user(backend)
    renamed = new_username()
    before = await profile_of(api, person)
    payload = await update(api, person, **({"username": renamed, "fullName": "New", "bio": "New"} | given))
    assert payload == {"viewer": None, "userErrors": [{"code": code, "field": [field]}]}
    assert await profile_of(api, person) == before
    assert await state_of(backend, Name(ClaimKind.USERNAME, renamed)) is None
    assert (await renames_of(backend, person), await name_version(backend, person)) == ([], 1)
    assert await orphans(backend, person.username, renamed) == []


async def test_faults_of_the_program_are_told_on_top(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    bad_id = {"input": {"avatarUploadId": "abc"}}
    assert await error_code(api, UPDATE, bad_id, token=person.access_token) == "BAD_ID"
    assert await error_code(api, UPDATE, {"input": {"bio": "x"}}) == "UNAUTHENTICATED"


async def test_a_new_username_is_claimed_and_the_old_one_is_free_at_once(api: Api, backend: Backend) -> None:
    person, other = await make_user(backend), await make_user(backend)
    old, new = person.username, new_username()
    assert (await update(api, person, username=new.upper()))["viewer"]["user"]["username"] == new
    held = await claim_row(backend, Name(ClaimKind.USERNAME, new))
    assert held is not None
    assert (held["owner_id"], held["state"]) == (person.id, "CONFIRMED")
    assert await state_of(backend, Name(ClaimKind.USERNAME, old)) is None
    assert (await renames_of(backend, person), await name_version(backend, person)) == ([old], 2)
    by_name = "query ($username: String!) { user(username: $username) { id } }"
    assert await api.data(by_name, {"username": old}) == {"user": None}
    assert await api.data(by_name, {"username": new}) == {"user": {"id": person.global_id}}

    assert (await update(api, other, username=old))["userErrors"] == []
    assert await update(api, person, username=old) == {
        "viewer": None,
        "userErrors": [{"code": "TAKEN", "field": ["username"]}],
    }
    assert await orphans(backend, old, new) == []


async def test_there_and_back_again(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    old, new = person.username, new_username()
    for username in (new, old, new, old):
        assert (await update(api, person, username=username))["viewer"]["user"]["username"] == username
    assert await renames_of(backend, person) == [old, new, old, new]
    assert await name_version(backend, person) == 5
    assert await orphans(backend, old, new) == []


async def test_a_new_name_is_told_too(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    await update(api, person, fullName="Ada")
    await update(api, person, fullName="Ada", bio="the same name")
    assert (await renames_of(backend, person), await name_version(backend, person)) == ([person.username], 2)


async def test_of_many_who_want_a_name_at_once_one_gets_it(api: Api, backend: Backend) -> None:
    people = [await make_user(backend) for _ in range(6)]
    wanted = new_username()
    payloads = await asyncio.gather(*(update(api, person, username=wanted) for person in people))
    codes = [error["code"] for payload in payloads for error in payload["userErrors"]]
    assert codes == ["TAKEN"] * 5
    names = [(await profile_of(api, person))["username"] for person in people]
    kept = [person.username for person in people]
    assert sum(name == wanted for name in names) == 1
    assert sum(name == own for name, own in zip(names, kept, strict=True)) == 5
    assert await orphans(backend, wanted, *kept) == []


async def test_one_person_with_many_wishes_at_once_ends_with_one_name(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    wishes = [new_username() for _ in range(5)]
    await asyncio.gather(*(update(api, person, username=wish) for wish in wishes))
    final = (await profile_of(api, person))["username"]
    assert final in wishes
    assert await orphans(backend, person.username, *wishes) == []


async def avatar_upload(backend: Backend, owner: Person, **changed: Any) -> int:
    """An upload as the pipeline leaves it."""
    async with backend.transaction(shard_of(owner.id)) as transaction:
        upload_id = await transaction.mint_id()
        token = new_token()
        variant = {"key": f"variants/{token}/8.jpeg", "width": 8, "height": 6, "format": "JPEG", "bytes": 100}
        row = {
            "purpose": "AVATAR",
            "content_type": "image/png",
            "byte_size": 1,
            "object_key": f"originals/{token}",
            "status": "READY",
            "alt_text": "Me",
            "expires_at": clock.now(),
            "result": {"id": upload_id, "width": 8, "height": 6, "blurhash": "L", "variants": [variant]},
        }
        await transaction.session.execute(insert(Upload).values(id=upload_id, owner_id=owner.id, **(row | changed)))
    return upload_id


async def avatar_of(backend: Backend, person: Person) -> Any:
    [row] = await backend.reader().on_shard_of(person.id, "SELECT avatar FROM users WHERE id = $1", person.id)
    return row["avatar"]


async def upload_row(backend: Backend, upload_id: int) -> tuple[str, int | None]:
    """Status, and to what it is attached."""
    sql = "SELECT status, attached_to FROM uploads WHERE id = $1"
    [row] = await backend.reader().on_shard_of(upload_id, sql, upload_id)
    return row["status"], row["attached_to"]


async def set_avatar(api: Api, person: Person, upload_id: int | None) -> list[dict[str, Any]]:
    """The userErrors."""
    given = None if upload_id is None else encode(NodeKind.UPLOAD, upload_id)
    errors: list[dict[str, Any]] = (await update(api, person, avatarUploadId=given))["userErrors"]
    return errors


async def test_a_picture_is_attached_once_and_replaced_for_good(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    first, second = await avatar_upload(backend, person), await avatar_upload(backend, person, alt_text=None)
    for _ in range(2):
        assert await set_avatar(api, person, first) == []
        avatar = await avatar_of(backend, person)
        assert (avatar["id"], avatar["width"], avatar["alt_text"]) == (first, 8, "Me")
        assert await upload_row(backend, first) == ("READY", person.id)

    assert await set_avatar(api, person, second) == []
    assert (await avatar_of(backend, person))["id"] == second
    assert await upload_row(backend, first) == ("CANCELLED", None)
    gone = avatar["variants"][0]["key"]
    assert [row["rendition"] for row in await withdrawn_of(backend, person)] == [rendition_of(gone)]
    assert await set_avatar(api, person, first) == [{"code": "MEDIA_NOT_READY", "field": ["avatarUploadId"]}]

    assert await set_avatar(api, person, None) == []
    assert (await avatar_of(backend, person), await upload_row(backend, second)) == (None, ("CANCELLED", None))
    events = await backend.reader().on_shard_of(
        person.id,
        "SELECT payload ->> 'upload_id' AS id FROM events"
        " WHERE kind = 'UploadCancelled' AND payload ->> 'owner_id' = $1 ORDER BY id",
        str(person.id),
    )
    assert sorted(int(row["id"]) for row in events) == [first, second]


async def withdrawn_of(backend: Backend, person: Person) -> list[Any]:
    sql = "SELECT rendition FROM withdrawn_media WHERE owner_id = $1"
    return list(await backend.reader().on_shard_of(person.id, sql, person.id))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"purpose": "POST"}, "INVALID"),
        ({"status": "PROCESSING", "result": None}, "MEDIA_NOT_READY"),
        ({"status": "FAILED", "result": None}, "MEDIA_NOT_READY"),
        ({"attached_to": 1}, "ALREADY_DONE"),
    ],
)
async def test_a_picture_that_does_not_fit_is_refused(
    api: Api, backend: Backend, changed: dict[str, Any], code: str
) -> None:
    person = await make_user(backend)
    current, wrong = await avatar_upload(backend, person), await avatar_upload(backend, person, **changed)
    await set_avatar(api, person, current)
    before = await avatar_of(backend, person), await upload_row(backend, wrong)
    assert await set_avatar(api, person, wrong) == [{"code": code, "field": ["avatarUploadId"]}]
    assert (await avatar_of(backend, person), await upload_row(backend, wrong)) == before
    assert await upload_row(backend, current) == ("READY", person.id)


async def test_the_picture_of_somebody_else_is_not_there(api: Api, backend: Backend) -> None:
    person, other = await make_user(backend), await make_user(backend)
    theirs = await avatar_upload(backend, other)
    assert await set_avatar(api, person, theirs) == [{"code": "NOT_FOUND", "field": ["avatarUploadId"]}]
    assert await upload_row(backend, theirs) == ("READY", None)


async def test_a_picture_asked_for_twice_at_once_is_there_once(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    old, new = await avatar_upload(backend, person), await avatar_upload(backend, person)
    await set_avatar(api, person, old)
    assert await asyncio.gather(*(set_avatar(api, person, new) for _ in range(4))) == [[], [], [], []]
    assert (await avatar_of(backend, person))["id"] == new
    assert [await upload_row(backend, one) for one in (old, new)] == [("CANCELLED", None), ("READY", person.id)]
