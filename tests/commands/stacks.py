"""Starts `cli.py up` as a person does, and looks at what it does to the machine."""

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from core import clock
from core.settings import ROOT

TAKEN_FROM_HERE = ("PATH", "HOME", "LANG")
COMMAND = (sys.executable, str(ROOT / "cli.py"), "up", "--no-demo")


def clean_environment(**more: str) -> dict[str, str]:
    """No HELIOGRAPH_* variable of the caller's: its servers are not to be used."""
    kept = {name: os.environ[name] for name in TAKEN_FROM_HERE if name in os.environ}
    return {**kept, **more}


@dataclass
class Up:
    """A running `cli.py up`; `family` is every process that it has ever been seen to have."""

    process: asyncio.subprocess.Process
    ready_line: str
    seconds_to_ready: float
    errors: Path
    family: set[psutil.Process] = field(default_factory=set)

    @property
    def url(self) -> str:
        return self.ready_line.removeprefix("ready ").removesuffix("/graphql")

    def said(self) -> str:
        return self.errors.read_text()

    def look(self) -> set[psutil.Process]:
        parent = psutil.Process(self.process.pid)
        self.family |= {parent, *parent.children(recursive=True)}
        return self.family

    def pid_of(self, *words: str) -> int:
        """The one direct child whose command line has all these words."""
        children = psutil.Process(self.process.pid).children()
        found: list[int] = [child.pid for child in children if all(word in command_of(child) for word in words)]
        assert len(found) == 1, (words, found)
        return found[0]

    async def terminate(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float, str]:
        """Exit code, seconds that it took, and what else it printed on standard output."""
        self.look()
        began = clock.monotonic()
        self.process.send_signal(number)
        out, _ = await self.process.communicate()
        return self.process.returncode or 0, clock.monotonic() - began, out.decode()

    async def kill_everything(self) -> None:
        """All at once: nothing is left to notice the death of another, or to tidy up."""
        for process in self.look():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        await self.process.wait()

    def living(self) -> list[str]:
        return [describe(process) for process in self.family if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def command_of(process: psutil.Process) -> str:
    """Its command line; empty where it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def describe(process: psutil.Process) -> str:
    return f"{process.pid} {command_of(process)[:120]}"


async def start_up(data: Path, *arguments: str, errors: Path, **environment: str) -> Up:
    """Returns when it is ready. A free port unless `arguments` name one."""
    began = clock.monotonic()
    with errors.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            "--port=0",
            f"--data={data}",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=clean_environment(**environment),
        )
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 200)).decode().strip()
    if not line:
        await process.wait()
    assert line.startswith("ready http://"), errors.read_text()
    up = Up(process, line, clock.monotonic() - began, errors)
    up.look()
    return up


async def fail_up(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a start that is to fail."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=clean_environment(**environment),
    )
    try:
        out, error = await asyncio.wait_for(process.communicate(), 60)
    except TimeoutError:
        process.kill()
        raise
    return process.returncode or 0, out.decode(), error.decode()


def users_of(folder: Path) -> list[str]:
    """Processes that work on the data folder: by their command line, environment, or working folder."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values(), process.cwd()]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(folder) in word for word in words) and is_alive(process):
            found.append(describe(process))
    return found
