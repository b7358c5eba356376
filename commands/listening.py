"""The socket on which all API processes answer."""

import errno
import socket

from core.embedded.faults import StartupError

BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises StartupError with what is wrong about the address."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError):
        raise StartupError(f"The host {host} of --host is not known.") from None
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise _fault(host, port, error) from error
    return listening


def _fault(host: str, port: int, error: OSError) -> StartupError:
    match error.errno:
        case errno.EADDRINUSE:
            return StartupError(f"Port {port} of {host} is taken; stop what uses it, or choose another with --port.")
        case errno.EACCES:
            return StartupError(f"Port {port} needs more rights than this user has; choose one above 1023 with --port.")
        case errno.EADDRNOTAVAIL:
            return StartupError(f"This machine has no address {host}; choose another with --host.")
    return StartupError(f"Cannot listen on port {port} of {host}: {error.strerror}.")


def url(listening: socket.socket, host: str) -> str:
    """http://HOST:PORT as a client writes it."""
    port = listening.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def probe_address(listening: socket.socket) -> tuple[str, int]:
    """Where this machine itself reaches the socket."""
    host, port = listening.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104 - compared, not bound
