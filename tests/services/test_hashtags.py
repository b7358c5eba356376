import asyncio
import secrets

from models.ids import shard_of
from services.backend import Backend
from services.hashtags import hashtags_for, hashtags_named, hashtags_with, shard_of_hashtag


def new_names(count: int) -> list[str]:
    return [f"tag{secrets.token_hex(6)}" for _ in range(count)]


async def test_a_name_is_one_row_for_good(backend: Backend) -> None:
    names = new_names(12)
    assert await hashtags_named(backend, names) == {}
    racing = await asyncio.gather(*(hashtags_for(backend, names) for _ in range(6)))
    ids = {name: hashtag.id for name, hashtag in racing[0].items()}
    assert ids.keys() == set(names)
    assert all({name: one.id for name, one in found.items()} == ids for found in racing)
    assert all(shard_of(number) == shard_of_hashtag(backend, name) for name, number in ids.items())
    again = await hashtags_for(backend, names[:3])
    assert {name: one.id for name, one in again.items()} == {name: ids[name] for name in names[:3]}


async def test_by_id_they_cost_one_statement_a_node(backend: Backend) -> None:
    made = await hashtags_for(backend, new_names(20))
    reader = backend.reader()
    found = await hashtags_with(reader, [one.id for one in made.values()] + [1 << 40])
    assert {one.id: one.name for one in found.values()} == {one.id: name for name, one in made.items()}
    assert reader.statements == backend.shards.node_count
