"""Saving posts for oneself. The truth lives with the post, whose saves are counted; the saver has a mirror of it, and
collections (`services.collections.contents`) on the same shard."""

from typing import Any

from sqlalchemy import select

from core.errors import UserErrorCode, UserFault, not_found
from models.ids import shard_of
from models.reads.collections import PLACE_IN_COLLECTION
from models.reads.edges import SAVE
from models.tables import Counter, Save, SaveState
from services import counts
from services.backend import Backend
from services.collections.contents import MOST_POSTS, Placed, put_in, settle, take_out
from services.consequences import EventKind
from services.mirrored import or_later
from services.mirrors import NOT_WITHHELD, Edge, Subject, transition
from services.outbox import JSON, Job, emit
from services.seen import post_seen
from services.visible import MediaLinks, VisiblePost
from services.withholding import SAVES, settle_one

FIELD = "postId"
COLLECTION_FIELD = "collectionId"


async def save(
    backend: Backend, links: MediaLinks, viewer_id: int, post_id: int, collection_id: int | None = None
) -> None:
    """Saves a post, and puts it into a collection of the viewer's, where one is named; the second time changes nothing.

    Raises UserFault: NOT_FOUND for the post or the collection, QUOTA_EXCEEDED for one that is full; after these
    nothing has changed, but where the collection was filled at this very moment the save stands. And ShardUnavailable.
    """
    about = _about(await post_seen(backend, links, viewer_id, post_id, FIELD))
    if collection_id is not None:
        await _check_collection(backend, viewer_id, post_id, collection_id)
    edge, is_new = await move_save(backend, viewer_id, post_id, SaveState.SAVED, collection_id)
    if edge is None:
        return
    placed: Placed | None = None
    if is_new:
        placed = await or_later(_mirror(backend, viewer_id, post_id, about, edge, edge.version, collection_id))
    elif collection_id is not None:
        async with backend.transaction(shard_of(viewer_id)) as transaction:
            mirror = await settle(transaction, viewer_id, post_id, edge, about)
            placed = await put_in(transaction, mirror, collection_id, by_hand=True)
    if placed is Placed.FULL:
        raise _full()


async def unsave(
    backend: Backend, links: MediaLinks, viewer_id: int, post_id: int, collection_id: int | None = None
) -> None:
    """Ends the save, and takes the post out of all collections; or, where one is named, takes it out of that one alone.
    Raises as `save`, but for QUOTA_EXCEEDED."""
    about = _about(await post_seen(backend, links, viewer_id, post_id, FIELD))
    if collection_id is not None:
        await _take_out(backend, viewer_id, post_id, collection_id)
        return
    edge, has_ended = await move_save(backend, viewer_id, post_id, SaveState.GONE)
    if edge is not None and has_ended:
        await or_later(_mirror(backend, viewer_id, post_id, about, edge, edge.version, None))


async def _take_out(backend: Backend, viewer_id: int, post_id: int, collection_id: int) -> None:
    reader = backend.reader()
    if not await reader.on_shard_of(viewer_id, PLACE_IN_COLLECTION, collection_id, viewer_id, post_id):
        raise not_found("collection", COLLECTION_FIELD)
    for row in await reader.on_shard_of(post_id, SAVE, post_id, viewer_id):
        async with backend.transaction(shard_of(viewer_id)) as transaction:
            mirror = await settle(transaction, viewer_id, post_id, _edge(row), Subject.of(row))
            await take_out(transaction, mirror, collection_id)


def _about(post: VisiblePost) -> Subject:
    return Subject(post.author.id, post.kind)


def _edge(row: Any) -> Edge:
    return Edge(None, row["after"], row["version"], row["since"])


async def _check_collection(backend: Backend, viewer_id: int, post_id: int, collection_id: int) -> None:
    place = await backend.reader().on_shard_of(viewer_id, PLACE_IN_COLLECTION, collection_id, viewer_id, post_id)
    if not place:
        raise not_found("collection", COLLECTION_FIELD)
    if place[0]["post_count"] >= MOST_POSTS and not place[0]["is_in"]:
        raise _full()


def _full() -> UserFault:
    message = f"A collection takes {MOST_POSTS} posts at most."
    return UserFault(UserErrorCode.QUOTA_EXCEEDED, message, (COLLECTION_FIELD,))


async def move_save(
    backend: Backend, user_id: int, post_id: int, state: SaveState, collection_id: int | None = None
) -> tuple[Edge | None, bool]:
    """Brings the truth of a save to a state: the edge, and whether it was in another; None for one that never was.

    `collection_id` goes with the event: where the post is to be put in. Raises ShardUnavailable.
    """
    is_saved = state is SaveState.SAVED
    async with backend.transaction(shard_of(post_id)) as transaction:
        edge = await transition(
            transaction,
            Save,
            {"post_id": post_id, "user_id": user_id},
            to_state=state.value,
            from_states=[None, SaveState.GONE.value] if is_saved else [SaveState.SAVED.value],
            values=NOT_WITHHELD if is_saved else None,
        )
        if edge is None:
            asked = select(Save.state, Save.version, Save.since).where(Save.post_id == post_id, Save.user_id == user_id)
            known = (await transaction.session.execute(asked)).one_or_none()
            return (None if known is None else Edge(None, *known)), False
        await counts.add(transaction, post_id, Counter.SAVES, edge.entered(SaveState.SAVED))
        happened: dict[str, JSON] = {"post_id": post_id, "user_id": user_id, "version": edge.version}
        if collection_id is not None:
            happened["collection_id"] = collection_id
        await emit(transaction, EventKind.SAVED if is_saved else EventKind.UNSAVED, happened)
    return edge, True


async def _mirror(  # noqa: PLR0917
    backend: Backend, user_id: int, post_id: int, about: Subject, edge: Edge, version: int, collection_id: int | None
) -> Placed | None:
    """Brings the saver's shard to `edge`; the save of `version` puts the post into the collection."""
    async with backend.transaction(shard_of(user_id)) as transaction:
        mirror = await settle(transaction, user_id, post_id, edge, about)
        if collection_id is None or mirror.version != version:
            return None
        return await put_in(transaction, mirror, collection_id, by_hand=False)


async def mirror_save(backend: Backend, user_id: int, post: VisiblePost, edge: Edge) -> None:
    """Brings the saver's shard to what the truth said. Raises ShardUnavailable."""
    await _mirror(backend, user_id, post.id, _about(post), edge, edge.version, None)


async def repair_save(job: Job) -> None:
    """For SAVED and UNSAVED: brings the saver's shard to what the truth says now, and puts the post into the collection
    that the save named, if it still is the same save; behind it settles whether the save is withheld. Raises Unsettled
    and ShardUnavailable."""
    post_id, user_id = job.payload["post_id"], job.payload["user_id"]
    version, collection_id = job.payload["version"], job.payload.get("collection_id")
    for row in await job.backend.reader().on_shard_of(post_id, SAVE, post_id, user_id):
        await _mirror(job.backend, user_id, post_id, Subject.of(row), _edge(row), version, collection_id)
        await settle_one(job.backend, SAVES, user_id, post_id)
