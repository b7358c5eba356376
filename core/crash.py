"""Named points at which a test makes the process die, as power loss would.

`CRASH_AT=relay.after_claim:3` kills the process with SIGKILL at its third passage of `relay.after_claim`, once:
a file in the data folder remembers that it happened. Several points are separated by commas. Only tests set it.
"""

import os
import signal
from collections import Counter
from pathlib import Path

_armed: dict[str, int] = {}
_passages: Counter[str] = Counter()

for _part in filter(None, os.environ.get("CRASH_AT", "").split(",")):
    _name, _, _count = _part.partition(":")
    _armed[_name] = int(_count or 1)


def crash_point(name: str) -> None:
    """Dies here if a test asked for it; otherwise costs one dictionary look-up."""
    if name not in _armed:
        return
    _passages[name] += 1
    if _passages[name] != _armed[name]:
        return
    folder = Path(os.environ.get("HELIOGRAPH_DATA", ".data")) / "crashes"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / f"{name}:{_armed[name]}").open("x").close()
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
