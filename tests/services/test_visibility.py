"""Who sees what: each clause from the side of those whom it lets pass and of those whom it does not."""

import pytest

from media.signing import CachePolicy
from services.backend import Backend
from services.visibility import NOBODY, visible_comments, visible_posts, visible_users
from tests.factories import Person, make_user
from tests.posting import (
    accept_follow,
    change,
    links,
    make_comment,
    make_follow,
    make_post,
    set_post_state,
    set_user_state,
)


async def posts_seen(backend: Backend, viewer: Person | None, *post_ids: int) -> list[int]:
    viewer_id = viewer.id if viewer else NOBODY
    return list(await visible_posts(backend.reader(), links(backend), viewer_id, post_ids))


async def comments_seen(backend: Backend, viewer: Person | None, *comment_ids: int) -> list[int]:
    viewer_id = viewer.id if viewer else NOBODY
    return list(await visible_comments(backend.reader(), links(backend), viewer_id, comment_ids))


async def test_a_public_post_is_for_everyone(backend: Backend) -> None:
    author, stranger = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    for viewer in (author, stranger, None):
        assert await posts_seen(backend, viewer, post_id) == [post_id]


async def test_a_private_post_is_for_accepted_followers(backend: Backend) -> None:
    author = await make_user(backend, is_private=True)
    stranger, asking, follower, former, before = [await make_user(backend) for _ in range(5)]
    post_id = await make_post(backend, author)
    comment_id = await make_comment(backend, author, post_id)
    for person in (asking, follower, former):
        await make_follow(backend, person, author)
    for person in (follower, former):
        await accept_follow(backend, person, author)
    await change(
        backend,
        author.id,
        "UPDATE follows SET state = 'GONE' WHERE followed_id = :author AND follower_id = :former",
        author=author.id,
        former=former.id,
    )
    # That the author follows someone does not let them in.
    await make_follow(backend, author, before)
    for viewer in (author, follower):
        assert await posts_seen(backend, viewer, post_id) == [post_id]
        assert await comments_seen(backend, viewer, comment_id) == [comment_id]
    for hidden_from in (stranger, asking, former, before, None):
        assert await posts_seen(backend, hidden_from, post_id) == []
        assert await comments_seen(backend, hidden_from, comment_id) == []
        assert list(await visible_users(backend.reader(), links(backend), [author.id])) == [author.id]


@pytest.mark.parametrize("state", ["SUSPENDED", "DELETED"])
async def test_who_is_suspended_or_deleted_is_gone(backend: Backend, state: str) -> None:
    author, follower = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    await make_follow(backend, follower, author)
    await set_user_state(backend, author.id, state)
    for viewer in (author, follower, None):
        assert await posts_seen(backend, viewer, post_id) == []
    assert await visible_users(backend.reader(), links(backend), [author.id]) == {}


async def test_a_deleted_post_is_gone_and_an_archived_one_is_the_authors(backend: Backend) -> None:
    author, follower = await make_user(backend), await make_user(backend)
    await make_follow(backend, follower, author)
    deleted, archived = await make_post(backend, author), await make_post(backend, author)
    comment_id = await make_comment(backend, follower, archived)
    await set_post_state(backend, deleted, "DELETED")
    await set_post_state(backend, archived, "ARCHIVED")
    assert await posts_seen(backend, author, deleted, archived) == [archived]
    assert await comments_seen(backend, author, comment_id) == [comment_id]
    for viewer in (follower, None):
        assert await posts_seen(backend, viewer, deleted, archived) == []
        assert await comments_seen(backend, viewer, comment_id) == []


async def test_comments_go_with_who_wrote_them(backend: Backend) -> None:
    author, suspended, deleted, replier = [await make_user(backend) for _ in range(4)]
    post_id = await make_post(backend, author)
    by_suspended = await make_comment(backend, suspended, post_id)
    by_deleted = await make_comment(backend, deleted, post_id)
    replies = [await make_comment(backend, replier, post_id, parent_id=one) for one in (by_suspended, by_deleted)]
    await set_user_state(backend, suspended.id, "SUSPENDED")
    await set_user_state(backend, deleted.id, "DELETED")
    found = await visible_comments(backend.reader(), links(backend), NOBODY, [by_suspended, by_deleted, *replies])
    assert set(found) == {by_deleted, replies[1]}
    assert found[by_deleted].author is None
    assert found[replies[1]].author is not None


async def test_a_deleted_comment_is_gone_with_its_replies(backend: Backend) -> None:
    author = await make_user(backend)
    post_id = await make_post(backend, author)
    comment_id = await make_comment(backend, author, post_id)
    reply_id = await make_comment(backend, author, post_id, parent_id=comment_id)
    await change(backend, post_id, "UPDATE comments SET state = 'DELETED' WHERE id = :id", id=comment_id)
    assert await comments_seen(backend, author, comment_id, reply_id) == []


async def test_shared_caches_keep_what_everyone_may_see(backend: Backend) -> None:
    public, private = await make_user(backend), await make_user(backend, is_private=True)
    policies = []
    for author in (public, private):
        post_id = await make_post(backend, author)
        [post] = (await visible_posts(backend.reader(), links(backend), author.id, [post_id])).values()
        policies.append(post.media[0].variants[0].policy)
    assert policies == [CachePolicy.PUBLIC, CachePolicy.PRIVATE]


async def test_ids_of_nothing_are_nothing(backend: Backend) -> None:
    author = await make_user(backend)
    nowhere = (1 << 62) | (8191 << 10)
    assert await posts_seen(backend, author, 0, author.id, nowhere) == []
    assert await comments_seen(backend, author, 0, author.id, nowhere) == []
    assert await visible_users(backend.reader(), links(backend), [0, nowhere]) == {}
