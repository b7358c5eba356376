"""The data folder: who holds it, which layout it has, the secrets that are kept in it.

version       number of the layout
lock          held by the `up` that runs on it
secrets.json  passwords of the embedded servers
secret_key    signs tokens, where none is configured
run/          of the present start: ports, addresses, the lock that the servers inherit
log/          what the processes print
postgres/node0 postgres/node1 valkey/ seaweedfs/
"""

import asyncio
import fcntl
import json
import os
import secrets
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from core import clock
from core.embedded.faults import StartupError, data_folder_faults

LAYOUT = 1
MIB = 1024 * 1024
ROOM_AT_FIRST = 256 * MIB  # two PostgreSQL clusters with their first write-ahead log
ROOM_LATER = 32 * MIB
PATIENCE = 10.0  # for the servers of a start that was killed to follow it


def write_private(path: Path, text: str) -> None:
    """Writes the whole file or nothing, readable by its owner alone."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


class DataFolder:
    """Use as an async context manager; inside it, this process holds the folder.

    `servers_lock` is a descriptor for the embedded servers to inherit: it stays locked until the last of them
    is gone, so that the next start knows when it may open their files.
    Raises StartupError where the folder cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.run = self.path / "run"
        self.log = self.path / "log"
        self.servers_lock = -1
        self._lock = -1

    async def __aenter__(self) -> Self:
        try:
            with data_folder_faults(self.path):
                self._make()
                self._hold()
                self._check_layout()
                self._check_room()
            await self._await_servers()
        except BaseException:
            self._release()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        (self.run / "stack.json").unlink(missing_ok=True)
        self._release()

    def secret(self, name: str) -> str:
        """A password of its own for each name, made at first use. 43 characters, safe in a URL."""
        path = self.path / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in known:
            known[name] = secrets.token_urlsafe(32)
            with data_folder_faults(self.path):
                write_private(path, json.dumps(known, indent=1))
        return known[name]

    def secret_key(self) -> str:
        path = self.path / "secret_key"
        if not path.exists():
            with data_folder_faults(self.path):
                write_private(path, secrets.token_urlsafe(48))
        return path.read_text().strip()

    def _make(self) -> None:
        for folder in (self.path, self.run, self.log):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _hold(self) -> None:
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 20, 0).decode() or "another"
            raise StartupError(
                f"The data folder {self.path} is in use by process {holder}; "
                "stop it, or choose another folder with --data."
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    def _check_layout(self) -> None:
        path = self.path / "version"
        if not path.exists():
            write_private(path, f"{LAYOUT}\n")
        text = path.read_text().strip()
        if not text.isdecimal() or int(text) > LAYOUT:
            raise StartupError(
                f"The data folder {self.path} was made by a newer version of Heliograph "
                f"(layout {text}, this version knows {LAYOUT}); update, or choose another folder with --data."
            )

    def _check_room(self) -> None:
        needed = ROOM_LATER if (self.path / "postgres").exists() else ROOM_AT_FIRST
        free = shutil.disk_usage(self.path).free
        if free < needed:
            raise StartupError(
                f"The data folder {self.path} is full: {free // MIB} MiB are free, {needed // MIB} are needed."
            )

    async def _await_servers(self) -> None:
        with data_folder_faults(self.path):
            self.servers_lock = os.open(self.run / "servers.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = clock.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(self.servers_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if clock.monotonic() > deadline:
                    raise StartupError(
                        f"Servers of an earlier start still hold the data folder {self.path}; end them first."
                    ) from None
                await asyncio.sleep(0.05)
            else:
                return

    def _release(self) -> None:
        for descriptor in (self._lock, self.servers_lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._lock = self.servers_lock = -1
