"""Starts a server on ports that somebody may take in the meantime."""

import re
from typing import Protocol

from core.embedded.datafolder import DataFolder
from core.embedded.faults import PortTakenError, StartupError, no_space
from core.embedded.processes import ProcessSpec
from core.embedded.supervision import Supervisor

PORT_TAKEN = re.compile(r"address already in use|port \d+ .*(in use|not available)", re.IGNORECASE)
NO_SPACE = re.compile(r"no space left on device", re.IGNORECASE)


class MakeSpec(Protocol):
    def __call__(self, *, fresh: bool) -> ProcessSpec:
        """The process on its ports; `fresh` asks for others than the last time."""


def explain(words: str, folder: DataFolder, error: StartupError) -> StartupError:
    """What a server's last words mean for the person at the terminal; else `error` itself."""
    if NO_SPACE.search(words):
        return no_space(folder.path)
    if PORT_TAKEN.search(words):
        return PortTakenError(str(error))
    return error


async def start_on_free_ports(supervisor: Supervisor, folder: DataFolder, make: MakeSpec) -> None:
    """Three tries, the later ones on fresh ports, then StartupError."""
    for tries_left, fresh in ((2, False), (1, True), (0, True)):
        spec = make(fresh=fresh)
        before = spec.log.stat().st_size if spec.log.exists() else 0
        try:
            await supervisor.start(spec)
        except StartupError as error:
            with spec.log.open("rb") as log:
                log.seek(before)
                fault = explain(log.read().decode(errors="replace"), folder, error)
            if not (isinstance(fault, PortTakenError) and tries_left):
                raise fault from error
        else:
            return
