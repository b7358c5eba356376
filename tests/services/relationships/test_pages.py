from typing import Any

import pytest

from models.global_ids import NodeKind
from services import refill
from services.accounts.profile import update_profile
from services.backend import Backend
from services.likes import like
from services.marks import NOBODY
from services.pages import Page
from services.relationships.follow import unfollow
from services.relationships.pages import (
    followers_of_users,
    following_of_users,
    likers_of_subjects,
    mutual_followers_of_users,
)
from services.visible import VisibleUser
from tests.factories import Person, make_user, new_username
from tests.posting import accept_follow, change, links, make_block, make_follow, make_post, rows, set_user_state


async def followers(backend: Backend, viewer_id: int, user: Person, **wanted: Any) -> Page[VisibleUser]:
    wanted = {"query": None, "first": 10, "after": None} | wanted
    return (await followers_of_users(backend.reader(), links(backend), viewer_id, [user.id], **wanted))[user.id]


async def following(backend: Backend, viewer_id: int, user: Person, **wanted: Any) -> Page[VisibleUser]:
    wanted = {"query": None, "first": 10, "after": None} | wanted
    return (await following_of_users(backend.reader(), links(backend), viewer_id, [user.id], **wanted))[user.id]


def names(page: Page[VisibleUser]) -> list[str]:
    return [user.username for user in page.nodes]


async def test_the_latest_first_page_by_page(backend: Backend) -> None:
    user = await make_user(backend)
    others = [await make_user(backend) for _ in range(5)]
    for other in others:
        await make_follow(backend, other, user)
        await make_follow(backend, user, other)
    await unfollow(backend, links(backend), others[2].id, user.id)
    await unfollow(backend, links(backend), user.id, others[2].id)
    expected = [others[number].username for number in (4, 3, 1, 0)]
    for page in (followers, following):
        first = await page(backend, NOBODY, user, first=3)
        assert names(first) == expected[:3]
        assert first.page_info.has_next_page
        rest = await page(backend, NOBODY, user, first=3, after=first.page_info.end_cursor)
        assert names(rest) == expected[3:]
        assert (rest.page_info.has_next_page, rest.page_info.has_previous_page) == (False, True)
    since = "SELECT since FROM follows WHERE followed_id = $1 AND follower_id = $2"
    told = (await followers(backend, NOBODY, user)).edges[0].since
    assert await rows(backend, user.id, since, user.id, others[4].id) == [(told,)]


async def test_a_search_finds_the_beginnings_of_words(backend: Backend) -> None:
    user = await make_user(backend)
    people = []
    for full_name in ("Ada Lovelace", "Łada Nowak", "Alan 100%_sure"):
        person = await make_user(backend, full_name=full_name)
        await make_follow(backend, person, user)
        await make_follow(backend, user, person)
        people.append(person.username)
    ada, lada, alan = people
    for page in (followers, following):
        for query, found in (
            ("aDA", [ada]),
            ("love", [ada]),
            ("  ada   LOVE", [ada]),
            ("ład", [lada]),
            ("velace", []),
            ("100%_", [alan]),
            ("%", []),
            ("a", [alan, ada]),
            (ada, [ada]),
            ("", [alan, lada, ada]),
            ("\0", [alan, lada, ada]),
        ):
            assert names(await page(backend, NOBODY, user, query=query)) == found, query


async def test_the_lists_of_a_private_account_are_for_accepted_followers(backend: Backend) -> None:
    user, stranger, asking, follower = [
        await make_user(backend, is_private=private) for private in (True, False, False, False)
    ]
    for person in (asking, follower):
        await make_follow(backend, person, user)
    await accept_follow(backend, follower, user)
    await make_follow(backend, user, stranger)
    for viewer in (user, follower):
        assert names(await followers(backend, viewer.id, user)) == [follower.username]
        assert names(await following(backend, viewer.id, user)) == [stranger.username]
    for viewer_id in (stranger.id, asking.id, NOBODY):
        assert names(await followers(backend, viewer_id, user)) == []
        assert names(await following(backend, viewer_id, user)) == []


async def test_a_cursor_tells_nothing_of_the_lists_of_a_private_account(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refill, "REFILL", 2)
    user, stranger = await make_user(backend), await make_user(backend)
    for _ in range(7):  # more than the rounds of refilling look at
        other = await make_user(backend)
        await make_follow(backend, other, user)
        await make_follow(backend, user, other)
    await update_profile(backend, user.viewer, {"is_private": True})
    for page in (followers, following):
        for viewer_id in (stranger.id, NOBODY):
            told = (await page(backend, viewer_id, user, first=1)).page_info
            assert (told.has_next_page, told.start_cursor, told.end_cursor) == (False, None, None)
        assert (await page(backend, user.id, user, first=1)).page_info.has_next_page


async def test_a_page_does_not_tell_of_one_hidden_person_more(backend: Backend) -> None:
    """Whoever has as many people hidden from them as a page looks at would learn it from there being a next one."""
    followed, other, blocker = await make_user(backend), await make_user(backend), await make_user(backend)
    viewer = await make_user(backend)
    await make_follow(backend, blocker, followed)
    for _ in range(5):
        puppet = await make_user(backend)
        for one in (followed, other):
            await make_follow(backend, puppet, one)
        await make_block(backend, viewer, puppet)
    await make_block(backend, blocker, viewer)
    for user in (followed, other):
        told = (await followers(backend, viewer.id, user, first=1)).page_info
        assert (told.has_next_page, told.start_cursor, told.end_cursor) == (False, None, None)


async def test_a_page_that_stays_short_says_where_to_go_on(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refill, "REFILL", 2)
    user, viewer, first_of_all = await make_user(backend), await make_user(backend), await make_user(backend)
    await make_follow(backend, first_of_all, user)
    for _ in range(7):
        puppet = await make_user(backend)
        await make_follow(backend, puppet, user)
        await make_block(backend, viewer, puppet)
    page = await followers(backend, viewer.id, user, first=1)
    assert (names(page), page.page_info.has_next_page, page.page_info.start_cursor) == ([], True, None)
    rest = await followers(backend, viewer.id, user, first=1, after=page.page_info.end_cursor)
    assert (names(rest), rest.page_info.has_next_page) == ([first_of_all.username], False)


async def test_who_is_suspended_is_passed_over(backend: Backend) -> None:
    user = await make_user(backend)
    others = [await make_user(backend, new_username()) for _ in range(6)]
    for other in others:
        await make_follow(backend, other, user)
    for other in others[2:]:
        await set_user_state(backend, other.id, "SUSPENDED")
    page = await followers(backend, NOBODY, user, first=1)
    assert names(page) == [others[1].username]
    assert page.page_info.has_next_page
    after = page.page_info.end_cursor
    assert names(await followers(backend, NOBODY, user, first=1, after=after)) == [others[0].username]


async def test_likers_of_many_posts_at_once(backend: Backend) -> None:
    author, a, b, gone = [await make_user(backend) for _ in range(4)]
    posts = [await make_post(backend, author) for _ in range(3)]
    for fan, post_id in ((a, posts[0]), (b, posts[0]), (gone, posts[0]), (b, posts[1])):
        await like(backend, links(backend), fan.id, NodeKind.POST, post_id)
    await set_user_state(backend, gone.id, "SUSPENDED")
    reader = backend.reader()
    found = await likers_of_subjects(reader, links(backend), NOBODY, posts, first=2, after=None)
    assert [names(found[post_id]) for post_id in posts] == [[b.username, a.username], [b.username], []]
    assert all(edge.since is not None for edge in found[posts[0]].edges)


async def mutual(backend: Backend, viewer_id: int, *users: Person, **wanted: Any) -> list[Page[VisibleUser]]:
    wanted = {"first": 10, "after": None} | wanted
    ids = [user.id for user in users]
    found = await mutual_followers_of_users(backend.reader(), links(backend), viewer_id, ids, **wanted)
    return [found[user.id] for user in users]


async def test_whom_the_viewer_follows_and_who_follow_the_user(backend: Backend) -> None:
    viewer, user, other, *people = [await make_user(backend) for _ in range(8)]
    for person in people:
        await make_follow(backend, person, user)
    for person in (*people[:4], other):
        await make_follow(backend, viewer, person)
    await make_follow(backend, people[0], other)
    expected = [person.username for person in reversed(people[:4])]
    both = await mutual(backend, viewer.id, user, other)
    assert [names(page) for page in both] == [expected, [people[0].username]]
    assert [edge.since is not None for edge in both[0].edges] == [True] * 4
    [first] = await mutual(backend, viewer.id, user, first=3)
    assert (names(first), first.page_info.has_next_page) == (expected[:3], True)
    [rest] = await mutual(backend, viewer.id, user, first=3, after=first.page_info.end_cursor)
    assert (names(rest), rest.page_info.has_next_page) == (expected[3:], False)
    assert [names(page) for page in await mutual(backend, NOBODY, user, other)] == [[], []]


async def test_mutual_followers_are_proved_by_the_truth(backend: Backend) -> None:
    viewer, user, stays, left, blocking, suspended, asked = [
        await make_user(backend, is_private=name == "asked")
        for name in ("viewer", "user", "stays", "left", "blocking", "suspended", "asked")
    ]
    for person in (stays, left, blocking, suspended, asked):
        await make_follow(backend, person, user)
        await make_follow(backend, viewer, person)
    mirror = "SELECT count(*) FROM following WHERE follower_id = $1 AND state = 'ACCEPTED'"
    truth = (
        "UPDATE follows SET state = 'GONE', version = version + 1 WHERE followed_id = :left AND follower_id = :viewer"
    )
    await change(backend, left.id, truth, left=left.id, viewer=viewer.id)
    assert await rows(backend, viewer.id, mirror, viewer.id) == [(4,)]
    await make_block(backend, blocking, viewer)
    await set_user_state(backend, suspended.id, "SUSPENDED")
    assert [names(page) for page in await mutual(backend, viewer.id, user)] == [[stays.username]]


async def test_mutual_followers_of_a_private_account_are_not_told(backend: Backend) -> None:
    viewer, user, friend = await make_user(backend), await make_user(backend, is_private=True), await make_user(backend)
    await make_follow(backend, viewer, friend)
    await make_follow(backend, friend, user)
    await accept_follow(backend, friend, user)
    [page] = await mutual(backend, viewer.id, user)
    assert (names(page), page.page_info.end_cursor, page.page_info.has_next_page) == ([], None, False)
    await make_follow(backend, viewer, user)
    await accept_follow(backend, viewer, user)
    assert [names(page) for page in await mutual(backend, viewer.id, user)] == [[friend.username]]
