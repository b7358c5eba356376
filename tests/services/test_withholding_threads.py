"""Long threads: what is withheld costs as much as it holds, not as much as there is."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from models.ids import shard_of
from services import withholding
from services.accounts.suspension import suspend
from services.backend import Backend
from services.withholding import COMMENTS, settle
from tests.factories import make_user
from tests.posting import change, make_comment, make_post, rows
from tests.recount import differences

CROWD = """
    INSERT INTO comments (id, post_id, author_id, text)
    SELECT mint_id(:shard), :post_id, :author_id, '' FROM generate_series(1, 20000)
"""
# By this transaction: rows of the table, and entries of its indexes.
READ = """
    SELECT sum(pg_stat_get_xact_tuples_returned(oid)) FROM pg_class
    WHERE oid = 'comments'::regclass
       OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'comments'::regclass)
"""


async def test_no_comment_is_read_that_does_not_change(backend: Backend) -> None:
    author, fan = [await make_user(backend) for _ in range(2)]
    post_id = await make_post(backend, author)
    said = await make_comment(backend, fan, post_id)
    await make_comment(backend, author, post_id, parent_id=said)
    await change(backend, post_id, CROWD, shard=shard_of(post_id), post_id=post_id, author_id=author.id)
    await change(backend, post_id, "ANALYZE comments")
    values = {"ids": [said], "person": fan.id, "mask": 2, "bits": 2, "shard": shard_of(post_id)}
    async with backend.transaction(shard_of(post_id)) as transaction:
        for statement in (*COMMENTS.hold, *COMMENTS.change):
            await transaction.session.execute(statement, values)
        read = (await transaction.session.scalars(text(READ))).one()
    assert 0 < read < 100
    await change(backend, post_id, "DELETE FROM comments WHERE post_id = :post_id", post_id=post_id)


@pytest.mark.parametrize("found", ["ASC", "DESC"])
async def test_threads_are_taken_a_few_at_a_time(backend: Backend, monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    comments = replace(COMMENTS, amiss=f"{COMMENTS.amiss} ORDER BY c.id {found}")
    monkeypatch.setattr(withholding, "ROWS_AT_ONCE", 4)
    author, fan = [await make_user(backend) for _ in range(2)]
    post_id = await make_post(backend, author)
    said = [await make_comment(backend, fan, post_id) for _ in range(4)]
    for comment_id, replies in zip(said, (2, 0, 0, 5), strict=True):
        for _ in range(replies):
            await make_comment(backend, author, post_id, parent_id=comment_id)
    await suspend(backend, fan.id)
    await settle(backend, comments, fan.id, said)
    sql = "SELECT count(*) AS size FROM comments WHERE post_id = $1 AND withheld <> 0 GROUP BY xmin::text"
    assert sorted(await rows(backend, post_id, sql, post_id)) == [(1,), (4,), (6,)]
    assert await differences(backend, {author.id, fan.id, post_id, *said}) == []
