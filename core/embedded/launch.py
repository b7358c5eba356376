"""Becomes another program that dies with the process which started it.

Run by path (`python -I -S launch.py DEATH_SIGNAL PARENT ACCOUNT -- PROGRAM ...`), since a hook between fork
and exec is unsafe in a process with threads. The parent-death signal is set after the change of user, which
clears it. ACCOUNT is a user's name or `-`.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def change_user(name: str) -> None:
    import pwd

    account = pwd.getpwnam(name)
    os.initgroups(name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def main() -> None:
    death_signal, parent, account, dashes, *command = sys.argv[1:]
    if dashes != "--" or not command:
        raise SystemExit("usage: launch.py DEATH_SIGNAL PARENT ACCOUNT -- PROGRAM ...")
    if account != "-":
        change_user(account)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):  # it died before the signal was set
        raise SystemExit(1)
    try:
        os.execv(command[0], command)  # noqa: S606 - the caller's argument list, no shell
    except OSError as error:
        raise SystemExit(f"cannot start {command[0]}: {error.strerror}") from error


main()
