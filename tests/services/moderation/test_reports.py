import asyncio
from typing import Any

import pytest

from core.errors import UserErrorCode, UserFault
from models.global_ids import NodeKind
from models.tables import ReportReason
from services.backend import Backend
from services.marks import NOBODY
from services.moderation.reports import NewReport, report
from services.visibility import visible_reports
from tests.factories import Person, make_user
from tests.posting import change, fingerprint, links, make_comment, make_post, ready_upload, rows

POST, SPAM = NodeKind.POST, ReportReason.SPAM


async def tell(backend: Backend, reporter: Person, kind: NodeKind, subject_id: int, **more: Any) -> int:
    wanted = NewReport(kind, subject_id, more.pop("reason", SPAM), **more)
    return await report(backend, links(backend), reporter.id, wanted)


async def stored(backend: Backend, subject_id: int) -> list[tuple[Any, ...]]:
    sql = "SELECT id, reason, details, status FROM reports WHERE subject_id = $1 ORDER BY id"
    return await rows(backend, subject_id, sql, subject_id)


async def test_each_kind_of_subject(backend: Backend) -> None:
    author, reporter = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    comment_id = await make_comment(backend, author, post_id)
    for kind, subject_id in ((NodeKind.USER, author.id), (POST, post_id), (NodeKind.COMMENT, comment_id)):
        number = await tell(backend, reporter, kind, subject_id, details=" See \r\n there ")
        assert await stored(backend, subject_id) == [(number, "SPAM", "See \n there", "OPEN")]
        [found] = (await visible_reports(backend.reader(), reporter.id, [number])).values()
        assert (found.subject_kind, found.subject_id, found.reason) == (kind, subject_id, SPAM)
        for viewer_id in (author.id, NOBODY):
            assert await visible_reports(backend.reader(), viewer_id, [number]) == {}


async def test_one_is_open_for_each_reporter_subject_and_reason(backend: Backend) -> None:
    author, reporter, other = [await make_user(backend) for _ in range(3)]
    post_id = await make_post(backend, author)
    numbers = await asyncio.gather(*(tell(backend, reporter, POST, post_id, details=f"{n}") for n in range(8)))
    assert len(set(numbers)) == 1
    by_other = await tell(backend, other, POST, post_id)
    for_hate = await tell(backend, reporter, POST, post_id, reason=ReportReason.HATE)
    assert [row[0] for row in await stored(backend, post_id)] == sorted([numbers[0], by_other, for_hate])
    close = "UPDATE reports SET status = 'DISMISSED' WHERE id = :id"
    await change(backend, post_id, close, id=numbers[0])
    assert await tell(backend, reporter, POST, post_id) not in {numbers[0], by_other, for_hate}


async def test_a_key_gives_what_it_made(backend: Backend) -> None:
    author, reporter = await make_user(backend), await make_user(backend)
    post_id, other_id = await make_post(backend, author), await make_post(backend, author)
    without = await tell(backend, reporter, POST, post_id)
    assert await tell(backend, reporter, POST, post_id, idempotency_key="k") == without
    await change(backend, post_id, "UPDATE reports SET status = 'UPHELD' WHERE id = :id", id=without)
    again = await tell(backend, reporter, POST, post_id, idempotency_key="k", reason=ReportReason.SCAM)
    assert again == without
    assert len(await stored(backend, post_id)) == 1
    assert await tell(backend, reporter, POST, other_id, idempotency_key="k") != without
    racing = await asyncio.gather(*(tell(backend, reporter, POST, post_id, idempotency_key="j") for _ in range(6)))
    assert len(set(racing)) == 1
    assert len(await stored(backend, post_id)) == 2


async def test_what_cannot_be_reported(backend: Backend) -> None:
    hidden, reporter = await make_user(backend, is_private=True), await make_user(backend)
    post_id, own_id = await make_post(backend, hidden), await make_post(backend, reporter)
    comment_id, own_comment = (
        await make_comment(backend, hidden, post_id),
        await make_comment(backend, reporter, own_id),
    )
    upload_id, own_upload = await ready_upload(backend, hidden.id), await ready_upload(backend, reporter.id)
    before = await fingerprint(backend)

    async def refused(kind: NodeKind, subject_id: int, **more: Any) -> tuple[str, tuple[str, ...] | None]:
        with pytest.raises(UserFault) as raised:
            await tell(backend, reporter, kind, subject_id, **more)
        return raised.value.code, raised.value.field

    for kind, subject_id in ((POST, post_id), (NodeKind.COMMENT, comment_id), (NodeKind.UPLOAD, upload_id)):
        for number in (subject_id, 1 << 40, (8191 << 10) | 1):
            assert await refused(kind, number) == ("NOT_FOUND", ("subjectId",))
    for kind in (NodeKind.IMAGE, NodeKind.COLLECTION, NodeKind.REPORT, NodeKind.SESSION):
        assert await refused(kind, own_id) == ("NOT_FOUND", ("subjectId",))
    for kind, subject_id in (
        (NodeKind.USER, reporter.id),
        (POST, own_id),
        (NodeKind.COMMENT, own_comment),
        (NodeKind.UPLOAD, own_upload),
    ):
        assert await refused(kind, subject_id) == ("INVALID", ("subjectId",))
    for more, field in (({"details": "x" * 1001}, "details"), ({"idempotency_key": "k" * 201}, "idempotencyKey")):
        assert await refused(NodeKind.USER, hidden.id, **more) == (UserErrorCode.TOO_LONG, (field,))
    assert await fingerprint(backend) == before
