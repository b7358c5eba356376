"""What uploading costs in statements, and in questions to the storage."""

from collections import Counter
from typing import Any

import pytest
from botocore.client import BaseClient

from services.backend import Backend
from tests.api import Api
from tests.factories import Person, make_user
from tests.pictures import small_photo
from tests.resolvers.uploading import FINISH, START, START_SEVERAL, Json, jpeg, send, start
from tests.statements import counted

PHOTO = small_photo(160, 120)
PART = 8 * 2**20
PARTS = "{ viewer { uploads(first: 20) { nodes { id status parts { number url byteSize isUploaded } } } } }"
NO_PARTS = "{ viewer { uploads(first: 20) { nodes { id status url } } } }"


def video(size: int = PART + 1) -> Json:
    return {"purpose": "POST", "contentType": "video/mp4", "byteSize": size}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What the storage is asked, by anybody within this process; URLs are signed without asking."""
    seen: Counter[str] = Counter()
    call: Any = BaseClient._make_api_call  # type: ignore[attr-defined]  # where all calls of boto3 pass

    def listen(self: BaseClient, operation: str, given: Any) -> Any:
        seen[operation] += 1
        return call(self, operation, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", listen)
    return seen


async def cost(api: Api, backend: Backend, person: Person, query: str, variables: Json) -> tuple[int, Json]:
    async with counted(backend.settings) as spent:
        data = await api.data(query, variables, token=person.access_token)
    return sum(spent.per_node), data


async def test_one_picture(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    await start(api, person.access_token, PHOTO)
    starting, data = await cost(api, backend, person, START, {"input": jpeg(PHOTO)})
    upload = data["startUpload"]["upload"]
    await send(upload, PHOTO)
    finishing, data = await cost(api, backend, person, FINISH, {"input": {"uploadId": upload["id"], "filter": "MOON"}})
    assert data["finishUpload"]["userErrors"] == []
    again, _ = await cost(api, backend, person, FINISH, {"input": {"uploadId": upload["id"]}})
    # The session; the shard, an id, the upload; as it is now. Quotas are two more (services/uploads/test_quotas.py).
    assert starting == 5
    # The session, the upload; the shard, the change, the event; as it is now.
    assert finishing == 6
    # The session, the upload; as it is now.
    assert again == 3


async def test_twenty_cost_two_more_each(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    costs = [
        (await cost(api, backend, person, START_SEVERAL, {"inputs": [jpeg(PHOTO)] * count}))[0] for count in (1, 1, 20)
    ]
    assert costs[2] - costs[1] == 2 * 19


async def test_parts_are_asked_for_once_for_each_that_is_being_sent(
    api: Api, backend: Backend, asked: Counter[str]
) -> None:
    person = await make_user(backend)
    await start(api, person.access_token, PHOTO)
    one, _ = await cost(api, backend, person, PARTS, {})
    asked.clear()
    payload = await api.data(START_SEVERAL, {"inputs": [video()] * 9}, token=person.access_token)
    assert [len(upload["parts"]) for upload in payload["startUploads"]["uploads"]] == [2] * 9
    assert asked == {"CreateMultipartUpload": 9, "ListParts": 9}
    asked.clear()
    ten, data = await cost(api, backend, person, PARTS, {})
    assert [len(upload["parts"]) for upload in data["viewer"]["uploads"]["nodes"]] == [2] * 9 + [0]
    assert (ten, asked) == (one, {"ListParts": 9})
    asked.clear()
    await api.data(NO_PARTS, token=person.access_token)
    assert asked == {}
