"""The servers of a measurement: the embedded ones, the API, the twin."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bench.load import Connection
from core.embedded.stack import environment
from core.settings import ROOT, Environment, Settings

START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Running:
    port: int
    pid: int


@contextlib.asynccontextmanager
async def program(settings: Settings, *argv: str, **changed: object) -> AsyncIterator[Running]:
    """`python ARGV --fd N` in production mode, until the end of the block. `changed` are settings by name."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    variables = {
        **os.environ,
        **environment(settings),
        "HELIOGRAPH_ENV": Environment.PRODUCTION.value,
        "HELIOGRAPH_PUBLIC_URL": "http://heliograph.example",
        **{f"HELIOGRAPH_{name.upper()}": str(value) for name, value in changed.items()},
    }
    with (settings.data / "bench.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: ASYNC220  it is started once
            [sys.executable, *argv, "--fd", str(listening.fileno())],
            pass_fds=[listening.fileno()],
            cwd=ROOT,
            env=variables,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    port = listening.getsockname()[1]
    listening.close()
    try:
        connection = await Connection.open(port)
        connection.close()
        yield Running(port, process.pid)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, START_SECONDS)
