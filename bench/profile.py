"""Where a process's time goes, by py-spy's samples: which room or library was at work."""

import asyncio
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.table import Table

SECONDS = 6
_OURS = re.compile(r"/(core|execution|loaders|media|models|resolvers|routes|schema|services)/")
_FRAME = re.compile(r"\(([^():]+)(?::\d+)?\)$")


async def by_room(pid: int, load: Callable[[], Awaitable[object]]) -> Table:
    """Samples the process while `load` runs. The share of the innermost room or library of each sample."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "samples"
        spy = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "py-spy"),
            *(
                "record",
                "--full-filenames",
                "-p",
                str(pid),
                "-d",
                str(SECONDS),
                "-r",
                "400",
                "-f",
                "raw",
                "-o",
                str(raw),
            ),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        loading = asyncio.ensure_future(load())
        await spy.wait()
        await loading
        return _table(raw.read_text())


def _table(samples: str) -> Table:
    shares: Counter[str] = Counter()
    for line in samples.splitlines():
        stack, _, count = line.rpartition(" ")
        if "asyncio" in stack or "uvloop" in stack:  # else an idle thread of a pool
            shares[_owner(stack.split(";")[-1])] += int(count)
    table = Table(title="where the API's CPU time goes (innermost frame)")
    table.add_column("room or library")
    table.add_column("share", justify="right")
    total = shares.total() or 1
    for owner, sampled in shares.most_common(14):
        table.add_row(owner, f"{100 * sampled / total:.1f} %")
    return table


def _owner(frame: str) -> str:
    found = _FRAME.search(frame)
    path = found[1] if found else frame
    if "site-packages/" in path:
        return path.split("site-packages/")[1].split("/")[0]
    ours = _OURS.search(path)
    if ours and "/lib/python" not in path:
        return f"{ours[1]}/"
    return Path(path).name if "/lib/python" in path else path
