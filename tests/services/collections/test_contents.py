"""Putting in and taking out, step by step, where the job comes late or the collection is full."""

import asyncio

import pytest

from core.errors import UserErrorCode, UserFault
from models.tables import SaveState
from services.backend import Backend
from services.collections.changing import create_collection, delete_collection
from services.collections.contents import MOST_POSTS
from services.consequences import EventKind
from services.saves import move_save, repair_save, save, unsave
from tests.factories import Person, make_user
from tests.posting import change, events_about, fingerprint, job_of, links, make_post
from tests.recount import differences
from tests.services.collections.kept import posts_in, posts_saved


async def begun(backend: Backend, *, posts: int = 1) -> tuple[Person, int, list[int]]:
    """A person with an empty collection, and posts of somebody."""
    owner, author = await make_user(backend), await make_user(backend)
    number = await create_collection(backend, links(backend), owner.id, "Doors")
    return owner, number, [await make_post(backend, author) for _ in range(posts)]


async def deliver(backend: Backend, owner: Person, post_id: int, kind: EventKind = EventKind.SAVED) -> None:
    for payload in await events_about(backend, post_id, kind, user_id=owner.id):
        await repair_save(job_of(backend, kind, payload))


async def fill(backend: Backend, collection_id: int, posts: int) -> None:
    """Puts in posts of which nothing is known but their number."""
    await change(
        backend,
        collection_id,
        "INSERT INTO collection_posts (collection_id, post_id, state, save_version, since)"
        " SELECT :id, n, 'IN', 1, clock_now() FROM generate_series(1, CAST(:posts AS integer)) AS n",
        id=collection_id,
        posts=posts,
    )
    await change(
        backend,
        collection_id,
        "INSERT INTO count_deltas (id, object_id, counter, delta) SELECT mint_id(shard_of(:id)), :id, 3, :posts",
        id=collection_id,
        posts=posts,
    )


async def test_the_event_says_where_to(backend: Backend) -> None:
    owner, number, [post_id] = await begun(backend)
    for _ in range(2):
        await save(backend, links(backend), owner.id, post_id, number)
        assert await posts_in(backend, number) == [post_id]
    told = {"post_id": post_id, "user_id": owner.id, "version": 1, "collection_id": number}
    assert await events_about(backend, post_id, EventKind.SAVED, post_id=post_id) == [told]


async def test_the_handler_does_what_a_dead_process_left(backend: Backend) -> None:
    owner, number, [post_id] = await begun(backend)
    await move_save(backend, owner.id, post_id, SaveState.SAVED, number)
    assert (await posts_saved(backend, owner.id), await posts_in(backend, number)) == ([], [])
    for _ in range(2):
        await deliver(backend, owner, post_id)
        assert (await posts_saved(backend, owner.id), await posts_in(backend, number)) == ([post_id], [post_id])


async def test_a_late_job_does_not_bring_back_what_was_taken_out(backend: Backend) -> None:
    owner, number, [never_in, was_in] = await begun(backend, posts=2)
    await move_save(backend, owner.id, never_in, SaveState.SAVED, number)
    await save(backend, links(backend), owner.id, was_in, number)
    for post_id, left in ((never_in, [was_in]), (was_in, [])):
        await unsave(backend, links(backend), owner.id, post_id, number)
        await deliver(backend, owner, post_id)
        assert await posts_in(backend, number) == left
    assert await posts_saved(backend, owner.id) == sorted([never_in, was_in])
    await save(backend, links(backend), owner.id, never_in, number)
    assert await posts_in(backend, number) == [never_in]


async def test_a_job_of_an_older_save_puts_nothing_in(backend: Backend) -> None:
    owner, number, [post_id] = await begun(backend)
    await move_save(backend, owner.id, post_id, SaveState.SAVED, number)
    await move_save(backend, owner.id, post_id, SaveState.GONE)
    await move_save(backend, owner.id, post_id, SaveState.SAVED)
    await deliver(backend, owner, post_id)
    assert (await posts_saved(backend, owner.id), await posts_in(backend, number)) == ([post_id], [])


async def test_a_save_that_was_ended_and_made_anew_is_in_no_collection(backend: Backend) -> None:
    owner, number, [post_id] = await begun(backend)
    await save(backend, links(backend), owner.id, post_id, number)
    await move_save(backend, owner.id, post_id, SaveState.GONE)
    await save(backend, links(backend), owner.id, post_id)
    assert (await posts_saved(backend, owner.id), await posts_in(backend, number)) == ([post_id], [])
    assert await differences(backend, {number, post_id}) == []


async def test_unsaving_takes_out_of_all_and_one_of_one(backend: Backend) -> None:
    owner, first, [post_id, stays] = await begun(backend, posts=2)
    second = await create_collection(backend, links(backend), owner.id, "Gates", [post_id, stays])
    await save(backend, links(backend), owner.id, post_id, first)
    for _ in range(2):
        await unsave(backend, links(backend), owner.id, post_id, first)
        assert [await posts_in(backend, one) for one in (first, second)] == [[], sorted([post_id, stays])]
    await save(backend, links(backend), owner.id, post_id, first)
    for _ in range(2):
        await unsave(backend, links(backend), owner.id, post_id)
        assert [await posts_in(backend, one) for one in (first, second)] == [[], [stays]]
        assert await posts_saved(backend, owner.id) == [stays]
    before = await fingerprint(backend)
    await unsave(backend, links(backend), owner.id, post_id, first)
    assert await fingerprint(backend) == before


async def test_a_job_after_the_collection_is_deleted(backend: Backend) -> None:
    owner, number, [post_id] = await begun(backend)
    await move_save(backend, owner.id, post_id, SaveState.SAVED, number)
    await delete_collection(backend, owner.id, number)
    await deliver(backend, owner, post_id)
    assert (await posts_saved(backend, owner.id), await posts_in(backend, number)) == ([post_id], [])


async def test_a_full_collection_takes_no_more(backend: Backend) -> None:
    owner, number, posts = await begun(backend, posts=6)
    *racing, saved, unsaved = posts
    await save(backend, links(backend), owner.id, saved)
    await fill(backend, number, MOST_POSTS - 1)
    tries = await asyncio.gather(
        *(save(backend, links(backend), owner.id, post_id, number) for post_id in racing), return_exceptions=True
    )
    refused = [one for one in tries if isinstance(one, UserFault)]
    assert [(one.code, one.field) for one in refused] == [(UserErrorCode.QUOTA_EXCEEDED, ("collectionId",))] * 3
    [inside] = [post_id for post_id, outcome in zip(racing, tries, strict=True) if outcome is None]
    assert len(await posts_in(backend, number)) == MOST_POSTS
    before = await fingerprint(backend)
    for post_id in (saved, unsaved):
        with pytest.raises(UserFault):
            await save(backend, links(backend), owner.id, post_id, number)
    await save(backend, links(backend), owner.id, inside, number)
    assert await fingerprint(backend) == before
    # What was refused does not slip in later, when there is room.
    await unsave(backend, links(backend), owner.id, inside)
    for post_id in racing:
        await deliver(backend, owner, post_id)
    assert len(await posts_in(backend, number)) == MOST_POSTS - 1
    await save(backend, links(backend), owner.id, saved, number)
    assert len(await posts_in(backend, number)) == MOST_POSTS
    # Else every recount finds posts that were never saved.
    await delete_collection(backend, owner.id, number)
    assert await differences(backend, {number, *posts}) == []
