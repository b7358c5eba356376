from typing import Any

import pytest

from services.backend import Backend
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import fingerprint, make_comment, make_post, rows
from tests.resolvers.accounts import error_code
from tests.resolvers.posts import comment_of, mutate, nobody, post_of

NAME = "recordImpressions"
DONE: dict[str, Any] = {"ok": True, "userErrors": []}
STORED = """
    SELECT subject_id, surface, position, dwell_ms, watched_fraction, times FROM impressions
    WHERE viewer_id = $1 ORDER BY subject_id, surface
"""


def impression(subject_id: str, **fields: Any) -> dict[str, Any]:
    return {"subjectId": subject_id, "surface": "HOME", "position": 3, "dwellMilliseconds": 900} | fields


async def tell(api: Api, viewer: Person, *impressions: dict[str, Any]) -> dict[str, Any]:
    return await mutate(api, NAME, "ok", {"impressions": list(impressions)}, viewer)


async def test_it_is_kept_once(api: Api, backend: Backend) -> None:
    author, viewer = await make_user(backend), await make_user(backend)
    post = await make_post(backend, author)
    told = [
        impression(post_of(post)),
        impression(author.global_id, surface="PROFILE", position=0),
        impression(post_of(post), surface="REELS", watchedFraction=0.5),
    ]
    assert await tell(api, viewer) == DONE
    for again in (told, told, [*told, *told[:2]]):
        assert await tell(api, viewer, *again) == DONE
        assert await rows(backend, viewer.id, STORED, viewer.id) == [
            (author.id, "PROFILE", 0, 900, None, 1),
            (post, "HOME", 3, 900, None, 1),
            (post, "REELS", 3, 900, 0.5, 1),
        ]


async def test_what_may_not_be_seen_is_answered_like_what_may(api: Api, backend: Backend) -> None:
    hidden, author, viewer = (
        await make_user(backend, is_private=True),
        await make_user(backend),
        await make_user(backend),
    )
    post, secret = await make_post(backend, author), await make_post(backend, hidden)
    comment = comment_of(await make_comment(backend, author, post))
    own = post_of(await make_post(backend, viewer))
    before = await fingerprint(backend)
    for subject in (post_of(secret), nobody(of="POST"), nobody(of="USER"), comment, own, viewer.global_id):
        assert await tell(api, viewer, impression(subject)) == DONE
    assert await fingerprint(backend) == before


@pytest.mark.parametrize(
    ("fields", "name"),
    [({"position": 100_001}, "position"), ({"dwellMilliseconds": -1}, "dwellMilliseconds"),
     ({"watchedFraction": 2.0}, "watchedFraction")],
)  # fmt: skip
async def test_out_of_bounds_is_refused_with_its_path(
    api: Api, backend: Backend, fields: dict[str, Any], name: str
) -> None:
    author, viewer = await make_user(backend), await make_user(backend)
    good = impression(post_of(await make_post(backend, author)))
    before = await fingerprint(backend)
    payload = await tell(api, viewer, good, good | fields)
    assert payload == {"ok": False, "userErrors": [{"code": "INVALID", "field": ["impressions", "1", name]}]}
    payload = await tell(api, viewer, *[good] * 101)
    assert payload == {"ok": False, "userErrors": [{"code": "TOO_LONG", "field": ["impressions"]}]}
    assert await fingerprint(backend) == before


async def test_what_is_no_id_and_who_is_nobody_are_refused(api: Api, backend: Backend) -> None:
    author, viewer = await make_user(backend), await make_user(backend)
    good = impression(post_of(await make_post(backend, author)))
    query = f"mutation ($input: RecordImpressionsInput!) {{ {NAME}(input: $input) {{ ok }} }}"
    before = await fingerprint(backend)
    given = {"input": {"impressions": [good, impression("no id")]}}
    assert await error_code(api, query, given, token=viewer.access_token) == "BAD_ID"
    assert await error_code(api, query, {"input": {"impressions": [good]}}) == "UNAUTHENTICATED"
    assert await fingerprint(backend) == before
