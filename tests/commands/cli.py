"""Runs `cli.py` as a person does."""

import asyncio
import os
import subprocess
import sys

from core.embedded.stack import environment
from core.settings import ROOT, Settings


async def cli(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """On the servers of these settings, at a terminal wide enough for any table."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "cli.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment(settings), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def cells(table: str, *starts: str) -> list[str]:
    """The cells of the one row of a table that begins with these."""
    rows = [[cell.strip() for cell in line.strip("│┃ ").replace("┃", "│").split("│")] for line in table.splitlines()]
    found = [row for row in rows if row[: len(starts)] == list(starts)]
    assert len(found) == 1, table
    return found[0]
