"""Uploading as a client does: GraphQL, and the file by HTTP straight to the storage."""

from typing import Any

import httpx

from tests.api import Api
from tests.cutting import CuttingProxy

UPLOAD = """
    fragment U on Upload {
        id status progress url method headers { name value } formFields { name value }
        parts { number url byteSize isUploaded } expiresAt capturedAt camera failureReason
        result { __typename id ... on Image { width height altText variants { width height format url bytes } } }
    }
"""
ERRORS = "userErrors { code message field }"
START = (
    f"mutation ($input: StartUploadInput!) {{ startUpload(input: $input) {{ upload {{ ...U }} {ERRORS} }} }} {UPLOAD}"
)
START_SEVERAL = (
    f"mutation ($inputs: [StartUploadInput!]!) {{ startUploads(inputs: $inputs) {{ uploads {{ ...U }} {ERRORS} }} }}"
    + UPLOAD
)
FINISH = (
    f"mutation ($input: FinishUploadInput!) {{ finishUpload(input: $input) {{ upload {{ ...U }} {ERRORS} }} }}" + UPLOAD
)
CANCEL = (
    f"mutation ($input: CancelUploadInput!) {{ cancelUpload(input: $input) {{ upload {{ ...U }} {ERRORS} }} }}" + UPLOAD
)
SEE = "query ($id: ID!) { node(id: $id) { ...U } }" + UPLOAD
WATCH = "subscription ($id: ID!) { upload(id: $id) { ...U } }" + UPLOAD

Json = dict[str, Any]


def jpeg(data: bytes, **more: Any) -> Json:
    """A StartUploadInput."""
    return {"purpose": "POST", "contentType": "image/jpeg", "byteSize": len(data), **more}


async def start(api: Api, token: str, data: bytes, **more: Any) -> Json:
    payload = (await api.data(START, {"input": jpeg(data, **more)}, token=token))["startUpload"]
    assert payload["userErrors"] == []
    upload: Json = payload["upload"]
    return upload


async def send(upload: Json, data: bytes) -> httpx.Response:
    """The form as the upload says, then the file."""
    fields = {field["name"]: field["value"] for field in upload["formFields"]}
    async with httpx.AsyncClient() as client:
        return await client.request(upload["method"], upload["url"], data=fields, files={"file": ("photo", data)})


async def send_in_parts(api: Api, token: str, upload: Json, data: bytes, proxy: CuttingProxy) -> list[int]:
    """Part by part through the proxy; where that cuts, what has not arrived is asked for, and sent. How often each was
    begun to be sent."""
    begun = [0] * len(upload["parts"])
    while any(not part["isUploaded"] for part in upload["parts"]):
        try:
            for part in upload["parts"]:
                if not part["isUploaded"]:
                    begun[part["number"] - 1] += 1
                    answer = await proxy.put(part["url"], data_of(upload, part["number"], data))
                    assert answer.status_code == 200, answer.text
        except httpx.TransportError:
            assert sum(begun) < 100
        seen = await see(api, token, upload)
        assert seen is not None
        upload = seen
    return begun


def data_of(upload: Json, number: int, data: bytes) -> bytes:
    """What is to be sent of the file as this part."""
    start = sum(part["byteSize"] for part in upload["parts"] if part["number"] < number)
    return data[start : start + upload["parts"][number - 1]["byteSize"]]


async def finish(api: Api, token: str, upload: Json, **more: Any) -> Json:
    """The payload."""
    variables = {"input": {"uploadId": upload["id"], **more}}
    payload: Json = (await api.data(FINISH, variables, token=token))["finishUpload"]
    return payload


async def see(api: Api, token: str | None, upload: Json) -> Json | None:
    found: Json | None = (await api.data(SEE, {"id": upload["id"]}, token=token))["node"]
    return found
