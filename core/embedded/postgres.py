"""The embedded PostgreSQL nodes: one cluster each, loopback only, with a password.

Run as root, PostgreSQL is another user, who may not be able to pass through the folders above the data (in
/root, say). It is handed the open data folder instead and names its files /proc/self/fd/N/node0, so that the
data lies where `--data` says and no folder's permissions are touched.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import psutil

from core.embedded.accounts import give, server_account
from core.embedded.datafolder import DataFolder, write_private
from core.embedded.faults import StartupError, data_folder_faults, no_space
from core.embedded.ports import LOOPBACK, PortBook
from core.embedded.postgres_binaries import PostgresBinaries, find_postgres
from core.embedded.processes import ProcessSpec, spawn, tail
from core.embedded.starting import explain, start_on_free_ports
from core.embedded.supervision import Supervisor

USER = DATABASE = "heliograph"
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
OPTIONS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "wal_level": "logical",
    "max_connections": "400",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}


class PostgresNodes:
    """`count` clusters under DATA/postgres."""

    def __init__(self, folder: DataFolder, ports: PortBook, supervisor: Supervisor, count: int = 2) -> None:
        self._data = folder
        self._ports = ports
        self._supervisor = supervisor
        self._count = count
        self._password = folder.secret("postgres")
        self._root = folder.path / "postgres"
        self._handle = -1

    async def start(self) -> list[str]:
        """URLs of the nodes in the order of their numbers, each with its database made."""
        # Loopback without TLS; to ask for it costs a round trip, and reads a home folder that may not be ours.
        os.environ.setdefault("PGSSLMODE", "disable")
        account = await asyncio.to_thread(server_account, self._root)
        with data_folder_faults(self._data.path):
            self._root.mkdir(mode=0o700, exist_ok=True)
            give(self._root, account)
        binaries = await asyncio.to_thread(find_postgres, account, self._root)
        if account:
            self._handle = os.open(self._root, os.O_PATH | os.O_DIRECTORY)
        nodes = range(self._count)
        return list(await asyncio.gather(*(self._start_node(node, binaries, account) for node in nodes)))

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _path(self, name: str) -> str:
        """What lies in DATA/postgres, as the server's own user reaches it."""
        return f"/proc/self/fd/{self._handle}/{name}" if self._handle >= 0 else str(self._root / name)

    def _fds(self) -> tuple[int, ...]:
        locks = (self._data.servers_lock,)
        return (*locks, self._handle) if self._handle >= 0 else locks

    async def _start_node(self, node: int, binaries: PostgresBinaries, account: str | None) -> str:
        name = f"node{node}"
        if not (self._root / name / "PG_VERSION").exists():
            await self._initialise(name, binaries, account)
        port = 0

        def make(*, fresh: bool) -> ProcessSpec:
            nonlocal port
            port = self._ports.choose(f"postgres-{name}", fresh=fresh)
            return self._spec(name, port, binaries, account)

        await start_on_free_ports(self._supervisor, self._data, make)
        return await self._with_database(port)

    async def _initialise(self, name: str, binaries: PostgresBinaries, account: str | None) -> None:
        """Makes the cluster under another name first: a start that is killed leaves no half of one."""
        draft = self._root / f"{name}.new"
        password = self._root / f"{name}.password"
        log = self._data.log / f"initdb-{name}.log"
        with data_folder_faults(self._data.path):
            shutil.rmtree(draft, ignore_errors=True)
            write_private(password, self._password)
            give(password, account)
        options = f"-U {USER} --locale=C --encoding=UTF8 --auth=scram-sha-256 --data-checksums".split()
        process = await spawn(
            ProcessSpec(
                name=f"initdb {name}",
                argv=(
                    str(binaries.initdb),
                    f"--pgdata={self._path(draft.name)}",
                    *options,
                    f"--pwfile={self._path(password.name)}",
                ),
                log=log,
                env=ENVIRONMENT,
                account=account,
                pass_fds=self._fds(),
            )
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        finally:
            password.unlink(missing_ok=True)
        if code != 0:
            fault = StartupError(f"initdb failed with code {code}; see {log}.")
            raise explain(tail(log, 2000), self._data, fault)
        with data_folder_faults(self._data.path):
            draft.rename(self._root / name)

    def _spec(self, name: str, port: int, binaries: PostgresBinaries, account: str | None) -> ProcessSpec:
        options = OPTIONS | {"port": str(port), "cluster_name": f"heliograph-{name}"}
        if binaries.statistics:
            options["shared_preload_libraries"] = "pg_stat_statements"
        return ProcessSpec(
            name=f"PostgreSQL {name}",
            argv=(
                str(binaries.postgres),
                "-D",
                self._path(name),
                *(word for key, value in options.items() for word in ("-c", f"{key}={value}")),
            ),
            log=self._data.log / f"postgres-{name}.log",
            env=ENVIRONMENT,
            account=account,
            death_signal=signal.SIGINT,
            stop_signal=signal.SIGINT,
            last_resort=signal.SIGQUIT,
            grace=2.5,
            pass_fds=self._fds(),
            ready=self._ready(port),
            prepare=self._without_stale_lock(name),
        )

    def _without_stale_lock(self, name: str) -> Callable[[], Awaitable[None]]:
        async def prepare() -> None:
            """The lock file of a killed server names a process; another of the same user may have its number
            by now, and PostgreSQL would refuse to start. Nobody else runs on this folder: its lock is ours."""
            path = self._root / name / "postmaster.pid"
            if path.exists():
                first = path.read_text().partition("\n")[0]
                if not (first.isdecimal() and _is_postmaster(int(first), self._root / name)):
                    path.unlink(missing_ok=True)

        return prepare

    def _url(self, port: int, database: str) -> str:
        return f"postgresql://{USER}:{self._password}@{LOOPBACK}:{port}/{database}"

    def _ready(self, port: int) -> Callable[[], Awaitable[bool]]:
        async def ready() -> bool:
            try:
                connection = await asyncpg.connect(self._url(port, "postgres"), timeout=5)
            except (ConnectionError, asyncpg.PostgresError, TimeoutError):
                return False
            await connection.close()
            return True

        return ready

    async def _with_database(self, port: int) -> str:
        connection = await asyncpg.connect(self._url(port, "postgres"))
        try:
            known = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE)
            if not known:
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        except asyncpg.DiskFullError as error:
            raise no_space(self._data.path) from error
        finally:
            await connection.close()
        return self._url(port, DATABASE)


def _is_postmaster(pid: int, folder: Path) -> bool:
    """Whether the process works in `folder`, as a postmaster does."""
    try:
        return Path(psutil.Process(pid).cwd()).samefile(folder)
    except (psutil.Error, OSError):
        return False
