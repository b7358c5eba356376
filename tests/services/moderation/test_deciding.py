"""What is shown is taken away by a moderator: a post, a profile's picture; beside those who work on the same."""

import asyncio

import pytest
from sqlalchemy import text

from core.errors import UserErrorCode, UserFault
from media.signing import CachePolicy, Grant
from models.ids import shard_of
from models.tables import Counter, MediaStatus
from services.accounts.profile import update_profile
from services.backend import Backend
from services.moderation.deciding import NotToBeDecided, remove, remove_post
from services.posts.attaching import NewMedia
from services.posts.create import NewPost, create_post
from services.posts.delete import delete_post
from services.uploads.reading import visible_media
from services.uploads.rows import renditions
from services.visibility import visible_posts, visible_users
from services.withdrawals import is_withdrawn
from tests.factories import Person, make_user
from tests.posting import change, count_of, links, make_post, post_row, ready_upload
from tests.uploading import events_of, row_of

NEWEST_EPOCH = 2**53
WAITING = """
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%uploads%'
"""


async def media_of(backend: Backend, post_id: int) -> list[int]:
    return [inline["id"] for inline in (await post_row(backend, post_id))["media"]]


async def assert_gone(backend: Backend, person: Person, upload_id: int, reason: str) -> None:
    row = await row_of(backend, upload_id)
    assert (row["status"], row["attached_to"], row["failure_reason"]) == ("REJECTED", None, reason)
    assert row["rejected_at"] is not None
    grant = Grant(person.id, NEWEST_EPOCH, CachePolicy.PUBLIC)
    assert [await is_withdrawn(backend, one, grant) for one in renditions(row)] == [True]
    assert await visible_media(backend.reader(), links(backend), person.id, [upload_id]) == {}
    assert await events_of(backend, upload_id) == ["UploadRemoved"]


@pytest.mark.parametrize("films", [0, 1])
async def test_a_post_goes_with_the_upload_that_it_shows(backend: Backend, films: int) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author, pictures=2, films=films)
    other = await make_post(backend, author)
    uploads = await media_of(backend, post_id)
    assert [await remove(backend, uploads[-1], "Not here."), await remove(backend, uploads[-1], "Twice.")] == [
        True,
        False,
    ]
    await assert_gone(backend, author, uploads[-1], "Not here.")
    shown = await visible_posts(backend.reader(), links(backend), author.id, [post_id, other])
    assert list(shown) == [other]
    assert await count_of(backend, author.id, Counter.POSTS) == 1
    # The others of the post are let go as its author would have let them go.
    assert [(await row_of(backend, one))["status"] for one in uploads[:-1]] == ["CANCELLED"] * (len(uploads) - 1)


async def test_a_post_with_all_that_it_shows(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author, pictures=3)
    uploads = await media_of(backend, post_id)
    assert [await remove_post(backend, post_id, "No."), await remove_post(backend, post_id, "Twice.")] == [True, False]
    for upload_id in uploads:
        await assert_gone(backend, author, upload_id, "No.")
    assert (await post_row(backend, post_id))["state"] == "DELETED"
    assert await count_of(backend, author.id, Counter.POSTS) == 0


async def test_a_picture_of_a_profile(backend: Backend) -> None:
    person, stranger = await make_user(backend), await make_user(backend)
    upload_id = await ready_upload(backend, person.id, purpose="AVATAR")
    await update_profile(backend, person.viewer, {"avatar_upload_id": upload_id})
    assert await remove(backend, upload_id, "No.")
    await assert_gone(backend, person, upload_id, "No.")
    users = await visible_users(backend.reader(), links(backend), stranger.id, [person.id])
    assert users[person.id].avatar is None
    with pytest.raises(UserFault) as refused:
        await update_profile(backend, person.viewer, {"avatar_upload_id": upload_id})
    assert refused.value.code is UserErrorCode.MEDIA_NOT_READY


async def test_what_nothing_shows(backend: Backend) -> None:
    person = await make_user(backend)
    upload_id = await ready_upload(backend, person.id)
    assert await remove(backend, upload_id, "No.")
    await assert_gone(backend, person, upload_id, "No.")


@pytest.mark.parametrize("status", ["UPLOADING", "PROCESSING", "FAILED", "CANCELLED"])
async def test_what_is_not_to_be_decided(backend: Backend, status: str) -> None:
    person = await make_user(backend)
    upload_id = await ready_upload(backend, person.id, status=status)
    before = dict(await row_of(backend, upload_id))
    with pytest.raises(NotToBeDecided, match=f"It is {status}, not"):
        await remove(backend, upload_id, "No.")
    with pytest.raises(NotToBeDecided, match="no such upload"):
        await remove(backend, upload_id + 1, "No.")
    assert dict(await row_of(backend, upload_id)) == before


async def test_many_moderators_at_once(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author, pictures=2)
    uploads = await media_of(backend, post_id)
    by_upload = [remove(backend, uploads[0], "No.") for _ in range(4)]
    done = await asyncio.gather(*by_upload, *(remove_post(backend, post_id, "No.") for _ in range(4)))
    assert done.count(True) == 1
    assert (await post_row(backend, post_id))["state"] == "DELETED"
    assert await count_of(backend, author.id, Counter.POSTS) == 0
    assert await events_of(backend, uploads[0]) == ["UploadRemoved"]


async def waits_for_uploads(backend: Backend, shard: int) -> None:
    async with asyncio.timeout(10):
        while not await backend.reader().on_shard(shard, WAITING):
            await asyncio.sleep(0.01)


async def test_beside_a_post_that_attaches_it(backend: Backend) -> None:
    """The moderator has looked before the post is written, and comes to lock the upload while it is."""
    author = await make_user(backend)
    upload_id, shard = await ready_upload(backend, author.id), shard_of(author.id)
    post_id = await make_post(backend, author)
    async with backend.transaction(shard) as transaction:
        await transaction.session.execute(text("SELECT 1 FROM uploads WHERE id = :id FOR UPDATE"), {"id": upload_id})
        removing = asyncio.create_task(remove(backend, upload_id, "No."))
        await waits_for_uploads(backend, shard)
        await transaction.session.execute(
            text("UPDATE uploads SET attached_to = :post WHERE id = :id"), {"post": post_id, "id": upload_id}
        )
    assert await removing
    assert (await row_of(backend, upload_id))["status"] == "REJECTED"
    assert (await post_row(backend, post_id))["state"] == "DELETED"


async def test_before_and_after_a_post_that_attaches_it(backend: Backend) -> None:
    """Whichever comes first: what was removed is shown by no post in the end."""
    for _ in range(10):
        author = await make_user(backend)
        upload_id = await ready_upload(backend, author.id)
        wanted = NewPost([NewMedia(upload_id)])
        posted, removed = await asyncio.gather(
            create_post(backend, links(backend), author.id, wanted),
            remove(backend, upload_id, "No."),
            return_exceptions=True,
        )
        assert removed is True
        assert (await row_of(backend, upload_id))["status"] == MediaStatus.REJECTED
        if isinstance(posted, UserFault):
            assert posted.code is UserErrorCode.MEDIA_NOT_READY
        else:
            assert isinstance(posted, int)
            assert (await post_row(backend, posted))["state"] == "DELETED"
        assert await count_of(backend, author.id, Counter.POSTS) == 0


async def test_beside_the_author_who_deletes_the_post(backend: Backend) -> None:
    for _ in range(10):
        author = await make_user(backend)
        post_id = await make_post(backend, author, pictures=2)
        uploads = await media_of(backend, post_id)
        deleted, removed = await asyncio.gather(
            delete_post(backend, links(backend), author.id, post_id),
            remove(backend, uploads[0], "No."),
            return_exceptions=True,
        )
        status = (await row_of(backend, uploads[0]))["status"]
        if removed is True:
            assert status == "REJECTED"
            assert isinstance(deleted, UserFault)
        else:  # it was let go by its author a moment before
            assert isinstance(removed, NotToBeDecided)
            assert (deleted, status) == (None, "CANCELLED")
        assert await count_of(backend, author.id, Counter.POSTS) == 0


async def test_of_one_who_is_suspended(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    await change(backend, author.id, "UPDATE users SET state = 'SUSPENDED' WHERE id = :id", id=author.id)
    assert await remove_post(backend, post_id, "No.")
    assert (await post_row(backend, post_id))["state"] == "DELETED"
