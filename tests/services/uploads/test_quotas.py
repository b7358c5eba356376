import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from core import clock
from core.errors import UserErrorCode, UserFault
from core.settings import Settings
from media.keys import new_token, original_key
from models.ids import floor_of, shard_of
from models.tables import MediaStatus, Upload, UploadPurpose
from services.backend import Backend
from services.uploads.cancelling import cancel_upload
from services.uploads.starting import NewUpload, start_upload, start_uploads
from tests.statements import counted
from tests.uploading import Uploader

PHOTO = NewUpload(UploadPurpose.POST, "image/jpeg", 10)
FILM = NewUpload(UploadPurpose.POST, "video/mp4", 10)


@pytest.fixture
def limited(backend: Backend) -> Iterator[Backend]:
    """The same, with limits of 3 files a day, 4 pictures and 2 videos a month."""
    before = backend.settings
    limits = {"uploads_per_day": 3, "photographs_per_month": 4, "videos_per_month": 2}
    backend.settings = before.model_copy(update=limits)
    yield backend
    backend.settings = before


async def earlier(uploader: Uploader, age: timedelta, content_type: str, count: int = 1) -> None:
    """Uploads that were announced so long ago."""
    moment = clock.now_ms() - int(age.total_seconds() * 1000)
    async with uploader.backend.transaction(shard_of(uploader.id)) as transaction:
        for number in range(count):
            row: dict[str, Any] = {
                "id": floor_of(moment) + (transaction.shard << 10) + number,
                "owner_id": uploader.id,
                "purpose": "POST",
                "content_type": content_type,
                "byte_size": 10,
                "object_key": original_key(new_token()),
                "status": MediaStatus.CANCELLED.value,
                "expires_at": clock.now(),
                "objects_removed_at": clock.now(),
            }
            await transaction.session.execute(insert(Upload).values(row))


async def count(uploader: Uploader) -> int:
    sql = "SELECT FROM uploads WHERE owner_id = $1"
    return len(await uploader.backend.reader().on_shard_of(uploader.id, sql, uploader.id))


async def refusal(uploader: Uploader, wanted: NewUpload) -> UserFault:
    before = await count(uploader)
    with pytest.raises(UserFault) as refused:
        await start_upload(uploader.backend, uploader.id, wanted)
    assert (refused.value.code, refused.value.field) == (UserErrorCode.QUOTA_EXCEEDED, None)
    assert await count(uploader) == before
    return refused.value


def test_the_limits_are_those_that_are_described() -> None:
    limits = Settings.model_fields
    assert [limits[name].default for name in ("uploads_per_day", "photographs_per_month", "videos_per_month")] == [
        100,
        500,
        100,
    ]


async def test_so_many_a_day(limited: Backend, alice: Uploader, mallory: Uploader) -> None:
    await earlier(alice, timedelta(hours=24, minutes=1), "image/jpeg")
    for _ in range(3):
        await start_upload(limited, alice.id, PHOTO)
    message = "You can announce 3 files at most within 24 hours: try again later."
    assert (await refusal(alice, FILM)).message == message
    await start_upload(limited, mallory.id, FILM)


async def test_the_day_is_the_last_24_hours(limited: Backend, alice: Uploader) -> None:
    await earlier(alice, timedelta(hours=23, minutes=59), "image/jpeg", 2)
    await start_upload(limited, alice.id, PHOTO)
    assert "24 hours" in (await refusal(alice, FILM)).message


@pytest.mark.parametrize(
    ("wanted", "most", "other", "what"), [(PHOTO, 4, FILM, "4 pictures"), (FILM, 2, PHOTO, "2 videos")]
)
async def test_so_many_of_a_kind_within_30_days(  # noqa: PLR0917
    limited: Backend, alice: Uploader, wanted: NewUpload, most: int, other: NewUpload, what: str
) -> None:
    await earlier(alice, timedelta(days=30, minutes=1), wanted.content_type, 5)
    await earlier(alice, timedelta(days=29, hours=23), wanted.content_type, most - 1)
    await start_upload(limited, alice.id, wanted)
    message = f"You can announce {what} at most within 30 days: try again later."
    assert (await refusal(alice, wanted)).message == message
    await start_upload(limited, alice.id, other)


async def test_too_many_of_one_kind_are_no_reason_against_the_other(limited: Backend, alice: Uploader) -> None:
    """A limit may have been lowered."""
    await earlier(alice, timedelta(days=2), "video/mp4", 5)
    await start_upload(limited, alice.id, PHOTO)
    assert "2 videos" in (await refusal(alice, FILM)).message


async def test_what_was_cancelled_counts(limited: Backend, alice: Uploader) -> None:
    for _ in range(3):
        await cancel_upload(limited, alice.id, await start_upload(limited, alice.id, PHOTO))
    await refusal(alice, PHOTO)


async def test_what_is_asked_for_again_does_not(limited: Backend, alice: Uploader) -> None:
    keyed = [replace(PHOTO, idempotency_key=key) for key in "abc"]
    first = [await start_upload(limited, alice.id, one) for one in keyed]
    assert [await start_upload(limited, alice.id, one) for one in keyed] == first
    assert await start_uploads(limited, alice.id, keyed) == first
    await refusal(alice, replace(PHOTO, idempotency_key="d"))


async def test_several_at_once_count_each(limited: Backend, alice: Uploader) -> None:
    with pytest.raises(UserFault) as refused:
        await start_uploads(limited, alice.id, [PHOTO] * 4)
    assert (refused.value.code, refused.value.field) == (UserErrorCode.QUOTA_EXCEEDED, ("inputs",))
    assert await count(alice) == 0
    assert len(await start_uploads(limited, alice.id, [PHOTO, FILM, FILM])) == 3


async def test_exactly_so_many_beside_each_other(limited: Backend, alice: Uploader) -> None:
    answers = await asyncio.gather(*(start_upload(limited, alice.id, PHOTO) for _ in range(20)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, UserFault)]
    assert [answer.code for answer in refused] == [UserErrorCode.QUOTA_EXCEEDED] * 17
    assert await count(alice) == 3


async def test_0_is_no_limit(limited: Backend, alice: Uploader) -> None:
    limited.settings = limited.settings.model_copy(update={"uploads_per_day": 0, "photographs_per_month": 0})
    for _ in range(5):
        await start_upload(limited, alice.id, PHOTO)


async def test_what_it_costs(limited: Backend, alice: Uploader, settings: Settings) -> None:
    keyed = replace(PHOTO, idempotency_key="k")
    await start_upload(limited, alice.id, PHOTO)
    async with counted(settings) as anew:
        await start_upload(limited, alice.id, keyed)
    async with counted(settings) as again:
        await start_upload(limited, alice.id, keyed)
    # The shard, an id, the key, the upload; the lock and the count.
    assert sum(anew.per_node) == 6
    # The shard, an id, the key, what it made.
    assert sum(again.per_node) == 4
