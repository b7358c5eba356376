import pytest

from commands.shards import ranges
from core.settings import Settings
from tests.commands.cli import cells, cli


async def test_it_lists_the_nodes_with_their_shards(settings: Settings) -> None:
    shown = await cli(settings, "shards", "list")
    assert shown.returncode == 0, shown.stderr
    assert "64 logical shards on 2 nodes, map version 1" in shown.stdout
    for node, first in (("0", "0, 2 … 62"), ("1", "1, 3 … 63")):
        row = cells(shown.stdout, node)
        assert row[1] in settings.database_urls[int(node)]
        assert row[2] == "1"
        assert row[-1] == f"32: {first}"


async def test_it_lists_each_shard(settings: Settings) -> None:
    shown = await cli(settings, "shards", "list", "--each")
    assert shown.returncode == 0, shown.stderr
    assert [cells(shown.stdout, str(shard))[1] for shard in range(64)] == [str(shard % 2) for shard in range(64)]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [([], ""), ([5], "5"), ([0, 1, 2, 3, 7], "0-3, 7"), ([0, 2, 4, 6], "0, 2 … 6"), ([0, 2, 3], "0, 2-3")],
)
def test_ranges(numbers: list[int], said: str) -> None:
    assert ranges(numbers) == said
