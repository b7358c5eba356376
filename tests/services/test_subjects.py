"""Mirrors tell whose the thing is that somebody liked, saved or commented on, and what kind of post: rankings ask."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from models.global_ids import NodeKind
from services.backend import Backend
from services.collections.changing import create_collection
from services.comments.delete import delete_comment
from services.comments.mirror import repair_comment, repair_thread
from services.consequences import EventKind
from services.likes import like, repair_like, unlike
from services.saves import repair_save, save, unsave
from tests.factories import Person, make_user
from tests.posting import change, job_of, links, make_comment, make_post, rows

TABLES = {"likes_given": "subject_id", "saves_made": "post_id", "comments_made": "comment_id"}


async def held(backend: Backend, fan: Person, table: str, subject_id: int) -> tuple[object, ...]:
    sql = f"SELECT state, author_id, post_kind FROM {table} WHERE user_id = $1 AND {TABLES[table]} = $2"
    [row] = await rows(backend, fan.id, sql, fan.id, subject_id)
    return row


async def is_repaired(
    backend: Backend, fan: Person, table: str, subject_id: int, repair: Callable[[], Awaitable[Any]]
) -> None:
    """The event's handler alone writes what the mutation wrote."""
    before = await held(backend, fan, table, subject_id)
    sql = f"DELETE FROM {table} WHERE user_id = :user AND {TABLES[table]} = :subject"
    await change(backend, fan.id, sql, user=fan.id, subject=subject_id)
    await repair()
    assert await held(backend, fan, table, subject_id) == before


@pytest.fixture
async def people(backend: Backend) -> tuple[Person, Person, int]:
    author, fan = await make_user(backend), await make_user(backend)
    return author, fan, await make_post(backend, author)


async def test_of_likes(backend: Backend, people: tuple[Person, Person, int]) -> None:
    author, fan, post_id = people
    speaker = await make_user(backend)
    comment_id = await make_comment(backend, speaker, post_id)
    for kind, subject_id, about in (
        (NodeKind.POST, post_id, (author.id, "PHOTO")),
        (NodeKind.COMMENT, comment_id, (speaker.id, None)),
    ):
        happened = {"subject_kind": kind.name, "subject_id": subject_id, "user_id": fan.id}
        for state, work in (("LIKED", like), ("GONE", unlike)):
            await work(backend, links(backend), fan.id, kind, subject_id)
            assert await held(backend, fan, "likes_given", subject_id) == (state, *about)
            job = job_of(backend, EventKind.LIKED, happened)
            await is_repaired(backend, fan, "likes_given", subject_id, partial(repair_like, job))


async def test_of_saves(backend: Backend, people: tuple[Person, Person, int]) -> None:
    author, fan, post_id = people
    other = await make_post(backend, author)
    await create_collection(backend, links(backend), fan.id, "Sky", [other, other])
    assert await held(backend, fan, "saves_made", other) == ("SAVED", author.id, "PHOTO")
    for version, (state, work) in enumerate((("SAVED", save), ("GONE", unsave)), 1):
        await work(backend, links(backend), fan.id, post_id)
        assert await held(backend, fan, "saves_made", post_id) == (state, author.id, "PHOTO")
        job = job_of(backend, EventKind.SAVED, {"post_id": post_id, "user_id": fan.id, "version": version})
        await is_repaired(backend, fan, "saves_made", post_id, partial(repair_save, job))


async def test_of_comments(backend: Backend, people: tuple[Person, Person, int]) -> None:
    author, fan, post_id = people
    comment_id = await make_comment(backend, fan, post_id)
    reply_id = await make_comment(backend, fan, post_id, parent_id=comment_id)
    for one in (comment_id, reply_id):
        assert await held(backend, fan, "comments_made", one) == ("LIVE", author.id, "PHOTO")
    job = job_of(backend, EventKind.COMMENT_ADDED, {"comment_id": comment_id})
    await is_repaired(backend, fan, "comments_made", comment_id, partial(repair_comment, job))
    await delete_comment(backend, links(backend), fan.id, comment_id)
    gone = job_of(backend, EventKind.COMMENT_DELETED, {"comment_id": comment_id})
    for one in (comment_id, reply_id):
        assert await held(backend, fan, "comments_made", one) == ("DELETED", author.id, "PHOTO")
        await is_repaired(backend, fan, "comments_made", one, partial(repair_thread, gone))
