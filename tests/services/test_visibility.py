"""Who sees what: each clause from the side of those whom it lets pass and of those whom it does not."""

import pytest

from media.signing import CachePolicy
from services.backend import Backend
from services.marks import NOBODY
from services.visibility import users_blocked, visible_comments, visible_posts, visible_users
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
        assert list(await visible_users(backend.reader(), links(backend), NOBODY, [author.id])) == [author.id]


@pytest.mark.parametrize("state", ["SUSPENDED", "DELETED"])
async def test_who_is_suspended_or_deleted_is_gone(backend: Backend, state: str) -> None:
    author, follower = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    await make_follow(backend, follower, author)
    await set_user_state(backend, author.id, state)
    for viewer in (author, follower, None):
        assert await posts_seen(backend, viewer, post_id) == []
    assert await visible_users(backend.reader(), links(backend), NOBODY, [author.id]) == {}


async def block(backend: Backend, blocker: Person, blocked: Person, state: str = "BLOCKED") -> None:
    """The row alone, which is what visibility asks."""
    await change(
        backend,
        blocker.id,
        "INSERT INTO blocks (blocker_id, blocked_id, state, version, since)"
        " VALUES (:blocker, :blocked, :state, 1, clock_now())"
        " ON CONFLICT (blocker_id, blocked_id) DO UPDATE SET state = :state",
        blocker=blocker.id,
        blocked=blocked.id,
        state=state,
    )


@pytest.mark.parametrize("by_author", [True, False])
async def test_who_blocks_and_who_is_blocked_do_not_see_each_other(backend: Backend, *, by_author: bool) -> None:
    author, other, third = [await make_user(backend) for _ in range(3)]
    post_id, elsewhere = await make_post(backend, author), await make_post(backend, third)
    by_other = await make_comment(backend, other, elsewhere)
    reply = await make_comment(backend, third, elsewhere, parent_id=by_other)
    await block(backend, *((author, other) if by_author else (other, author)))
    assert await posts_seen(backend, other, post_id) == []
    assert await visible_users(backend.reader(), links(backend), other.id, [author.id]) == {}
    assert await visible_users(backend.reader(), links(backend), author.id, [other.id]) == {}
    assert await comments_seen(backend, author, by_other, reply) == []
    for viewer in (third, None):
        assert await posts_seen(backend, viewer, post_id) == [post_id]
        assert sorted(await comments_seen(backend, viewer, by_other, reply)) == sorted([by_other, reply])
    await block(backend, *((author, other) if by_author else (other, author)), state="GONE")
    assert await posts_seen(backend, other, post_id) == [post_id]
    assert sorted(await comments_seen(backend, author, by_other, reply)) == sorted([by_other, reply])


async def test_the_blocker_alone_sees_who_is_blocked(backend: Backend) -> None:
    blocker, blocked, suspended, other = [await make_user(backend) for _ in range(4)]
    for person in (blocked, suspended):
        await block(backend, blocker, person)
    await set_user_state(backend, suspended.id, "SUSPENDED")
    asked = [blocked.id, suspended.id, other.id]
    assert list(await users_blocked(backend.reader(), links(backend), blocker.id, asked)) == [blocked.id]
    for viewer in (blocked, other):
        assert await users_blocked(backend.reader(), links(backend), viewer.id, [blocker.id, *asked]) == {}


async def test_what_is_withheld_is_shown_to_nobody(backend: Backend) -> None:
    author, writer = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    comment_id = await make_comment(backend, writer, post_id)
    reply_id = await make_comment(backend, author, post_id, parent_id=comment_id)
    await change(backend, post_id, "UPDATE comments SET withheld = 1 WHERE id = :id", id=comment_id)
    for viewer in (author, writer, None):
        assert await comments_seen(backend, viewer, comment_id, reply_id) == []


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
        policies.append(post.media[0].variants[0].grant.policy)
    assert policies == [CachePolicy.PUBLIC, CachePolicy.PRIVATE]


async def test_ids_of_nothing_are_nothing(backend: Backend) -> None:
    author = await make_user(backend)
    nowhere = (1 << 62) | (8191 << 10)
    assert await posts_seen(backend, author, 0, author.id, nowhere) == []
    assert await comments_seen(backend, author, 0, author.id, nowhere) == []
    assert await visible_users(backend.reader(), links(backend), NOBODY, [0, nowhere]) == {}
