import pytest

from models.global_ids import NodeKind, encode
from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, make_comment, make_post, ready_upload, set_post_state, set_user_state
from tests.resolvers.accounts import error_code
from tests.resolvers.collections import seen
from tests.resolvers.posts import comment_of, mutate, nobody, post_of, refused

SUBJECT = "subject { __typename ... on User { id } ... on Post { id } ... on Comment { id } }"
SHOWN = f"report {{ __typename id reason details status {SUBJECT} }}"
NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on Report {{ reason {SUBJECT} }} }} }}"


async def test_what_is_reported_is_known_to_who_reported_it(api: Api, backend: Backend) -> None:
    author, reporter = await make_user(backend), await make_user(backend)
    number = await make_post(backend, author)
    for kind, subject_id in (
        ("User", author.global_id),
        ("Post", post_of(number)),
        ("Comment", comment_of(await make_comment(backend, author, number))),
    ):
        given = {"subjectId": subject_id, "reason": "HATE", "details": "Look", "idempotencyKey": "1"}
        payload = await mutate(api, "report", SHOWN, given, reporter)
        report_id = payload["report"].pop("id")
        subject = {"__typename": kind, "id": subject_id}
        shown = {"__typename": "Report", "reason": "HATE", "details": "Look", "status": "OPEN", "subject": subject}
        assert payload == {"report": shown, "userErrors": []}
        assert await seen(api, reporter, report_id) == [{"id": report_id}] * 2
        for person in (author, None):
            assert await seen(api, person, report_id) == [None, None]
        again = {"subjectId": subject_id, "reason": "HATE", "details": "More"}
        assert (await mutate(api, "report", SHOWN, again, reporter))["report"] == {**shown, "id": report_id}


@pytest.mark.parametrize("by_suspension", [True, False])
async def test_a_subject_that_may_not_be_seen_any_more(api: Api, backend: Backend, *, by_suspension: bool) -> None:
    author, reporter = await make_user(backend), await make_user(backend)
    number = await make_post(backend, author)
    given = {"subjectId": post_of(number), "reason": "SPAM"}
    payload = await mutate(api, "report", "report { id }", given, reporter)
    if by_suspension:
        await set_user_state(backend, author.id, "SUSPENDED")
    else:
        await set_post_state(backend, number, "DELETED")
    data = await api.data(NODE, {"id": payload["report"]["id"]}, token=reporter.access_token)
    assert data["node"] == {"reason": "SPAM", "subject": None}
    again = await mutate(api, "report", "report { id }", given, reporter)
    assert again == refused("report", "NOT_FOUND", "subjectId")


async def test_what_is_refused(api: Api, backend: Backend) -> None:
    hidden, reporter = await make_user(backend, is_private=True), await make_user(backend)
    own, unseen = await make_post(backend, reporter), await make_post(backend, hidden)
    uploads = [encode(NodeKind.UPLOAD, await ready_upload(backend, person.id)) for person in (reporter, hidden)]
    before = await fingerprint(backend)
    for subject_id, code in (
        (reporter.global_id, "INVALID"),
        (post_of(own), "INVALID"),
        (uploads[0], "INVALID"),
        (uploads[1], "NOT_FOUND"),
        (post_of(unseen), "NOT_FOUND"),
        (nobody(of="POST"), "NOT_FOUND"),
        (nobody(of="USER"), "NOT_FOUND"),
        (nobody(of="COLLECTION"), "NOT_FOUND"),
    ):
        payload = await mutate(api, "report", SHOWN, {"subjectId": subject_id, "reason": "OTHER"}, reporter)
        assert payload == refused("report", code, "subjectId")
    long = {"subjectId": hidden.global_id, "reason": "OTHER", "details": "x" * 1001}
    assert await mutate(api, "report", SHOWN, long, reporter) == refused("report", "TOO_LONG", "details")
    query = "mutation ($id: ID!) { report(input: { subjectId: $id, reason: SPAM }) { report { id } } }"
    assert await error_code(api, query, {"id": hidden.global_id}) == "UNAUTHENTICATED"
    assert await fingerprint(backend) == before
