import asyncio
from collections.abc import Awaitable

import pytest

from core.errors import UserErrorCode, UserFault
from models.tables import Counter
from services.backend import Backend
from services.collections.changing import CollectionChange, create_collection, delete_collection, update_collection
from services.collections.pages import page_of_collections
from services.saves import save, unsave
from services.visible import VisibleCollection
from tests.factories import Person, make_user
from tests.posting import change, count_of, fingerprint, links, make_post, set_post_state
from tests.recount import differences
from tests.services.collections.kept import collections_of, posts_in, posts_saved


async def make(backend: Backend, owner: Person, name: str = "Doors", *post_ids: int) -> int:
    return await create_collection(backend, links(backend), owner.id, name, post_ids)


async def shown(backend: Backend, owner: Person) -> list[VisibleCollection]:
    return (await page_of_collections(backend.reader(), owner.id, first=100, after=None)).nodes


async def fault(work: Awaitable[object]) -> tuple[str, tuple[str, ...] | None]:
    with pytest.raises(UserFault) as raised:
        await work
    return raised.value.code, raised.value.field


async def test_a_collection_begins_with_posts_that_are_saved_with_it(backend: Backend) -> None:
    owner, author = await make_user(backend), await make_user(backend)
    posts = [await make_post(backend, author) for _ in range(3)]
    await save(backend, links(backend), owner.id, posts[1])
    number = await make(backend, owner, "  Cafe\u0301s  ", *posts, posts[0])
    assert await posts_in(backend, number) == posts
    assert await posts_saved(backend, owner.id) == posts
    assert [await count_of(backend, post_id, Counter.SAVES) for post_id in posts] == [1, 1, 1]
    [collection] = await shown(backend, owner)
    assert (collection.id, collection.name, collection.post_count, collection.cover_post_id) == (
        number,
        "Cafés",
        3,
        None,
    )
    assert await differences(backend, {number, *posts}) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", UserErrorCode.TOO_SHORT),
        (" \t ", UserErrorCode.TOO_SHORT),
        ("\u200b", UserErrorCode.TOO_SHORT),
        ("x" * 61, UserErrorCode.TOO_LONG),
        ("a\nb", UserErrorCode.INVALID),
        ("a\0b", UserErrorCode.INVALID),
    ],
)
async def test_names_that_are_refused(backend: Backend, name: str, code: UserErrorCode) -> None:
    owner = await make_user(backend)
    post_id = await make_post(backend, owner)
    number = await make(backend, owner)
    before = await fingerprint(backend)
    assert await fault(make(backend, owner, name, post_id)) == (code, ("name",))
    renamed = update_collection(backend, links(backend), owner.id, number, {"name": name})
    assert await fault(renamed) == (code, ("name",))
    assert await fingerprint(backend) == before
    assert [one.name for one in await shown(backend, owner)] == ["Doors"]


async def test_a_name_of_sixty_is_taken_and_names_may_be_alike(backend: Backend) -> None:
    owner = await make_user(backend)
    for _ in range(2):
        await make(backend, owner, "🖼" * 60)
    assert [one.name for one in await shown(backend, owner)] == ["🖼" * 60] * 2


async def test_posts_that_cannot_be_put_in(backend: Backend) -> None:
    owner, hidden = await make_user(backend), await make_user(backend, is_private=True)
    seen, unseen = await make_post(backend, owner), await make_post(backend, hidden)
    before = await fingerprint(backend)
    for post_id in (unseen, 1 << 40, (8191 << 10) | 1):
        assert await fault(make(backend, owner, "x", seen, seen, post_id)) == ("NOT_FOUND", ("postIds", "2"))
    assert await fault(make(backend, owner, "x", *[seen] * 101)) == ("TOO_LONG", ("postIds",))
    assert await fingerprint(backend) == before


async def test_two_hundred_collections_are_kept_and_no_more(backend: Backend) -> None:
    owner = await make_user(backend)
    post_id = await make_post(backend, owner)
    fill = "INSERT INTO collections (id, owner_id, name) SELECT mint_id(shard_of(:owner)), :owner, 'x'"
    await change(backend, owner.id, f"{fill} FROM generate_series(1, 198)", owner=owner.id)
    tries = await asyncio.gather(*(make(backend, owner) for _ in range(8)), return_exceptions=True)
    made = [one for one in tries if isinstance(one, int)]
    refused = [one for one in tries if isinstance(one, UserFault)]
    assert (len(made), [one.code for one in refused]) == (2, [UserErrorCode.QUOTA_EXCEEDED] * 6)
    before = await fingerprint(backend)
    assert await fault(make(backend, owner, "x", post_id)) == ("QUOTA_EXCEEDED", None)
    assert await fingerprint(backend) == before
    await delete_collection(backend, owner.id, made[0])
    await make(backend, owner)
    assert len(await collections_of(backend, owner.id)) == 200


async def test_the_cover_is_a_post_in_it(backend: Backend) -> None:
    owner, author = await make_user(backend), await make_user(backend)
    posts = [await make_post(backend, author) for _ in range(3)]
    number = await make(backend, owner, "Doors", *posts[:2])

    async def covered(change: CollectionChange) -> int | None:
        await update_collection(backend, links(backend), owner.id, number, change)
        [collection] = await shown(backend, owner)
        return collection.cover_post_id

    assert await covered({"cover_post_id": posts[0], "name": "Gates"}) == posts[0]
    assert await covered({}) == posts[0]
    await set_post_state(backend, posts[1], "DELETED")
    for post_id in (posts[1], posts[2], 1 << 40):
        assert await fault(covered({"cover_post_id": post_id, "name": "x"})) == ("NOT_FOUND", ("coverPostId",))
    [collection] = await shown(backend, owner)
    assert (collection.name, collection.cover_post_id) == ("Gates", posts[0])
    assert await covered({"cover_post_id": None}) is None
    assert await covered({"cover_post_id": posts[0]}) == posts[0]
    await unsave(backend, links(backend), owner.id, posts[0], number)
    assert (await shown(backend, owner))[0].cover_post_id is None


async def test_what_was_in_a_deleted_collection_stays_saved(backend: Backend) -> None:
    owner = await make_user(backend)
    post_id = await make_post(backend, owner)
    number, other = await make(backend, owner, "a", post_id), await make(backend, owner, "b", post_id)
    await delete_collection(backend, owner.id, number)
    assert await collections_of(backend, owner.id) == [other]
    assert (await posts_in(backend, number), await posts_in(backend, other)) == ([], [post_id])
    assert await posts_saved(backend, owner.id) == [post_id]
    assert await differences(backend, {number, other, post_id}) == []


async def test_what_is_anothers_or_deleted_is_not_there(backend: Backend) -> None:
    owner, other = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, owner)
    number, deleted = await make(backend, owner, "Doors", post_id), await make(backend, other)
    await delete_collection(backend, other.id, deleted)
    before = await fingerprint(backend)
    for collection_id in (number, deleted, 1 << 40, (8191 << 10) | 1):
        for work in (
            update_collection(backend, links(backend), other.id, collection_id, {"name": "x"}),
            update_collection(backend, links(backend), other.id, collection_id, {"cover_post_id": post_id}),
            delete_collection(backend, other.id, collection_id),
            save(backend, links(backend), other.id, post_id, collection_id),
            unsave(backend, links(backend), other.id, post_id, collection_id),
        ):
            assert await fault(work) == ("NOT_FOUND", ("collectionId",))
    assert await fingerprint(backend) == before
    assert [(one.name, one.post_count) for one in await shown(backend, owner)] == [("Doors", 1)]


async def test_deleting_beside_putting_in_and_unsaving(backend: Backend) -> None:
    owner, author = await make_user(backend), await make_user(backend)
    posts = [await make_post(backend, author) for _ in range(4)]
    for _ in range(6):
        numbers = [await make(backend, owner, "x", *posts) for _ in range(3)]
        works = [delete_collection(backend, owner.id, number) for number in numbers[:2]]
        works += [unsave(backend, links(backend), owner.id, post_id) for post_id in posts[:2]]
        works += [save(backend, links(backend), owner.id, posts[2], number) for number in numbers]
        outcomes = await asyncio.gather(*works, return_exceptions=True)
        assert {one.code for one in outcomes if isinstance(one, UserFault)} <= {UserErrorCode.NOT_FOUND}
        assert [one for one in outcomes if one is not None and not isinstance(one, UserFault)] == []
        assert [await posts_in(backend, number) for number in numbers] == [[], [], posts[2:]]
        assert await differences(backend, {*numbers, *posts}) == []
        await delete_collection(backend, owner.id, numbers[2])
