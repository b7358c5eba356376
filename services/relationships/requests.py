"""What one decides about who follows oneself: all of it is on the own shard."""

from models.ids import shard_of
from models.tables import Follow, FollowState
from services.backend import Backend
from services.consequences import EventKind
from services.mirrors import Edge, transition
from services.relationships.edges import FIELD, changed, end_follow, shown_to_follower
from services.relationships.names import followed_columns
from services.seen import user_seen
from services.visible import MediaLinks, VisibleUser

# Each raises UserFault (NOT_FOUND) for whom the viewer may not see, and ShardUnavailable. Where there is nothing to
# decide, because it was decided or taken back, nothing changes.


async def accept_request(backend: Backend, links: MediaLinks, viewer: VisibleUser, user_id: int) -> None:
    """Lets someone follow who asked to."""
    await user_seen(backend, links, viewer.id, user_id, FIELD)
    async with backend.transaction(shard_of(viewer.id)) as transaction:
        edge = await transition(
            transaction,
            Follow,
            {"followed_id": viewer.id, "follower_id": user_id},
            to_state=FollowState.ACCEPTED.value,
            from_states=[FollowState.PENDING.value],
        )
        await changed(transaction, EventKind.FOLLOWED, user_id, viewer.id, edge)
    await _shown(backend, viewer, user_id, edge)


async def decline_request(backend: Backend, links: MediaLinks, viewer: VisibleUser, user_id: int) -> None:
    """Who asked is not told, and may ask again. One who follows already stays."""
    await _end(backend, links, viewer, user_id, FollowState.PENDING)


async def remove_follower(backend: Backend, links: MediaLinks, viewer: VisibleUser, user_id: int) -> None:
    """Who is removed is not told. One who only asks goes on asking."""
    await _end(backend, links, viewer, user_id, FollowState.ACCEPTED)


async def _end(backend: Backend, links: MediaLinks, viewer: VisibleUser, user_id: int, from_state: FollowState) -> None:
    await user_seen(backend, links, viewer.id, user_id, FIELD)
    async with backend.transaction(shard_of(viewer.id)) as transaction:
        edge = await end_follow(transaction, user_id, viewer.id, [from_state])
    await _shown(backend, viewer, user_id, edge)


async def _shown(backend: Backend, viewer: VisibleUser, follower_id: int, edge: Edge | None) -> None:
    names = followed_columns(viewer.username, viewer.full_name, viewer.name_version)
    await shown_to_follower(backend, follower_id, viewer.id, edge, names)
