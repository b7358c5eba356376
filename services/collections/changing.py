"""Making collections, changing and deleting them: all on their owner's shard."""

import asyncio
from collections.abc import Sequence
from typing import TypedDict

from sqlalchemy import delete, func, insert, select, text, update

from core.errors import ShardUnavailable, UserErrorCode, UserFault, not_found
from models.ids import shard_of
from models.reads.collections import NUMBER_OF_COLLECTIONS, PLACE_IN_COLLECTION
from models.shards import Transaction
from models.tables import (
    Collection,
    CollectionPost,
    CollectionPostState,
    CollectionState,
    Counter,
    SaveState,
    User,
)
from services import counts
from services.backend import Backend
from services.collections.contents import lock_collection
from services.saves import mirror_save, move_save
from services.seen import post_seen
from services.text import checked_text, is_blank
from services.visibility import visible_posts
from services.visible import MediaLinks, VisiblePost

MOST_COLLECTIONS = 200
LONGEST_NAME = 60
MOST_POSTS_AT_FIRST = 100
SAVED_AT_ONCE = 8
FIELD = "collectionId"


async def create_collection(
    backend: Backend, links: MediaLinks, owner_id: int, name: str, post_ids: Sequence[int] = ()
) -> int:
    """The id of a new collection, with these posts, which are saved first.

    Raises UserFault: TOO_SHORT, TOO_LONG, INVALID, NOT_FOUND and QUOTA_EXCEEDED, and nothing has changed; but where
    another took the last place at this very moment, the saves stand, as they do after ShardUnavailable.
    """
    name = _checked_name(name)
    posts = await _checked_posts(backend, links, owner_id, post_ids)
    [asked] = await backend.reader().on_shard_of(owner_id, NUMBER_OF_COLLECTIONS, owner_id)
    _check_number(asked["number"])
    await _save_all(backend, owner_id, posts)
    async with backend.transaction(shard_of(owner_id)) as transaction:
        return await _write(transaction, owner_id, name, [post.id for post in posts])


def _checked_name(name: str) -> str:
    name = checked_text(name, "name", limit=LONGEST_NAME)
    if is_blank(name):
        raise UserFault(UserErrorCode.TOO_SHORT, "Give it a name.", ("name",))
    return name


def _check_number(there_are: int) -> None:
    if there_are >= MOST_COLLECTIONS:
        raise UserFault(UserErrorCode.QUOTA_EXCEEDED, f"Keep {MOST_COLLECTIONS} collections at most.")


def too_many_posts() -> UserFault:
    return UserFault(UserErrorCode.TOO_LONG, f"Begin with {MOST_POSTS_AT_FIRST} posts at most.", ("postIds",))


async def _checked_posts(
    backend: Backend, links: MediaLinks, viewer_id: int, post_ids: Sequence[int]
) -> list[VisiblePost]:
    """Each once, in their order."""
    if len(post_ids) > MOST_POSTS_AT_FIRST:
        raise too_many_posts()
    reader = backend.reader()
    seen = await visible_posts(reader, links, viewer_id, post_ids)
    for place, post_id in enumerate(post_ids):
        if post_id not in seen:
            if reader.unavailable:
                raise ShardUnavailable(min(reader.unavailable))
            raise not_found("post", "postIds", str(place))
    return [seen[post_id] for post_id in dict.fromkeys(post_ids)]


async def _save_all(backend: Backend, owner_id: int, posts: Sequence[VisiblePost]) -> None:
    """Each is a save of its own, whose event repairs the mirror where this comes no further."""
    gate = asyncio.Semaphore(SAVED_AT_ONCE)

    async def one(post: VisiblePost) -> None:
        async with gate:
            edge, _ = await move_save(backend, owner_id, post.id, SaveState.SAVED)
            if edge is not None:
                await mirror_save(backend, owner_id, post, edge)

    for outcome in await asyncio.gather(*map(one, posts), return_exceptions=True):
        if outcome is not None:
            raise outcome


_FILL = text("""
    INSERT INTO collection_posts (collection_id, post_id, state, save_version, since)
    SELECT :collection_id, saved.post_id, 'IN', saved.version, clock_now()
    FROM (SELECT post_id, version FROM saves_made
          WHERE user_id = :owner_id AND post_id = ANY(:post_ids) AND state = 'SAVED'
          ORDER BY post_id FOR SHARE) AS saved
    RETURNING post_id
""")


async def _write(transaction: Transaction, owner_id: int, name: str, post_ids: Sequence[int]) -> int:
    execute = transaction.session.execute
    # Who makes another at the same time waits here, so that the number is exact.
    await execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True))
    standing = select(func.count()).where(
        Collection.owner_id == owner_id, Collection.state == CollectionState.LIVE.value
    )
    _check_number((await execute(standing)).scalar_one())
    collection_id = await transaction.mint_id()
    await execute(insert(Collection).values(id=collection_id, owner_id=owner_id, name=name))
    if post_ids:
        # Locked, so that an end of the save that comes now takes the post out here too.
        given = {"collection_id": collection_id, "owner_id": owner_id, "post_ids": post_ids}
        filled = (await transaction.session.scalars(_FILL, given)).all()
        await counts.add(transaction, collection_id, Counter.POSTS, len(filled))
    return collection_id


class CollectionChange(TypedDict, total=False):
    """What is left out stays. `cover_post_id` None: the newest post again."""

    name: str
    cover_post_id: int | None


async def update_collection(
    backend: Backend, links: MediaLinks, owner_id: int, collection_id: int, change: CollectionChange
) -> None:
    """Raises UserFault: NOT_FOUND for the collection, or for a cover that is not in it; and as `create_collection`."""
    values = change.copy()
    if "name" in change:
        values["name"] = _checked_name(change["name"])
    cover = change.get("cover_post_id")
    if cover is not None:
        if not await backend.reader().on_shard_of(owner_id, PLACE_IN_COLLECTION, collection_id, owner_id, cover):
            raise not_found("collection", FIELD)
        await post_seen(backend, links, owner_id, cover, "coverPostId")
    async with backend.transaction(shard_of(owner_id)) as transaction:
        if not await lock_collection(transaction, owner_id, collection_id):
            raise not_found("collection", FIELD)
        if cover is not None and not await _is_in(transaction, collection_id, cover):
            raise not_found("post", "coverPostId")
        if values:
            await transaction.session.execute(update(Collection).where(Collection.id == collection_id).values(**values))


async def _is_in(transaction: Transaction, collection_id: int, post_id: int) -> bool:
    asked = select(CollectionPost.post_id).where(
        CollectionPost.collection_id == collection_id,
        CollectionPost.post_id == post_id,
        CollectionPost.state == CollectionPostState.IN.value,
    )
    return (await transaction.session.execute(asked)).one_or_none() is not None


async def delete_collection(backend: Backend, owner_id: int, collection_id: int) -> None:
    """What was in it stays saved. Raises UserFault (NOT_FOUND) and ShardUnavailable."""
    async with backend.transaction(shard_of(owner_id)) as transaction:
        if not await lock_collection(transaction, owner_id, collection_id):
            raise not_found("collection", FIELD)
        execute = transaction.session.execute
        gone = {"state": CollectionState.DELETED.value, "cover_post_id": None}
        await execute(update(Collection).where(Collection.id == collection_id).values(gone))
        # No job brings any of it back: nothing is put into a collection that is not there.
        of_it = CollectionPost.collection_id == collection_id
        let_go = (await execute(delete(CollectionPost).where(of_it).returning(CollectionPost.state))).scalars().all()
        await counts.add(transaction, collection_id, Counter.POSTS, -let_go.count(CollectionPostState.IN.value))
