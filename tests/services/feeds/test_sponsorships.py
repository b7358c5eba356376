from datetime import UTC, datetime, timedelta

import pytest

from core import clock
from core.errors import UserErrorCode, UserFault
from services.backend import Backend
from services.feeds.sponsorships import Sold, all_sponsorships, end_sponsorship, sponsor_post
from tests.posting import change, rows
from tests.services.feeds.town import Town

STORED = "SELECT post_id, label, begins_at, ends_at FROM sponsorships WHERE post_id = $1 ORDER BY id"
BEGINS, ENDS = datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 2, 1, 12, 30, tzinfo=UTC)


async def of_post(backend: Backend, post_id: int) -> list[Sold]:
    found, unavailable = await all_sponsorships(backend)
    assert unavailable == set()
    return [one for one in found if one.post_id == post_id]


async def test_a_post_is_sponsored_more_than_once(town: Town) -> None:
    author = await town.person()
    post = await town.post(author)
    made = [await sponsor_post(town.backend, post, f" {label} ", BEGINS, ENDS) for label in ("One", "T" * 60)]
    assert await rows(town.backend, post, STORED, post) == [
        (post, "One", BEGINS, ENDS), (post, "T" * 60, BEGINS, ENDS),
    ]  # fmt: skip
    assert await of_post(town.backend, post) == [
        Sold(made[1], post, "T" * 60, BEGINS, ENDS, f"u{author}"),
        Sold(made[0], post, "One", BEGINS, ENDS, f"u{author}"),
    ]


@pytest.mark.parametrize(
    ("label", "ends", "code", "field"),
    [
        (" ", ENDS, UserErrorCode.TOO_SHORT, "label"),
        ("x" * 61, ENDS, UserErrorCode.TOO_LONG, "label"),
        ("Paid", BEGINS, UserErrorCode.INVALID, "until"),
        ("Paid", BEGINS - timedelta(days=1), UserErrorCode.INVALID, "until"),
    ],
)
async def test_what_it_may_not_be(town: Town, label: str, ends: datetime, code: UserErrorCode, field: str) -> None:
    post = await town.post(await town.person())
    with pytest.raises(UserFault) as fault:
        await sponsor_post(town.backend, post, label, BEGINS, ends)
    assert (fault.value.code, fault.value.field) == (code, (field,))
    assert await rows(town.backend, post, STORED, post) == []


async def test_only_what_everybody_may_see_can_be_sponsored(town: Town) -> None:
    public, private, suspended = await town.person(), await town.person(is_private=True), await town.person()
    archived, deleted = await town.posts(public, 2)
    await town.set_state("ARCHIVED", archived)
    await town.set_state("DELETED", deleted)
    await change(town.backend, suspended, "UPDATE users SET state = 'SUSPENDED' WHERE id = :id", id=suspended)
    for post, code, message in (
        (1 << 40, UserErrorCode.NOT_FOUND, "There is no such post."),
        ((1 << 62) | (8191 << 10), UserErrorCode.NOT_FOUND, "There is no such post."),
        (deleted, UserErrorCode.NOT_FOUND, "There is no such post."),
        (archived, UserErrorCode.NOT_ALLOWED, "The post is archived."),
        (await town.post(private), UserErrorCode.NOT_ALLOWED, f"The account u{private} is private."),
        (await town.post(suspended), UserErrorCode.NOT_ALLOWED, f"The account u{suspended} is not active."),
    ):
        with pytest.raises(UserFault) as fault:
            await sponsor_post(town.backend, post, "Paid", BEGINS, ENDS)
        assert (fault.value.code, fault.value.message) == (code, message)
        assert await of_post(town.backend, post) == []


async def test_one_is_ended_once_whether_it_has_begun_or_not(town: Town) -> None:
    post, now = await town.post(await town.person()), clock.now()
    other = await sponsor_post(town.backend, post, "Stays", BEGINS, ENDS)
    for begins in (now - timedelta(hours=1), BEGINS):
        number = await sponsor_post(town.backend, post, "Goes", begins, ENDS)
        assert await end_sponsorship(town.backend, number)
        ended = [one.ends_at for one in await of_post(town.backend, post) if one.id == number]
        assert timedelta(0) <= clock.now() - ended[0] < timedelta(minutes=1)
        assert not await end_sponsorship(town.backend, number)
        assert [one.ends_at for one in await of_post(town.backend, post) if one.id == number] == ended
    assert [one.ends_at for one in await of_post(town.backend, post) if one.id == other] == [ENDS]


@pytest.mark.parametrize("number", [1 << 40, (1 << 62) | (8191 << 10)])
async def test_what_is_not_there_cannot_be_ended(backend: Backend, number: int) -> None:
    with pytest.raises(UserFault, match="There is no such sponsorship"):
        await end_sponsorship(backend, number)
