"""Kills what outlives its parent.

Run by path with a pipe from the parent as standard input. Each line is `PID START SIGNAL`: a child, its start
time in clock ticks (so that a recycled number is left alone), and the signal for one that is stuck. When the
pipe closes, the parent has died or has stopped everything; what still lives is given `GRACE` seconds to follow
its parent-death signal, then the stated signal, then SIGKILL.
"""

import os
import signal
import sys
import time

GRACE = 3.0
LAST = 4.0
GIVE_UP = 10.0


def start_time(pid: int) -> str:
    """Clock ticks since boot, "" for one that is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - pathlib would double the start-up time
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def signal_group(pid: int, number: int) -> bool:
    try:
        os.killpg(pid, number)
    except OSError:
        return False
    return True


def lives(pid: int, started: str) -> bool:
    """The child, or what it has left behind in its process group."""
    now = start_time(pid)
    return now == started or (not now and signal_group(pid, 0))


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    children: dict[int, tuple[str, int]] = {}
    for line in sys.stdin:
        pid, started, number = line.split()
        children[int(pid)] = started, int(number)
    closed = time.monotonic()
    asked = False
    while alive := [pid for pid, (started, _) in children.items() if lives(pid, started)]:
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
