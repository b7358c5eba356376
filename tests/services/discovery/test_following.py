import asyncio
import secrets

import pytest

from core.errors import RequestErrorCode, RequestFault, UserErrorCode, UserFault
from services.backend import Backend
from services.discovery import following
from services.discovery.following import (
    checked_hashtag,
    follow_hashtag,
    followed_among,
    followed_hashtags,
    hashtag_called,
    unfollow_hashtag,
)
from services.hashtags import hashtags_for, hashtags_named
from services.marks import NOBODY
from services.posts.archive import archive_post
from tests.factories import Person, make_user
from tests.posting import links, make_post, rows


def new_name() -> str:
    return f"tag{secrets.token_hex(6)}"


async def followed(backend: Backend, person: Person) -> list[str]:
    page = await followed_hashtags(backend.reader(), person.id, first=100, after=None)
    return [hashtag.name for hashtag in page.nodes]


async def stored(backend: Backend, person: Person) -> list[tuple[str, str, int]]:
    sql = "SELECT name, state, version FROM hashtag_follows WHERE user_id = $1 ORDER BY since, name"
    return await rows(backend, person.id, sql, person.id)


@pytest.mark.parametrize("typed", ["dawn", "Dawn", "#dawn", "＃ＤＡＷＮ", "﹟dawn", "  #DaWn\n", "dawn\ufe0f"])
def test_a_name_in_any_way_of_writing_it(typed: str) -> None:
    assert checked_hashtag(typed) == "dawn"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "INVALID"), ("#", "INVALID"), ("##dawn", "INVALID"), ("two words", "INVALID"), ("#1", "INVALID"),
        ("a\0b", "INVALID"), ("a\ud800", "INVALID"), ("#\ufe0f\u20e3", "INVALID"), ("d!", "INVALID"),
        ("#" + "a" * 101, "TOO_LONG"), ("a" * 101, "TOO_LONG"), ("a" * 401, "TOO_LONG"),
    ],
)  # fmt: skip
def test_what_is_no_name(typed: str, code: str) -> None:
    with pytest.raises(UserFault) as raised:
        checked_hashtag(typed)
    assert (raised.value.code, raised.value.field) == (UserErrorCode(code), ("name",))


def test_the_longest_name() -> None:
    assert checked_hashtag("#" + "a" * 100) == "a" * 100
    assert checked_hashtag("각" * 100) == "각" * 100


async def test_twice_changes_nothing_and_it_can_begin_anew(backend: Backend) -> None:
    viewer, name = await make_user(backend), new_name()
    one = await follow_hashtag(backend, viewer.id, name)
    again = await follow_hashtag(backend, viewer.id, f"#{name.upper()}")
    assert (one.name, one.id) == (again.name, again.id) == (name, (await hashtags_named(backend, [name]))[name].id)
    assert await stored(backend, viewer) == [(name, "FOLLOWED", 1)]
    for _ in range(2):
        assert (await unfollow_hashtag(backend, viewer.id, name)).id == one.id
        assert await stored(backend, viewer) == [(name, "GONE", 2)]
        assert await followed(backend, viewer) == []
    await follow_hashtag(backend, viewer.id, name)
    assert await stored(backend, viewer) == [(name, "FOLLOWED", 3)]
    assert await followed(backend, viewer) == [name]


async def test_many_at_once_of_one_are_one(backend: Backend) -> None:
    viewer, name = await make_user(backend), new_name()
    racing = await asyncio.gather(*(follow_hashtag(backend, viewer.id, name) for _ in range(8)))
    assert len({hashtag.id for hashtag in racing}) == 1
    assert await stored(backend, viewer) == [(name, "FOLLOWED", 1)]


async def test_more_than_the_limit_cannot_be_followed_nor_made(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST_FOLLOWED", 3)
    viewer, names = await make_user(backend), [new_name() for _ in range(8)]
    await hashtags_for(backend, names)
    answers = await asyncio.gather(
        *(follow_hashtag(backend, viewer.id, name) for name in names), return_exceptions=True
    )
    refusals = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [(fault.code, fault.field) for fault in refusals if isinstance(fault, UserFault)] == [
        (UserErrorCode.QUOTA_EXCEEDED, ("name",))
    ] * 5
    kept = await followed(backend, viewer)
    assert len(kept) == 3
    await follow_hashtag(backend, viewer.id, kept[0])  # what is followed already is no more
    unused = new_name()
    with pytest.raises(UserFault) as raised:
        await follow_hashtag(backend, viewer.id, unused)
    assert raised.value.code is UserErrorCode.QUOTA_EXCEEDED
    assert await hashtags_named(backend, [unused]) == {}
    await unfollow_hashtag(backend, viewer.id, kept[0])
    await follow_hashtag(backend, viewer.id, unused)
    assert await followed(backend, viewer) == [unused, *[name for name in kept if name != kept[0]]]


async def test_following_and_ending_it_makes_no_rows_without_end(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST_EVER", 2)
    viewer, used = await make_user(backend), new_name()
    await make_post(backend, await make_user(backend), caption=f"#{used}")
    for _ in range(2):
        name = new_name()
        await follow_hashtag(backend, viewer.id, name)
        await unfollow_hashtag(backend, viewer.id, name)
    unused = new_name()
    with pytest.raises(UserFault) as raised:
        await follow_hashtag(backend, viewer.id, unused)
    assert raised.value.code is UserErrorCode.QUOTA_EXCEEDED
    assert await hashtags_named(backend, [unused]) == {}
    await follow_hashtag(backend, viewer.id, used)
    await follow_hashtag(backend, viewer.id, name)
    assert await followed(backend, viewer) == [name, used]


async def test_a_refusal_does_not_tell_what_was_said_where_one_may_not_look(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST_EVER", 0)
    viewer, other = await make_user(backend), await make_user(backend)
    spoken, unused = new_name(), new_name()
    await hashtags_for(backend, [spoken])  # as a comment leaves it that the viewer may not see
    answers = await asyncio.gather(
        *(follow_hashtag(backend, viewer.id, name) for name in (spoken, unused)), return_exceptions=True
    )
    assert [str(answer) for answer in answers] == [str(answers[0])] * 2
    assert [answer.code for answer in answers if isinstance(answer, UserFault)] == [UserErrorCode.QUOTA_EXCEEDED] * 2
    assert await followed(backend, viewer) == []
    assert await hashtags_named(backend, [unused]) == {}
    monkeypatch.setattr(following, "MOST_EVER", 2_000)
    assert (await follow_hashtag(backend, other.id, spoken)).name == spoken


def test_the_limits() -> None:
    assert (following.MOST_FOLLOWED, following.MOST_EVER) == (500, 2_000)


async def test_only_what_has_a_post_or_was_followed_is_come_by(backend: Backend) -> None:
    viewer, other, author = [await make_user(backend, is_private=private) for private in (False, False, True)]
    posted, spoken, unused, mine = [new_name() for _ in range(4)]
    await hashtags_for(backend, [spoken])  # as a comment leaves it that the viewer may not see
    post_id = await make_post(backend, author, caption=f"#{posted}")
    await follow_hashtag(backend, viewer.id, mine)

    async def called(who: int, name: str) -> str | None:
        found = await hashtag_called(backend, backend.reader(), who, name)
        return found.name if found else None

    for who in (viewer.id, other.id, NOBODY):
        # What `postCount` tells everybody.
        assert [await called(who, name) for name in (posted, spoken, unused)] == [posted, None, None]
        assert await called(who, mine) == (mine if who == viewer.id else None)
    await archive_post(backend, links(backend), author.id, post_id)
    assert await called(viewer.id, posted) is None
    for name in (spoken, unused, posted):
        with pytest.raises(UserFault) as raised:
            await unfollow_hashtag(backend, viewer.id, name)
        assert raised.value.code is UserErrorCode.NOT_FOUND
    await unfollow_hashtag(backend, viewer.id, mine)
    assert await called(viewer.id, mine) == mine


async def test_the_list_page_by_page_in_one_statement(backend: Backend) -> None:
    viewer, other, names = await make_user(backend), await make_user(backend), [new_name() for _ in range(5)]
    for name in names:
        await follow_hashtag(backend, viewer.id, name)
    seen, after = [], None
    for _ in range(3):
        reader = backend.reader()
        page = await followed_hashtags(reader, viewer.id, first=2, after=after)
        seen.append([hashtag.name for hashtag in page.nodes])
        after = page.page_info.end_cursor
        assert reader.statements == 1
    assert seen == [[names[4], names[3]], [names[2], names[1]], [names[0]]]
    assert (page.page_info.has_next_page, page.page_info.has_previous_page) == (False, True)
    assert await followed(backend, other) == []
    with pytest.raises(RequestFault) as raised:
        await followed_hashtags(backend.reader(), viewer.id, first=101, after=None)
    assert raised.value.code is RequestErrorCode.LIMIT_EXCEEDED


async def test_which_of_many_in_one_statement(backend: Backend) -> None:
    viewer, names = await make_user(backend), [new_name() for _ in range(30)]
    made = await hashtags_for(backend, names)
    for name in names[:4]:
        await follow_hashtag(backend, viewer.id, name)
    await unfollow_hashtag(backend, viewer.id, names[3])
    reader = backend.reader()
    found = await followed_among(reader, viewer.id, [hashtag.id for hashtag in made.values()])
    assert (found, reader.statements) == ({made[name].id for name in names[:3]}, 1)
    assert await followed_among(reader, NOBODY, [made[names[0]].id]) == set()
    assert reader.statements == 1
