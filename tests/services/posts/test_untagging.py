import asyncio

import pytest

from core.errors import UserErrorCode, UserFault
from services.backend import Backend
from services.consequences import EventKind
from services.posts.attaching import NewMedia
from services.posts.checks import NewTag
from services.posts.create import NewPost, create_post
from services.posts.untagging import remove_my_tag
from tests.factories import Person, make_user
from tests.posting import events_about, fingerprint, links, listed, post_row, ready_upload


async def tagged_post(backend: Backend, author: Person, *people: Person) -> int:
    """Two pictures, everyone on each."""
    tags = [NewTag(person.id, 0.25, 0.75) for person in people]
    media = [NewMedia(await ready_upload(backend, author.id), tags=tags) for _ in range(2)]
    return await create_post(backend, links(backend), author.id, NewPost(media))


async def test_off_all_pictures_and_nobody_else(backend: Backend) -> None:
    author, friend, other = [await make_user(backend) for _ in range(3)]
    post_id = await tagged_post(backend, author, friend, other)
    await asyncio.gather(*(remove_my_tag(backend, links(backend), friend.id, post_id) for _ in range(4)))
    row = await post_row(backend, post_id)
    assert [one["tags"] for one in row["media"]] == [[{"user_id": other.id, "x": 0.25, "y": 0.75}]] * 2
    assert (row["version"], row["edited_at"]) == (2, None)
    assert (await listed(backend, post_id))["tagged_posts"] == {other.id}
    [event] = await events_about(backend, post_id, EventKind.POST_UPDATED, post_id=post_id)
    assert event["left"] == {"hashtag_ids": [], "place_ids": [], "user_ids": [friend.id]}


async def test_who_is_on_none_changes_nothing(backend: Backend) -> None:
    author, friend, other = [await make_user(backend) for _ in range(3)]
    post_id = await tagged_post(backend, author, friend)
    before, row = await fingerprint(backend), await post_row(backend, post_id)
    await remove_my_tag(backend, links(backend), other.id, post_id)
    assert (await fingerprint(backend), await post_row(backend, post_id)) == (before, row)


async def test_of_a_post_that_may_not_be_seen_nothing(backend: Backend) -> None:
    author, friend = await make_user(backend, is_private=True), await make_user(backend)
    post_id = await tagged_post(backend, author, friend)
    before, row = await fingerprint(backend), await post_row(backend, post_id)
    for number in (post_id, 1 << 40):
        with pytest.raises(UserFault) as raised:
            await remove_my_tag(backend, links(backend), friend.id, number)
        assert (raised.value.code, raised.value.field) == (UserErrorCode.NOT_FOUND, ("postId",))
    assert (await fingerprint(backend), await post_row(backend, post_id)) == (before, row)
