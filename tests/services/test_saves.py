import asyncio

import pytest

from core.errors import UserErrorCode, UserFault
from models.tables import Counter
from services.backend import Backend
from services.consequences import EventKind
from services.saves import repair_save, save, unsave
from services.visibility import visible_posts
from tests.factories import make_user
from tests.posting import change, count_of, events_about, fingerprint, job_of, links, make_post, rows

MADE = "SELECT state, version FROM saves_made WHERE user_id = $1 AND post_id = $2"


async def test_a_save_is_for_oneself_and_counted_for_the_author(backend: Backend) -> None:
    author, keeper = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    for work, saved, version in ((save, True, 1), (save, True, 1), (unsave, False, 2), (unsave, False, 2)):
        await work(backend, links(backend), keeper.id, post_id)
        [own] = (await visible_posts(backend.reader(), links(backend), author.id, [post_id])).values()
        [kept] = (await visible_posts(backend.reader(), links(backend), keeper.id, [post_id])).values()
        assert (own.viewer_has_saved, own.save_count) == (False, int(saved))
        assert (kept.viewer_has_saved, kept.save_count) == (saved, None)
        assert await rows(backend, keeper.id, MADE, keeper.id, post_id) == [("SAVED" if saved else "GONE", version)]
    for kind, version in ((EventKind.SAVED, 1), (EventKind.UNSAVED, 2)):
        told = {"post_id": post_id, "user_id": keeper.id, "version": version}
        assert await events_about(backend, post_id, kind, post_id=post_id) == [told]


async def test_saving_at_once_counts_once(backend: Backend) -> None:
    author, keeper = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    await asyncio.gather(*(save(backend, links(backend), keeper.id, post_id) for _ in range(8)))
    assert await count_of(backend, post_id, Counter.SAVES) == 1


async def test_what_is_not_there_is_not_saved(backend: Backend) -> None:
    hidden, stranger = await make_user(backend, is_private=True), await make_user(backend)
    post_id, open_id = await make_post(backend, hidden), await make_post(backend, stranger)
    before = await fingerprint(backend)
    for work in (save, unsave):
        with pytest.raises(UserFault) as raised:
            await work(backend, links(backend), stranger.id, post_id)
        assert (raised.value.code, raised.value.field) == (UserErrorCode.NOT_FOUND, ("postId",))
        with pytest.raises(UserFault) as raised:
            await work(backend, links(backend), stranger.id, open_id, 1 << 40)
        assert (raised.value.code, raised.value.field) == (UserErrorCode.NOT_FOUND, ("collectionId",))
    assert await fingerprint(backend) == before


async def test_the_handler_repairs_the_mirror(backend: Backend) -> None:
    author, keeper = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    await save(backend, links(backend), keeper.id, post_id)
    await change(backend, keeper.id, "DELETE FROM saves_made WHERE user_id = :user", user=keeper.id)
    await repair_save(job_of(backend, EventKind.SAVED, {"post_id": post_id, "user_id": keeper.id, "version": 1}))
    assert await rows(backend, keeper.id, MADE, keeper.id, post_id) == [("SAVED", 1)]
