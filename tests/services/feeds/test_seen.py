from sqlalchemy import insert

from models.ids import shard_of
from models.tables import FeedSurface, Impression
from services.backend import Backend
from services.feeds.seen import seen_posts
from services.marks import NOBODY
from tests.services.feeds.town import Town


async def shown(backend: Backend, viewer_id: int, subject_id: int, kind: str, *surfaces: FeedSurface) -> None:
    async with backend.transaction(shard_of(viewer_id)) as transaction:
        await transaction.session.execute(
            insert(Impression),
            [
                {
                    "viewer_id": viewer_id,
                    "subject_id": subject_id,
                    "surface": surface.value,
                    "position": 0,
                    "dwell_ms": 1,
                    "subject_kind": kind,
                    "author_id": 1,
                }
                for surface in surfaces
            ],
        )


async def test_what_was_shown_to_this_viewer_anywhere_is_seen_by_one_statement(town: Town) -> None:
    viewer, other, author = [await town.person() for _ in range(3)]
    everywhere, once, others, never = await town.posts(author, 4)
    await shown(town.backend, viewer, everywhere, "POST", *FeedSurface)
    await shown(town.backend, viewer, once, "POST", FeedSurface.SEARCH)
    await shown(town.backend, other, others, "POST", FeedSurface.HOME)
    await shown(town.backend, viewer, never, "USER", FeedSurface.PROFILE)
    reader = town.backend.reader()
    assert await seen_posts(reader, viewer, [never, once, others, everywhere, once]) == {everywhere, once}
    assert reader.statements == 1
    assert await seen_posts(reader, viewer, [once]) == {once}
    assert await seen_posts(reader, other, [everywhere, once, others, never]) == {others}
    assert reader.statements == 3


async def test_nothing_is_asked_of_nothing_and_for_nobody(town: Town) -> None:
    reader = town.backend.reader()
    assert await seen_posts(reader, await town.person(), []) == set()
    assert await seen_posts(reader, NOBODY, [1, 2]) == set()
    assert reader.statements == 0
