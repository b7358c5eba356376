"""PostgreSQL refuses to run as root: whom it runs as then, and what that user can reach."""

import os
import pwd
import signal
import subprocess
from pathlib import Path

from core.embedded.faults import StartupError
from core.embedded.processes import launcher

PREFERRED = ("postgres", "nobody", "daemon")


def server_account(folder: Path) -> str | None:
    """None when this process is no root. The owner of `folder` where it exists and is no root, else an
    unprivileged user that the machine has (a number without a name is refused by initdb)."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall() if entry.pw_uid != 0}
    if folder.exists() and (owner := folder.stat().st_uid) != 0:
        try:
            return pwd.getpwuid(owner).pw_name
        except KeyError:
            raise StartupError(f"{folder} belongs to user {owner}, who has no name on this machine.") from None
    for name in (*PREFERRED, *sorted(names)):
        if name in names:
            return name
    raise StartupError("PostgreSQL cannot run as root, and this machine has no other user.")


def give(path: Path, account: str | None) -> None:
    """Makes the account the owner of `path`; nothing to do when it is None."""
    if account:
        entry = pwd.getpwnam(account)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def can_run(program: Path, account: str | None) -> bool:
    """Whether the account can start the program where it lies (it answers --version)."""
    done = subprocess.run(  # noqa: S603 - our own launcher
        [*launcher(signal.SIGKILL, account), str(program), "--version"],
        capture_output=True,
        check=False,
        cwd="/",
        env={},
    )
    return done.returncode == 0
