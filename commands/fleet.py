"""Our own processes: the API on one listening socket, the relay of the outbox, the workers."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from core.embedded.faults import StartupError
from core.embedded.processes import ProcessSpec
from core.embedded.stack import Stack, environment
from core.settings import ROOT

API_GRACE, WORKER_GRACE, RELAY_GRACE = 3.5, 2.0, 1.0  # seconds; with the servers' own, a stop stays below ten
WORKER_FAMILIES = ("fast", "fanout", "media")
DEATHS_AT_START = 3


@dataclass(frozen=True, slots=True)
class Member:
    """`count` processes that run the same program. `{fd}` in `argv` is the listening socket's descriptor."""

    name: str
    argv: tuple[str, ...]
    count: int
    grace: float

    def names(self) -> list[str]:
        return [f"{self.name}-{number}" if self.count > 1 else self.name for number in range(self.count)]


def members(processes: int, workers: int) -> tuple[Member, ...]:
    """In the order in which they are stopped."""
    python = sys.executable
    return (
        Member("api", (python, str(ROOT / "app.py"), "--fd", "{fd}"), processes, API_GRACE),
        *(
            Member(f"worker-{family}", (python, "-m", "workers.run", family), workers, WORKER_GRACE)
            for family in WORKER_FAMILIES
        ),
        Member("relay", (python, "-m", "workers.relay"), 1, RELAY_GRACE),
    )


class Fleet:
    """The members, kept running by the stack's supervisor until `stop`."""

    def __init__(self, stack: Stack, listening: socket.socket, crew: Sequence[Member]) -> None:
        self._stack = stack
        self._listening = listening
        self._crew = crew

    async def start(self) -> None:
        specs = [self._spec(member, name) for member in self._crew for name in member.names()]
        await asyncio.gather(*(self._stack.supervisor.launch(spec) for spec in specs))

    def check(self) -> None:
        """Raises StartupError when a member dies again and again instead of getting ready."""
        supervisor = self._stack.supervisor
        for member in self._crew:
            for name in member.names():
                if supervisor.deaths(name) >= DEATHS_AT_START:
                    raise StartupError(f"{name} does not stay up{supervisor.last_words(name)}.")

    async def stop(self) -> None:
        """No new requests, then no new jobs, then no new deliveries."""
        workers = [name for member in self._crew for name in member.names() if member.name.startswith("worker")]
        api = [name for member in self._crew if member.name == "api" for name in member.names()]
        everyone = [name for member in self._crew for name in member.names()]
        for names in (api, workers, everyone):
            await self._stack.supervisor.stop(names)

    def _spec(self, member: Member, name: str) -> ProcessSpec:
        descriptor = self._listening.fileno()
        takes_socket = "{fd}" in member.argv
        return ProcessSpec(
            name=name,
            argv=tuple(word.replace("{fd}", str(descriptor)) for word in member.argv),
            log=self._stack.folder.log / f"{name}.log",
            env={**os.environ, **environment(self._stack.settings)},
            cwd=ROOT,
            grace=member.grace,
            last_resort=signal.SIGKILL,
            pass_fds=(descriptor,) if takes_socket else (),
        )
