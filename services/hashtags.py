"""Hashtags: each name is a row for good, on the shard of the hash of the name, made at its first use."""

import asyncio
from collections.abc import Iterable

from sqlalchemy import text

from core.errors import ShardUnavailable
from models.ids import shard_of_name
from models.reads.pages import HASHTAGS_BY_ID, HASHTAGS_BY_NAME
from models.reads.reader import Reader
from services.backend import Backend
from services.visible import HashtagRow

_MAKE = text("""
    INSERT INTO hashtags (id, name) SELECT mint_id(:shard), name FROM unnest(CAST(:names AS text[])) AS name
    ON CONFLICT (name) DO NOTHING
""")


def shard_of_hashtag(backend: Backend, name: str) -> int:
    return shard_of_name(f"HASHTAG:{name}", backend.shards.logical_shards)


async def hashtags_with(reader: Reader, hashtag_ids: Iterable[int]) -> dict[int, HashtagRow]:
    """Those that there are, by id: one statement per node."""
    wanted = set(hashtag_ids)
    rows = await reader.by_ids(HASHTAGS_BY_ID, wanted) if wanted else []
    return {row["id"]: HashtagRow(row["id"], row["name"]) for row in rows}


async def hashtags_named(backend: Backend, names: Iterable[str]) -> dict[str, HashtagRow]:
    """Those that there are, by name, which is in the form that `services.entities` makes: one statement per node.

    Raises ShardUnavailable.
    """
    shards, reader = backend.shards, backend.reader()
    by_node: dict[int, list[str]] = {}
    for name in set(names):
        by_node.setdefault(shards.node_of(shard_of_hashtag(backend, name)), []).append(name)
    answers = await asyncio.gather(*(reader.on_node(node, HASHTAGS_BY_NAME, asked) for node, asked in by_node.items()))
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    return {row["name"]: HashtagRow(row["id"], row["name"]) for rows in answers for row in rows}


async def hashtags_for(backend: Backend, names: Iterable[str]) -> dict[str, HashtagRow]:
    """All of them, by name: those that nobody has used yet are made. Raises ShardUnavailable."""
    wanted = set(names)
    found = await hashtags_named(backend, wanted)
    if missing := wanted - found.keys():
        await _make(backend, missing)
        found |= await hashtags_named(backend, missing)
    return found


async def _make(backend: Backend, names: Iterable[str]) -> None:
    by_shard: dict[int, list[str]] = {}
    for name in sorted(names):
        by_shard.setdefault(shard_of_hashtag(backend, name), []).append(name)
    for shard, some in by_shard.items():
        async with backend.transaction(shard) as transaction:
            await transaction.session.execute(_MAKE, {"shard": shard, "names": some})
