"""All embedded servers together: those that no setting replaces by a real one."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import psutil
from pydantic import SecretStr

from core.embedded.datafolder import DataFolder, write_private
from core.embedded.faults import StartupError
from core.embedded.ports import PortBook
from core.embedded.postgres import PostgresNodes
from core.embedded.seaweedfs import SeaweedFS
from core.embedded.supervision import Supervisor
from core.embedded.valkey import Valkey
from core.settings import Settings

ADDRESSES = ("database_urls", "redis_url", "queue_url", "s3_endpoint", "s3_access_key", "s3_secret_key", "secret_key")
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stack:
    """Servers that run: `settings` has every address filled in."""

    settings: Settings
    folder: DataFolder
    supervisor: Supervisor


def _silent(_: str) -> None:
    return


@asynccontextmanager
async def embedded_stack(data: Path, settings: Settings, *, report: Report = _silent) -> AsyncIterator[Stack]:
    """Starts what `settings` has no address for; stops it at the end. Enter it from the main thread.

    `report` is told what becomes ready, what dies and what is back. Raises StartupError.
    """
    async with AsyncExitStack() as opened:
        folder = await opened.enter_async_context(DataFolder(data))
        supervisor = Supervisor(report)
        await supervisor.open()
        opened.push_async_callback(supervisor.close)
        found = await _start_servers(folder, supervisor, settings, report, opened)
        if not settings.secret_key.get_secret_value():
            found["secret_key"] = SecretStr(folder.secret_key())
        complete = settings.model_copy(update={**found, "data": folder.path})
        _publish(folder, complete)
        yield Stack(complete, folder, supervisor)


async def _start_servers(
    folder: DataFolder, supervisor: Supervisor, settings: Settings, report: Report, opened: AsyncExitStack
) -> dict[str, Any]:
    ports = PortBook(folder.run / "ports.json")
    found: dict[str, Any] = {}

    async def postgres() -> None:
        nodes = PostgresNodes(folder, ports, supervisor)
        opened.callback(nodes.close)
        found["database_urls"] = await nodes.start()
        report("PostgreSQL ×2 ready")

    async def valkey() -> None:
        redis, queue = await Valkey(folder, ports, supervisor).start()
        found["redis_url"] = settings.redis_url or redis
        found["queue_url"] = settings.queue_url or queue
        report("Valkey ready")

    async def seaweedfs() -> None:
        endpoint, access, secret = await SeaweedFS(folder, ports, supervisor, settings.s3_bucket).start()
        found.update(s3_endpoint=endpoint, s3_access_key=access, s3_secret_key=SecretStr(secret))
        report("SeaweedFS ready")

    wanted: list[Coroutine[Any, Any, None]] = []
    if not settings.database_urls:
        wanted.append(postgres())
    if not (settings.redis_url and settings.queue_url):
        wanted.append(valkey())
    if not settings.s3_endpoint:
        wanted.append(seaweedfs())
    tasks = [asyncio.ensure_future(server) for server in wanted]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return found


def environment(settings: Settings) -> dict[str, str]:
    """HELIOGRAPH_* variables from which a child process reads exactly these settings."""
    variables = {}
    for name in Settings.model_fields:
        value = _plain(getattr(settings, name))
        variables[f"HELIOGRAPH_{name.upper()}"] = ",".join(value) if isinstance(value, list) else str(value)
    return variables


def _plain(value: object) -> object:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return value.value if isinstance(value, Enum) else value


def _publish(folder: DataFolder, settings: Settings) -> None:
    """Writes down where the servers are, for the other commands."""
    addresses = {name: _plain(getattr(settings, name)) for name in ADDRESSES}
    record = {"pid": os.getpid(), "started": psutil.Process().create_time(), **addresses}
    write_private(folder.run / "stack.json", json.dumps(record, indent=1))


def attached(settings: Settings) -> Settings:
    """The settings, with the addresses of the stack that runs on their data folder where they name none.

    Raises StartupError where an address is missing and no stack runs.
    """
    missing = [name for name in ADDRESSES if not _plain(getattr(settings, name))]
    if not missing:
        return settings
    found = _published(settings.data)
    if found is None:
        raise StartupError(
            f"No stack runs on the data folder {settings.data}: start one with `make run`, "
            f"or set HELIOGRAPH_{missing[0].upper()}."
        )
    return Settings.model_validate({**settings.model_dump(), **{name: found[name] for name in missing}})


def was_killed(data: Path) -> bool:
    """Whether the last start on this folder ended without stopping its stack; its processes may be about to end."""
    return (data / "run" / "stack.json").exists() and _published(data) is None


def _published(data: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads((data / "run" / "stack.json").read_text())
        if psutil.Process(record["pid"]).create_time() != record["started"]:
            return None
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    return record
