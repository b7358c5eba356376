"""The table and `bench/results.json`."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.measuring import ROUNDS, Pair

RESULTS = Path(__file__).parent / "results.json"


def table_of(titles: dict[str, str], pairs: dict[str, Pair]) -> Table:
    table = Table(title=f"heliograph / twin: medians of {ROUNDS} rounds, interleaved; CPU in ms of one operation")
    for column in ("", "API CPU", "ratio", "PostgreSQL CPU", "ratio", "per second", "ratio", "SQL", "Redis"):
        table.add_column(column, justify="left" if not column else "right")
    for name, pair in pairs.items():
        ours, twin = pair.ours, pair.twin
        api, low, high = pair.ratio("api_ms")
        table.add_row(
            titles[name],
            f"{ours.median('api_ms'):.2f} / {twin.median('api_ms'):.2f}",
            f"{api:.2f} ({low:.2f} to {high:.2f})",
            f"{ours.median('postgresql_ms'):.2f} / {twin.median('postgresql_ms'):.2f}",
            f"{pair.ratio('postgresql_ms')[0]:.2f}",
            f"{ours.median('rate'):.0f} / {twin.median('rate'):.0f}",
            f"{pair.ratio('rate')[0]:.2f}",
            *(f"{ours.spent[what]:g} / {twin.spent[what]:g}" for what in ("statements", "redis_trips")),
        )
    return table


def result_of(pair: Pair, fields: int) -> dict[str, Any]:
    api, low, high = pair.ratio("api_ms")
    return {
        "cpu_ratio": round(api, 2),
        "cpu_ratio_range": [round(low, 2), round(high, 2)],
        "postgresql_cpu_ratio": round(pair.ratio("postgresql_ms")[0], 2),
        "throughput_ratio": round(pair.ratio("rate")[0], 2),
        "twin_api_cpu_ms": round(pair.twin.median("api_ms"), 2),
        "fields": fields,
        **pair.ours.spent,
        **{f"twin_{name}": spent for name, spent in pair.twin.spent.items()},
    }


def keep(console: Console, results: dict[str, Any]) -> None:
    """What was not measured this time stays as it was."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(known | results, indent=2) + "\n")
    console.print(f"written to {RESULTS.name}")
