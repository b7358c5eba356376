"""Free loopback ports, kept from one start to the next where they still are free.

They lie below the range that Linux hands to outgoing connections, or a client could take one between choosing
it and the server's bind.
"""

import json
import secrets
import socket
from collections.abc import Iterable
from pathlib import Path

LOOPBACK = "127.0.0.1"
FIRST, LAST = 20_000, 32_000


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


class PortBook:
    """The ports of one data folder, by name. `path` is a JSON object of name → port."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ports: dict[str, int] = {}
        if path.exists():
            try:
                self._ports = {str(name): int(port) for name, port in json.loads(path.read_text()).items()}
            except (ValueError, AttributeError):  # torn by a kill: the ports are chosen anew
                self._ports = {}

    def choose(self, name: str, *, also: Iterable[int] = (0,), fresh: bool = False) -> int:
        """A port that is free, with each `port + offset` of `also`. `fresh` forgets the remembered one."""
        offsets = tuple(also)
        known = None if fresh else self._ports.pop(name, None)
        if known is None or not self._fits(known, offsets):
            known = self._draw(offsets)
        self._ports[name] = known
        self._path.write_text(json.dumps(self._ports, indent=1))
        return known

    def _draw(self, offsets: tuple[int, ...]) -> int:
        while True:
            port = FIRST + secrets.randbelow(LAST - FIRST)
            if self._fits(port, offsets):
                return port

    def _fits(self, port: int, offsets: tuple[int, ...]) -> bool:
        return all(port + offset not in self._ports.values() and is_free(port + offset) for offset in offsets)
