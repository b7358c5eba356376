"""What is taken from a process before it opens what a stranger sent: network, memory, CPU time, sizes of files.

`python -m media.confine PARENT MEMORY_BYTES CPU_SECONDS FILE_BYTES PROGRAM ARGUMENT…` becomes the program. It
needs no more than the standard library, so that it costs little.
"""

import ctypes
import os
import resource
import signal
import sys

from core.niceness import keep_giving_way

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000


def main() -> None:
    keep_giving_way()
    parent, memory, cpu, size = (int(number) for number in sys.argv[1:5])
    leave_network()  # first: who changes rights in this way is not told any more of the parent's death
    harden(parent, memory, size)
    lower(resource.RLIMIT_CPU, cpu)
    os.execve(sys.argv[5], sys.argv[5:], {})  # noqa: S606  the worker names it


def harden(parent: int, memory_bytes: int, file_bytes: int) -> None:
    """Dies with its parent, gains no rights, and has so much address space and files so large at most."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:  # it died before the lines above
        sys.exit(1)
    lower(resource.RLIMIT_AS, memory_bytes)
    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_FSIZE, file_bytes)


def lower(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (allowed, allowed))


def leave_network() -> bool:
    """Go where there is no network, not even loopback. False where the system does not allow it: nothing that we run
    opens a connection; this is what holds if something is found that does."""
    libc = ctypes.CDLL(None)
    return bool(libc.unshare(_CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


if __name__ == "__main__":
    main()
