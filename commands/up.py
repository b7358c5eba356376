"""`cli.py up`: the servers, the migrations, the API and the workers, until a signal ends all of it."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from asyncpg import DiskFullError
from sqlalchemy.exc import DBAPIError

from commands.fleet import Fleet, Member, members
from commands.listening import listen, probe_address, url
from commands.terminal import Terminal
from core import clock
from core.embedded.faults import StartupError, no_space
from core.embedded.probe import http_status
from core.embedded.processes import launcher
from core.embedded.stack import Stack, embedded_stack, environment, was_killed
from core.settings import ROOT, Settings
from models.migrate import WrongNode, migrate_all

READY_SECONDS = 180.0
LEFTOVERS_SECONDS = 5.0
OK = 200


@dataclass(frozen=True, slots=True)
class Options:
    host: str
    port: int
    demo: bool
    crew: Sequence[Member]


def up(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the API; 0 takes a free one.")] = 8000,
    host: Annotated[str, typer.Option(help="Address that the API listens on.")] = "127.0.0.1",
    data: Annotated[Path | None, typer.Option(help="Data folder; .data in the checkout if not given.")] = None,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes of the API.")] = 1,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes of each family of workers.")] = 1,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Sow the demo town once all is ready.")] = True,
) -> None:
    """Start everything; print one line when it is ready; stop it all on SIGTERM or Ctrl-C."""
    given: dict[str, Any] = {"data": data} if data else {}
    options = Options(host, port, demo, members(processes, workers))
    code = asyncio.run(run(options, Settings(**given)))
    raise typer.Exit(code)


async def run(options: Options, settings: Settings) -> int:
    """Returns the exit code: 0 when a signal ended what was ready, 1 when it came before. Raises StartupError."""
    terminal = Terminal()
    was_ready = asyncio.Event()
    work = asyncio.create_task(_run(options, settings, terminal, was_ready))
    loop = asyncio.get_running_loop()
    asked = False

    def end() -> None:
        nonlocal asked
        if not asked:  # later ones must not break into the stopping
            asked = True
            terminal.say("stopping")
            work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    terminal.open()
    try:
        await work
    except asyncio.CancelledError:
        terminal.say("stopped")
    finally:
        terminal.close()
    return 0 if was_ready.is_set() else 1


async def _run(options: Options, settings: Settings, terminal: Terminal, was_ready: asyncio.Event) -> None:
    with contextlib.closing(await _listen(options, settings.data)) as listening:
        terminal.doing("starting the servers")
        async with embedded_stack(settings.data, settings, report=terminal.say) as stack:
            await _migrate(stack.settings, terminal)
            terminal.doing("starting the API and the workers")
            async with _fleet(Fleet(stack, listening, options.crew)) as fleet:
                await _until_ready(fleet, listening)
                terminal.close()
                was_ready.set()
                print(f"ready {url(listening, options.host)}/graphql", flush=True)
                if options.demo:
                    await _sow(stack, terminal)
                await asyncio.Event().wait()


async def _listen(options: Options, data: Path) -> socket.socket:
    """Processes of a start that was killed hold the port for another moment."""
    deadline = clock.monotonic() + (LEFTOVERS_SECONDS if was_killed(data) else 0)
    while True:
        try:
            return listen(options.host, options.port)
        except StartupError:
            if clock.monotonic() > deadline:
                raise
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def _fleet(fleet: Fleet) -> AsyncIterator[Fleet]:
    try:
        await fleet.start()
        yield fleet
    finally:
        await fleet.stop()


async def _migrate(settings: Settings, terminal: Terminal) -> None:
    nodes = len(settings.database_urls)

    def progress(node: int, step: str) -> None:
        terminal.doing(f"node {node + 1} of {nodes}: {step}")

    try:
        await migrate_all(settings, progress)
    except WrongNode as error:
        raise StartupError(str(error)) from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != DiskFullError.sqlstate:
            raise
        raise no_space(settings.data) from error
    except OSError as error:
        raise StartupError(f"A database of HELIOGRAPH_DATABASE_URLS does not answer: {error}.") from error
    terminal.say(f"{nodes} nodes migrated")


async def _until_ready(fleet: Fleet, listening: socket.socket) -> None:
    """The first request waits in the socket's backlog until a process takes it."""
    host, port = probe_address(listening)

    async def answers() -> None:
        while await http_status(host, port, "/readyz", seconds=READY_SECONDS) != OK:  # noqa: ASYNC110 - asks another process
            await asyncio.sleep(0.05)

    probe = asyncio.create_task(answers())
    deadline = clock.monotonic() + READY_SECONDS
    try:
        while not probe.done():
            fleet.check()
            if clock.monotonic() > deadline:
                raise StartupError(f"The API was not ready in {READY_SECONDS:.0f} s; see the logs in the data folder.")
            await asyncio.wait({probe}, timeout=0.1)
    finally:
        probe.cancel()


async def _sow(stack: Stack, terminal: Terminal) -> None:
    """Runs `cli.py seed` once in the life of the data folder; it prints on standard error."""
    sown = stack.folder.path / "demo_sown"
    if sown.exists() or find_spec("commands.seed") is None:
        return
    terminal.say("sowing the demo town; the API answers meanwhile")
    process = await asyncio.create_subprocess_exec(
        *launcher(signal.SIGTERM),
        sys.executable,
        str(ROOT / "cli.py"),
        "seed",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=sys.stderr,
        env={**os.environ, **environment(stack.settings)},
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    if code == 0:
        sown.touch()
        terminal.say("the demo town is sown")
    else:
        terminal.say(f"the demo town was not sown (exit code {code}); try again with `make seed`")
