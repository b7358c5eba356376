"""How the bucket is set, on a real storage; encryption, and uploads from a browser."""

import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.settings import S3Encryption, Settings
from media import bucket
from media.bucket import ColdClass, Line, Wanted, configure, shown
from media.errors import StorageUnavailable
from media.keys import new_token, original_key
from media.storage import ObjectStorage

ORIGIN = "https://app.example"
ALL = Wanted([ORIGIN])
JPEG = "image/jpeg"


@pytest.fixture
async def storage(settings: Settings) -> AsyncIterator[ObjectStorage]:
    storage = ObjectStorage(settings.model_copy(update={"s3_bucket": f"set-{time.time_ns()}"}))
    await storage.ensure_bucket()
    yield storage
    await storage.close()


async def rules_of(storage: ObjectStorage) -> list[Any]:
    return await storage.administer(
        lambda client, name: list(client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"])
    )


async def head_of(storage: ObjectStorage, key: str) -> dict[str, Any]:
    return await storage.administer(lambda client, name: dict(client.head_object(Bucket=name, Key=key)))


async def test_what_it_sets_and_shows(storage: ObjectStorage) -> None:
    before = await storage.administer(shown)
    assert before == [
        Line("CORS", "POST, PUT from *"),
        Line("encryption", "none by default"),
        Line("lifecycle", "nothing expires"),
    ]
    expected = [
        Line("CORS", f"POST, PUT from {ORIGIN}"),
        Line("encryption", "not asked for"),
        Line("lifecycle", "everything: unfinished uploads go after 2 days"),
        Line("lifecycle", "exports/: expires after 7 days"),
    ]
    for _ in range(2):
        assert await storage.administer(partial(configure, wanted=ALL)) == expected
    after = await storage.administer(shown)
    assert (after[0], sorted(line.said for line in after[2:])) == (
        expected[0],
        ["everything: unfinished uploads go after 2 days", "exports/: expires after 7 days"],
    )
    expiring = {rule["Filter"]["Prefix"] for rule in await rules_of(storage) if "Expiration" in rule}
    assert expiring == {"exports/"}, "never originals, nor pictures"


async def test_rules_of_others_stay_and_are_judged(storage: ObjectStorage) -> None:
    theirs: list[Any] = [
        {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}},
        {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "orig"}, "Expiration": {"Days": 90}},
    ]
    await storage.administer(
        lambda client, name: client.put_bucket_lifecycle_configuration(
            Bucket=name, LifecycleConfiguration={"Rules": theirs}
        )
    )
    for _ in range(2):
        lines = await storage.administer(partial(configure, wanted=ALL))
        assert sorted(lines[4:], key=lambda line: line.said) == [
            Line("lifecycle", "logs/: expires after 3 days (somebody else's rule logs)"),
            Line(
                "lifecycle",
                "orig: expires after 90 days (somebody else's rule old — it deletes what is still needed: remove it)",
                is_good=False,
            ),
        ]
        names = sorted(rule["ID"] for rule in await rules_of(storage))
        assert names == ["heliograph-exports", "heliograph-unfinished", "logs", "old"]


async def test_a_storage_without_classes_says_so(storage: ObjectStorage) -> None:
    """The embedded one has none: what it can do is set all the same."""
    wanted = Wanted([], cold_after_days=180, cold_class=ColdClass.STANDARD_IA)
    lines = await storage.administer(partial(configure, wanted=wanted))
    assert lines[2:] == [
        Line("lifecycle", "everything: unfinished uploads go after 2 days"),
        Line("lifecycle", "exports/: expires after 7 days"),
        Line("colder storage", "this storage does not support it", is_good=False),
    ]
    assert len(await rules_of(storage)) == 2


def test_originals_move_and_are_not_deleted() -> None:
    """The rule as a storage that has classes is given it."""
    assert bucket._cooling(Wanted([])) == []
    assert bucket._cooling(Wanted([], cold_after_days=180)) == [
        {
            "ID": "heliograph-cold",
            "Status": "Enabled",
            "Filter": {"Prefix": "originals/"},
            "Transitions": [{"Days": 180, "StorageClass": "GLACIER_IR"}],
        }
    ]


async def test_a_browser_may_upload(storage: ObjectStorage) -> None:
    """The embedded storage keeps the rule, and lets every origin in whatever it says."""
    await storage.administer(partial(configure, wanted=ALL))
    form = storage.presign_post(original_key(new_token()), JPEG, 4)
    async with httpx.AsyncClient() as client:
        for method in ("POST", "PUT"):
            asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type"}
            answer = await client.options(form.url, headers={"Origin": ORIGIN, **asked})
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] in (ORIGIN, "*")
            assert {method, "*"} & set(answer.headers["access-control-allow-methods"].split(", "))
        answer = await client.post(
            form.url, data=form.fields, files={"file": ("a.jpg", b"four", JPEG)}, headers={"Origin": ORIGIN}
        )
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] in (ORIGIN, "*")
        assert {"etag", "*"} & set(answer.headers["access-control-expose-headers"].lower().split(", "))


async def test_type_and_disposition_lie_with_the_object(storage: ObjectStorage) -> None:
    await storage.put("variants/x", b"four", JPEG)
    head = await head_of(storage, "variants/x")
    assert (head["ContentType"], head["ContentDisposition"]) == (JPEG, "inline")
    assert "CacheControl" not in head
    assert "ServerSideEncryption" not in head


@pytest.fixture
async def sealed(settings: Settings) -> AsyncIterator[ObjectStorage]:
    named = {"s3_bucket": f"sealed-{time.time_ns()}", "s3_encryption": S3Encryption.AES256}
    storage = ObjectStorage(settings.model_copy(update=named))
    await storage.ensure_bucket()
    yield storage
    await storage.close()


def lies_in(folder: Path, body: bytes) -> bool:
    """Whether the volumes of the storage hold these bytes as they are."""
    return any(body in path.read_bytes() for path in folder.rglob("*.dat"))


async def test_what_is_encrypted_at_rest_and_what_is_not(
    storage: ObjectStorage, sealed: ObjectStorage, settings: Settings
) -> None:
    folder = settings.data / "seaweedfs"
    if not folder.exists():
        pytest.skip("another storage, into which nobody sees")
    bodies = [f"{name} {new_token()} {'x' * 50_000}".encode() for name in ("open", "put", "form", "part")]
    await storage.put("a", bodies[0], JPEG)
    await sealed.put("a", bodies[1], JPEG)
    key = original_key(new_token())
    form = sealed.presign_post(key, JPEG, len(bodies[2]))
    async with httpx.AsyncClient() as client:
        bare = {name: value for name, value in form.fields.items() if "encryption" not in name}
        assert len(bare) == len(form.fields) - 1
        for fields, status in ((bare, 403), (form.fields, 204)):
            answer = await client.post(form.url, data=fields, files={"file": ("a.jpg", bodies[2], JPEG)})
            assert answer.status_code == status
        in_parts = original_key(new_token())
        begun = await sealed.multiparts.begin(in_parts, JPEG)
        url = sealed.multiparts.presign(in_parts, begun, 1, len(bodies[3]), 60)
        assert (await client.put(url, content=bodies[3])).status_code == 200
    await sealed.multiparts.complete(in_parts, begun, await sealed.multiparts.arrived(in_parts, begun))
    assert [lies_in(folder, body) for body in bodies] == [True, False, False, False]
    for name, body in (("a", bodies[1]), (key, bodies[2]), (in_parts, bodies[3])):
        head = await head_of(sealed, name)
        assert head["ServerSideEncryption"] == "AES256"
        stream = await sealed.open(name, byte_range="bytes=5-20")
        assert stream.first == body[5:21]
        stream.close()


async def test_the_bucket_is_told_to_encrypt_by_itself(sealed: ObjectStorage) -> None:
    lines = await sealed.administer(partial(configure, wanted=Wanted([], S3Encryption.AES256)))
    assert lines[1] == Line("encryption", "AES256")
    assert (await sealed.administer(shown))[1] == Line("encryption", "AES256")


async def test_keys_of_its_own_the_embedded_storage_has_none(settings: Settings) -> None:
    """Nothing is stored unencrypted for that."""
    named = {"s3_bucket": f"kms-{time.time_ns()}", "s3_encryption": S3Encryption.KMS}
    storage = ObjectStorage(settings.model_copy(update=named))
    await storage.ensure_bucket()
    with pytest.raises(StorageUnavailable):
        await storage.put("a", b"four", JPEG)
    await storage.close()
