"""What is taken from a process before it opens a stranger's film: network, memory, CPU time, sizes of files.

`python -m media.film.confine PARENT MEMORY_BYTES CPU_SECONDS FILE_BYTES PROGRAM ARGUMENT…` becomes the program. It
needs no more than the standard library, so that it costs little.
"""

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000


def main() -> None:
    parent, memory, cpu, size = (int(number) for number in sys.argv[1:5])
    leave_network()  # first: who changes rights in this way is not told any more of the parent's death
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(1)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (allowed, allowed))
    os.execve(sys.argv[5], sys.argv[5:], {})  # noqa: S606  the worker names it


def leave_network() -> bool:
    """Go where there is no network, not even loopback. False where the system does not allow it: nothing that we run
    opens a connection; this is what holds if something is found that does."""
    libc = ctypes.CDLL(None)
    return bool(libc.unshare(_CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


if __name__ == "__main__":
    main()
