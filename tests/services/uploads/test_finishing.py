"""What was sent is taken; what was not allowed is refused, by the storage or by `finish_upload`, over real HTTP."""

import asyncio

import httpx
import pytest

from core.errors import UserErrorCode, UserFault
from media.recipe import PLAIN, Adjust, Crop, ImageFilter, Recipe
from models.tables import MediaStatus
from services.backend import Backend
from services.uploads.finishing import finish_upload
from services.uploads.processing import recipe_of
from tests.pictures import small_photo
from tests.uploading import Uploader, change_row, events_of, post_form, row_of

PHOTO = small_photo()


async def refusal(
    backend: Backend,
    uploader: Uploader,
    upload_id: int | None,
    alt_text: str | None = None,
    recipe: Recipe = PLAIN,
) -> UserFault:
    with pytest.raises(UserFault) as refused:
        await finish_upload(backend, uploader.id, upload_id, alt_text, recipe)
    return refused.value


async def assert_nothing_begun(backend: Backend, upload_id: int, status: str = "UPLOADING") -> None:
    row = await row_of(backend, upload_id)
    assert (row["status"], row["finished_at"], row["version"]) == (status, None, 1 if status == "UPLOADING" else 2)
    assert "UploadFinished" not in await events_of(backend, upload_id)


async def test_a_file_that_arrived_is_processed(backend: Backend, alice: Uploader) -> None:
    upload = await alice.finish(PHOTO, alt_text="  A cup of coffee\nfrom above ")
    assert (upload.status, upload.progress, upload.form) == (MediaStatus.PROCESSING, 0, None)
    assert (upload.url, upload.method, upload.form_fields) == (None, None, [])
    assert (await row_of(backend, upload.id))["alt_text"] == "A cup of coffee\nfrom above"
    assert await events_of(backend, upload.id) == ["UploadFinished"]


async def test_finished_many_times_it_is_processed_once(backend: Backend, alice: Uploader) -> None:
    upload = await alice.send(PHOTO)
    finished = await asyncio.gather(*(finish_upload(backend, alice.id, upload.id, None) for _ in range(10)))
    assert set(finished) == {upload.id}
    assert await events_of(backend, upload.id) == ["UploadFinished"]
    assert (await row_of(backend, upload.id))["version"] == 2


async def test_before_the_file_has_arrived(backend: Backend, alice: Uploader) -> None:
    upload = await alice.start(PHOTO)
    refused = await refusal(backend, alice, upload.id)
    assert (refused.code, refused.field) == (UserErrorCode.MEDIA_NOT_READY, ("uploadId",))
    await assert_nothing_begun(backend, upload.id)


async def test_somebody_elses_upload_is_not_there(backend: Backend, alice: Uploader, mallory: Uploader) -> None:
    upload = await alice.send(PHOTO)
    refused = await refusal(backend, mallory, upload.id)
    unknown = await refusal(backend, mallory, mallory.id)
    assert (refused.code, refused.message, refused.field) == (unknown.code, unknown.message, unknown.field)
    assert (refused.code, refused.field) == (UserErrorCode.NOT_FOUND, ("uploadId",))
    assert (await refusal(backend, alice, None)).code == UserErrorCode.NOT_FOUND
    await assert_nothing_begun(backend, upload.id)
    assert await mallory.see_all([upload.id]) == {}


@pytest.mark.parametrize(
    ("changed", "data"),
    [
        ({"key": "originals/AAAAAAAAAAAAAAAAAAAAAA"}, PHOTO),
        ({"key": "variants/AAAAAAAAAAAAAAAAAAAAAA/150.jpg"}, PHOTO),
        ({"Content_Type": "text/html"}, PHOTO),
        ({}, PHOTO + b"x"),
        ({}, PHOTO[:-1]),
        ({"policy": "e30="}, PHOTO),
        ({"x_amz_signature": "0" * 64}, PHOTO),
    ],
    ids=["key", "key of a picture", "type", "longer", "shorter", "policy", "signature"],
)
async def test_a_changed_request_is_refused(
    backend: Backend, alice: Uploader, changed: dict[str, str], data: bytes
) -> None:
    upload = await alice.start(PHOTO)
    answer = await post_form(upload, data, **changed)
    assert answer.is_client_error
    assert (await refusal(backend, alice, upload.id)).code == UserErrorCode.MEDIA_NOT_READY
    await assert_nothing_begun(backend, upload.id)


async def test_a_form_of_somebody_else_fills_only_theirs(backend: Backend, alice: Uploader, mallory: Uploader) -> None:
    upload, other = await alice.start(PHOTO), await mallory.start(PHOTO)
    key = next(field.value for field in upload.form_fields if field.name == "key")
    assert (await post_form(other, PHOTO, key=key)).is_client_error
    assert (await refusal(backend, alice, upload.id)).code == UserErrorCode.MEDIA_NOT_READY


async def test_after_expiry_the_storage_refuses(backend: Backend, alice: Uploader) -> None:
    upload = await alice.start(PHOTO)
    await change_row(backend, upload.id, "expires_at = clock_now() + interval '1.5 seconds'")
    short_lived = await alice.see(upload.id)
    assert short_lived.form is not None
    await asyncio.sleep(2)
    assert (await post_form(short_lived, PHOTO)).status_code == httpx.codes.FORBIDDEN
    assert (await refusal(backend, alice, upload.id)).code == UserErrorCode.EXPIRED
    assert (await alice.see(upload.id)).form is None
    await assert_nothing_begun(backend, upload.id)


async def test_sent_in_time_but_finished_too_late(backend: Backend, alice: Uploader) -> None:
    upload = await alice.send(PHOTO)
    await change_row(backend, upload.id, "expires_at = clock_now() - interval '1 second'")
    refused = await refusal(backend, alice, upload.id)
    assert (refused.code, refused.field) == (UserErrorCode.EXPIRED, ("uploadId",))
    await assert_nothing_begun(backend, upload.id)


async def test_an_object_that_no_form_made(backend: Backend, alice: Uploader) -> None:
    upload = await alice.start(PHOTO)
    key = (await row_of(backend, upload.id))["object_key"]
    for body, content_type in ((PHOTO + b"x", "image/jpeg"), (PHOTO, "image/png")):
        await backend.storage.put(key, body, content_type)
        assert (await refusal(backend, alice, upload.id)).code == UserErrorCode.INVALID
    await assert_nothing_begun(backend, upload.id)


@pytest.mark.parametrize(("text", "code"), [("x" * 1001, UserErrorCode.TOO_LONG), ("a\0b", UserErrorCode.INVALID)])
async def test_alt_text_has_bounds(backend: Backend, alice: Uploader, text: str, code: UserErrorCode) -> None:
    upload = await alice.send(PHOTO)
    refused = await refusal(backend, alice, upload.id, text)
    assert (refused.code, refused.field) == (code, ("altText",))
    await assert_nothing_begun(backend, upload.id)
    await finish_upload(backend, alice.id, upload.id, "x" * 1000)


RECIPE = Recipe(ImageFilter.JUNO, Crop(0.1, 0, 0.5, 1), Adjust(contrast=-0.25), "Alice", keep_location=True)


async def test_a_recipe_is_kept_as_it_was_first_given(backend: Backend, alice: Uploader) -> None:
    upload = await alice.send(PHOTO)
    await finish_upload(backend, alice.id, upload.id, None, RECIPE)
    await finish_upload(backend, alice.id, upload.id, "Late", Recipe(ImageFilter.MOON))
    row = await row_of(backend, upload.id)
    assert recipe_of(row) == RECIPE
    assert (row["version"], row["alt_text"]) == (2, None)


async def test_a_plain_recipe_is_none(backend: Backend, alice: Uploader) -> None:
    upload = await alice.send(PHOTO)
    await finish_upload(backend, alice.id, upload.id, None, Recipe(crop=Crop(0, 0, 1, 1), watermark=" "))
    row = await row_of(backend, upload.id)
    assert (row["recipe"], recipe_of(row)) == (None, PLAIN)


@pytest.mark.parametrize(
    ("recipe", "field"),
    [
        (Recipe(ImageFilter.LARK), "filter"),
        (Recipe(crop=Crop(0, 0, 0.5, 0.5)), "crop"),
        (Recipe(adjust=Adjust(warmth=1)), "adjust"),
        (Recipe(watermark="mine"), "watermark"),
    ],
)
async def test_a_film_stays_as_it_is(backend: Backend, alice: Uploader, recipe: Recipe, field: str) -> None:
    upload = await alice.send(b"moving", "video/mp4")
    refused = await refusal(backend, alice, upload.id, None, recipe)
    assert (refused.code, refused.field) == (UserErrorCode.INVALID, (field,))
    await assert_nothing_begun(backend, upload.id)
    await finish_upload(backend, alice.id, upload.id, None, Recipe(keep_location=True))
    assert recipe_of(await row_of(backend, upload.id)) == Recipe(keep_location=True)
    assert await events_of(backend, upload.id) == ["FilmFinished"]


async def test_a_bad_recipe_begins_nothing(backend: Backend, alice: Uploader) -> None:
    upload = await alice.send(PHOTO)
    refused = await refusal(backend, alice, upload.id, None, Recipe(crop=Crop(0.5, 0, 0.6, 1)))
    assert (refused.code, refused.field) == (UserErrorCode.INVALID, ("crop", "width"))
    await assert_nothing_begun(backend, upload.id)
