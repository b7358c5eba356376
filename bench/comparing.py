"""That the twin does what the server does: the same answers, the same rows.

Answers of pages are the same byte for byte. Those of changes are the same byte for byte once every `id` and `shortcode`
is replaced by its number in order of first appearance (so one that is there twice has to be in the same places), and
every `createdAt` by a word, after it was seen to lie within the last minutes.

Rows: of each transaction that wrote, which rows of which tables it left, with all their columns, ids and moments and
the requests' marks apart. The transactions of the two, put in order, are equal.
"""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeAlias

import asyncpg
import orjson

from bench.crowd.rows import Crowd
from bench.load import Connection, Target, checked
from bench.operations.operation import Call, Operation, Side, count_fields
from core.settings import Settings

BUILD_SECONDS = 2
RECENT = timedelta(minutes=5)
_CHANGING = re.compile(r'(?<!\d)\d{15,20}(?!\d)|(?<=")20\d\d-\d\d-\d\dT[^"]+|(?<="correlation_id": ")[0-9a-f]+')
Written: TypeAlias = list[list[str]]


async def assert_same(operation: Operation, ours: Target, twin: Target, crowd: Crowd, settings: Settings) -> int:
    """Of every viewer's first group. Returns the number of fields of the largest answer."""
    sides = [list(islice(operation.groups(crowd, side), len(crowd.viewers))) for side in (Side.HELIOGRAPH, Side.TWIN)]
    if operation.changes:
        rows = [await _rows_of(settings, target, groups[0]) for target, groups in zip((ours, twin), sides, strict=True)]
        assert rows[0] == rows[1], _difference(*rows)
        sides = [groups[1:] for groups in sides]
    else:
        warm = await Connection.open(ours.port)
        for group in sides[0]:
            await _send(warm, ours, group)  # builds the timeline behind it
        warm.close()
        await asyncio.sleep(BUILD_SECONDS)
    connections = [await Connection.open(target.port) for target in (ours, twin)]
    fields = 0
    for our_group, twin_group in zip(*sides, strict=True):
        answers = await _send(connections[0], ours, our_group), await _send(connections[1], twin, twin_group)
        for first, second in zip(*answers, strict=True):
            same = _normal(first) == _normal(second) if operation.changes else first == second
            assert same, f"the twin answers otherwise:\n{first.decode()}\n{second.decode()}"
            fields = max(fields, count_fields(orjson.loads(first)["data"]))
    for connection in connections:
        connection.close()
    return fields


async def _send(connection: Connection, target: Target, group: Sequence[Call]) -> list[bytes]:
    return [checked(await connection.send(target.request(call))) for call in group]


def _normal(answer: bytes) -> bytes:
    seen: dict[str, int] = {}

    def replaced(name: str, value: Any) -> Any:
        if name in ("id", "shortcode") and isinstance(value, str):
            return seen.setdefault(value, len(seen))
        if name == "createdAt":
            moment = datetime.fromisoformat(value)
            assert datetime.now(UTC) - RECENT < moment < datetime.now(UTC) + RECENT, value
            return "recently"
        if isinstance(value, dict):
            return {key: replaced(key, inner) for key, inner in value.items()}
        return [replaced(name, inner) for inner in value] if isinstance(value, list) else value

    return orjson.dumps(replaced("", orjson.loads(answer)))


async def _rows_of(settings: Settings, target: Target, group: Sequence[Call]) -> Written:
    nodes = [await asyncpg.connect(url) for url in settings.database_urls]
    before = [await node.fetchval("SELECT pg_current_xact_id()::text::bigint") for node in nodes]
    connection = await Connection.open(target.port)
    await _send(connection, target, group)
    connection.close()
    written = [await _rows_since(node, first) for node, first in zip(nodes, before, strict=True)]
    for node in nodes:
        await node.close()
    return sorted(transaction for some in written for transaction in some)


async def _rows_since(node: asyncpg.Connection, first: int) -> Written:
    """By transaction. A new database's transactions have numbers that have not come round."""
    transactions: dict[int, list[str]] = defaultdict(list)
    for (table,) in await node.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"):
        rows = await node.fetch(
            f"SELECT t.xmin::text::bigint AS number, to_jsonb(t)::text AS row FROM {table} t"
            " WHERE t.xmin::text::bigint > $1",
            first,
        )
        for row in rows:
            transactions[row["number"]].append(f"{table} {_CHANGING.sub('#', row['row'])}")
    return [sorted(rows) for rows in transactions.values()]


def _difference(ours: Written, twin: Written) -> str:
    return "the twin writes otherwise:\n" + json.dumps({"heliograph": ours, "twin": twin}, indent=1)
