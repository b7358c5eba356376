"""A small network of caches on a real socket: it pulls from an origin, keeps what it may, and forgets by tag."""

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import orjson

TOKEN = "of the network"
PURGE = "/purge"


@dataclass
class Network:
    """`origin` is pulled from. `failures` are the statuses that it answers purges with first; `delay` what it waits."""

    origin: str
    url: str = ""
    copies: dict[str, tuple[dict[str, str], bytes]] = field(default_factory=dict)
    purged: list[list[str]] = field(default_factory=list)
    pulled: list[str] = field(default_factory=list)
    served: int = 0
    failures: list[int] = field(default_factory=list)
    delay: threading.Event | None = None

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if path in self.copies:
            self.served += 1
            return 200, *self.copies[path]
        self.pulled.append(path)
        answer = httpx.get(self.origin + path)
        headers = {name: answer.headers[name] for name in ("content-type", "cache-control")}
        kept = re.search(r"s-maxage=(\d+)", headers["cache-control"])
        if answer.status_code == 200 and kept:
            self.copies[path] = (headers | {"cache-tag": answer.headers["cache-tag"]}, answer.content)
        return answer.status_code, headers, answer.content

    def purge(self, token: str | None, body: bytes) -> int:
        if self.delay is not None:
            self.delay.wait(10)
        if token != f"Bearer {TOKEN}":
            return 403
        if self.failures:
            return self.failures.pop(0)
        tags = orjson.loads(body)["tags"]
        self.purged.append(tags)
        for path, (headers, _) in list(self.copies.items()):
            if not set(headers["cache-tag"].split(",")).isdisjoint(tags):
                del self.copies[path]
        return 200


@contextlib.contextmanager
def caching_network(origin: str) -> Iterator[Network]:
    network = Network(origin)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(*network.get(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            known = self.path == PURGE and self.headers["content-type"] == "application/json"
            status = network.purge(self.headers["authorization"], body) if known else 404
            self._answer(status, {}, b'{"success": true}' if status == 200 else b"no")

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in (headers | {"content-length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        network.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield network
        if network.delay is not None:
            network.delay.set()
        server.shutdown()
        thread.join()
