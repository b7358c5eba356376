"""Kills what outlives its parent.

Run by path with a pipe from the parent as standard input. Each line is `PID START SIGNAL`: a child, its start
time in clock ticks (so that a recycled number is left alone), and the signal for one that is stuck. When the
pipe closes, the parent has died or has stopped everything; what still lives is given `GRACE` seconds to follow
its parent-death signal, then the stated signal, then SIGKILL.
"""

import contextlib
import os
import signal
import sys
import time

GRACE = 2.5
LAST = 3.5
GIVE_UP = 10.0


def read_stat(pid: str) -> list[str]:
    """The fields after the program's name: state, parent, group …; none for one that is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - pathlib would double the start-up time
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return []
    return [] if fields[0] in "ZX" else fields


def start_time(pid: int) -> str:
    """Clock ticks since boot, "" for one that is gone."""
    fields = read_stat(str(pid))
    return fields[19] if fields else ""


def living_groups() -> set[int]:
    numbers = (name for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - the same
    return {int(fields[2]) for number in numbers if (fields := read_stat(number))}


def signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, number)


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    children: dict[int, tuple[str, int]] = {}
    for line in sys.stdin:
        pid, started, number = line.split()
        children[int(pid)] = started, int(number)
    closed = time.monotonic()
    asked = False
    while alive := [
        pid
        for pid in living_groups().intersection(children)
        if start_time(pid) in {"", children[pid][0]}  # another start time: the number was given away
    ]:
        waited = time.monotonic() - closed
        if waited > GIVE_UP:
            break
        if waited > GRACE and not asked:
            asked = True
            for pid in alive:
                signal_group(pid, children[pid][1])
        if waited > LAST:
            for pid in alive:
                signal_group(pid, signal.SIGKILL)
        time.sleep(0.05)


if __name__ == "__main__":
    main()
