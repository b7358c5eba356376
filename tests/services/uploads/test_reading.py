from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, update

from core.errors import RequestFault
from media.runner import ImageRunner
from media.signing import CachePolicy
from models.ids import shard_of
from models.tables import Post, User
from services.backend import Backend
from services.marks import NOBODY
from services.relationships.follow import follow
from services.uploads.processing import process_upload
from services.uploads.reading import page_of_uploads, visible_media
from services.visibility import visible_users
from services.visible import MediaLinks, MediaRow, VideoRow, still_of
from tests.pictures import small_photo
from tests.posting import ready_upload
from tests.uploading import Uploader, change_row, row_of, run_job

PHOTO = small_photo(200, 150)


async def ready(uploader: Uploader, runner: ImageRunner) -> int:
    upload = await uploader.finish(PHOTO)
    await run_job(uploader.backend, upload.id, "process_upload", partial(process_upload, runner))
    return upload.id


async def images(backend: Backend, viewer_id: int, numbers: Sequence[int]) -> dict[int, MediaRow]:
    return await visible_media(backend.reader(), MediaLinks(backend.signer), viewer_id, numbers)


async def post_of(uploader: Uploader, upload_id: int, alt_text: str) -> int:
    inline = (await row_of(uploader.backend, upload_id))["result"] | {"alt_text": alt_text}
    async with uploader.backend.transaction(shard_of(uploader.id)) as transaction:
        number = await transaction.mint_id()
        await transaction.session.execute(
            insert(Post).values(id=number, author_id=uploader.id, kind="PHOTO", media=[inline])
        )
    await change_row(uploader.backend, upload_id, f"attached_to = {number}")
    return number


async def change(uploader: Uploader, statement: Any) -> None:
    async with uploader.backend.transaction(shard_of(uploader.id)) as transaction:
        await transaction.session.execute(statement)


async def test_pages_newest_first(backend: Backend, alice: Uploader, mallory: Uploader) -> None:
    await mallory.start(PHOTO)
    numbers = [(await alice.start(PHOTO)).id for _ in range(5)]
    reader, links = backend.reader(), MediaLinks(backend.signer)
    seen, after = [], None
    for expected in (2, 2, 1):
        page = await page_of_uploads(reader, links, backend.storage, alice.id, first=2, after=after)
        assert len(page.nodes) == expected
        assert all(upload.form for upload in page.nodes)
        assert (page.page_info.has_previous_page, page.page_info.has_next_page) == (bool(after), expected == 2)
        seen += [upload.id for upload in page.nodes]
        after = page.page_info.end_cursor
    assert seen == numbers[::-1]
    for first in (0, 101):
        with pytest.raises(RequestFault):
            await page_of_uploads(reader, links, backend.storage, alice.id, first=first, after=None)


async def test_an_image_that_nothing_shows_is_its_owners(
    backend: Backend, alice: Uploader, mallory: Uploader, runner: ImageRunner
) -> None:
    number = await ready(alice, runner)
    own = (await images(backend, alice.id, [number]))[number]
    assert (own.width, own.height) == (200, 150)
    assert {variant.grant.policy for variant in still_of(own).variants} == {CachePolicy.PRIVATE}
    assert await images(backend, mallory.id, [number]) == {}
    assert await images(backend, NOBODY, [number]) == {}
    assert await images(backend, alice.id, [alice.id, 5, (await alice.start(PHOTO)).id]) == {}


async def test_an_image_in_a_post_is_seen_by_who_may_see_the_post(
    backend: Backend, alice: Uploader, mallory: Uploader, runner: ImageRunner
) -> None:
    number = await ready(alice, runner)
    post = await post_of(alice, number, "Of the post")
    shown = (await images(backend, mallory.id, [number]))[number]
    assert shown.alt_text == "Of the post"
    assert {variant.grant.policy for variant in still_of(shown).variants} == {CachePolicy.PUBLIC}
    await change(alice, update(User).where(User.id == alice.id).values(is_private=True))
    assert await images(backend, mallory.id, [number]) == {}
    assert list(await images(backend, alice.id, [number])) == [number]
    await change(alice, update(User).where(User.id == alice.id).values(is_private=False))
    viewer = (await visible_users(backend.reader(), MediaLinks(backend.signer), mallory.id, [mallory.id]))[mallory.id]
    await follow(backend, viewer.links, viewer, alice.id)
    await change(alice, update(User).where(User.id == alice.id).values(is_private=True))
    assert list(await images(backend, mallory.id, [number])) == [number]
    await change(alice, update(Post).where(Post.id == post).values(state="DELETED"))
    assert await images(backend, mallory.id, [number]) == {}
    assert (await images(backend, alice.id, [number]))[number].alt_text is None


async def test_an_avatar_is_seen_by_everybody(
    backend: Backend, alice: Uploader, mallory: Uploader, runner: ImageRunner
) -> None:
    number, other = await ready(alice, runner), await ready(mallory, runner)
    inline = (await row_of(backend, number))["result"]
    await change(alice, update(User).where(User.id == alice.id).values(avatar=inline))
    await change_row(backend, number, f"attached_to = {alice.id}")
    assert list(await images(backend, NOBODY, [number, other])) == [number]
    await change(alice, update(User).where(User.id == alice.id).values(state="SUSPENDED"))
    assert list(await images(backend, mallory.id, [number, other])) == [other]


async def test_a_film_is_seen_as_an_image_is(backend: Backend, alice: Uploader, mallory: Uploader) -> None:
    number = await ready_upload(backend, alice.id, film=True)
    own = (await images(backend, alice.id, [number]))[number]
    assert isinstance(own, VideoRow)
    assert own.grant.policy == CachePolicy.PRIVATE
    assert await images(backend, mallory.id, [number]) == {}
    await post_of(alice, number, "Of the post")
    shown = (await images(backend, mallory.id, [number]))[number]
    assert isinstance(shown, VideoRow)
    assert (shown.alt_text, shown.grant.policy) == ("Of the post", CachePolicy.PUBLIC)
    await change(alice, update(User).where(User.id == alice.id).values(is_private=True))
    assert await images(backend, mallory.id, [number]) == {}


async def test_what_waits_for_a_moderator_is_shown_to_nobody(backend: Backend, alice: Uploader) -> None:
    number = await ready_upload(backend, alice.id, film=True, status="HELD")
    assert await images(backend, alice.id, [number]) == {}
    assert (await alice.see(number)).result is None
