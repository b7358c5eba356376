"""Giving way to other processes where cores are short."""

import contextlib
import os
import time
from pathlib import Path

TRIES = 3
PAUSE_SECONDS = 0.11
_GROUP = Path("/proc/self/autogroup")


def give_way(niceness: int) -> None:
    """Lowers this process and what it starts to a niceness from 0 to 19; it never comes back."""
    lower = niceness - os.getpriority(os.PRIO_PROCESS, 0)
    if lower > 0:
        os.nice(lower)
    keep_giving_way()


def lower(pid: int, niceness: int) -> None:
    """The same of a child that was started a moment ago; 0 changes nothing. One that leads a session of its own calls
    `keep_giving_way`."""
    with contextlib.suppress(ProcessLookupError):  # it has died since
        if niceness > os.getpriority(os.PRIO_PROCESS, pid):
            os.setpriority(os.PRIO_PROCESS, pid, niceness)


def keep_giving_way() -> None:
    """To be called first by a process that leads a session of its own. Linux may share cores among sessions, each with
    a niceness which none inherits, and weighs that of processes only within one; so the session gets the process's."""
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    if niceness <= 0:
        return
    # The system takes ten changes a second from those who are not root. Where it knows no such groups, nothing is due.
    with contextlib.suppress(OSError):
        for _ in range(TRIES):
            try:
                _GROUP.write_text(str(niceness))
            except BlockingIOError:
                time.sleep(PAUSE_SECONDS)
            else:
                return
