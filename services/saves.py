"""Saving posts for oneself. The truth lives with the post, whose saves are counted; the saver has a mirror of it."""

from core.errors import not_found
from models.ids import shard_of
from models.reads.edges import SAVE
from models.tables import Counter, Save, SaveMade, SaveState
from services import counts
from services.backend import Backend
from services.consequences import EventKind
from services.mirrored import or_later
from services.mirrors import Edge, apply, transition
from services.outbox import JSON, Job, emit
from services.seen import post_seen
from services.visible import MediaLinks
from services.withholding import SAVES, settle_one

FIELD = "postId"


async def save(
    backend: Backend, links: MediaLinks, viewer_id: int, post_id: int, *, has_collection: bool = False
) -> None:
    """The second time changes nothing. Nobody has collections yet: one that is named is not found.

    Raises UserFault (NOT_FOUND) and ShardUnavailable.
    """
    await _set(backend, links, viewer_id, post_id, SaveState.SAVED, has_collection=has_collection)


async def unsave(
    backend: Backend, links: MediaLinks, viewer_id: int, post_id: int, *, has_collection: bool = False
) -> None:
    """The opposite of `save`; raises the same."""
    await _set(backend, links, viewer_id, post_id, SaveState.GONE, has_collection=has_collection)


async def _set(
    backend: Backend, links: MediaLinks, viewer_id: int, post_id: int, state: SaveState, *, has_collection: bool
) -> None:
    await post_seen(backend, links, viewer_id, post_id, FIELD)
    if has_collection:
        raise not_found("collection", "collectionId")
    saved = state is SaveState.SAVED
    async with backend.transaction(shard_of(post_id)) as transaction:
        edge = await transition(
            transaction,
            Save,
            {"post_id": post_id, "user_id": viewer_id},
            to_state=state.value,
            from_states=[None, SaveState.GONE.value] if saved else [SaveState.SAVED.value],
        )
        if edge is not None:
            await counts.add(transaction, post_id, Counter.SAVES, edge.entered(SaveState.SAVED))
            happened: dict[str, JSON] = {"post_id": post_id, "user_id": viewer_id, "version": edge.version}
            await emit(transaction, EventKind.SAVED if saved else EventKind.UNSAVED, happened)
    if edge is not None:
        await or_later(_mirror(backend, post_id, viewer_id, edge))


async def _mirror(backend: Backend, post_id: int, user_id: int, edge: Edge) -> None:
    async with backend.transaction(shard_of(user_id)) as transaction:
        await apply(
            transaction,
            SaveMade,
            {"user_id": user_id, "post_id": post_id},
            {"since": edge.since},
            version=edge.version,
            state=edge.after,
        )


async def repair_save(job: Job) -> None:
    """For SAVED and UNSAVED: brings the saver's mirror to what the truth says now, and behind it settles whether the
    save is withheld. Raises Unsettled and ShardUnavailable."""
    post_id, user_id = job.payload["post_id"], job.payload["user_id"]
    for row in await job.backend.reader().on_shard_of(post_id, SAVE, post_id, user_id):
        await _mirror(job.backend, post_id, user_id, Edge(None, **row))
        await settle_one(job.backend, SAVES, user_id, post_id)
