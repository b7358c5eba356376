"""Asks a server over HTTP how it is, with nothing but a socket: used before and beside the application."""

import asyncio
import contextlib


async def http_status(host: str, port: int, path: str, *, seconds: float = 5.0) -> int | None:
    """The status code of a GET; None where nobody answers in `seconds`."""
    answer = await http_answer(host, port, path, seconds=seconds)
    return answer and answer[0]


async def http_answer(host: str, port: int, path: str, *, seconds: float = 5.0) -> tuple[int, bytes] | None:
    """Status code and body of a GET; None where nobody answers in `seconds`."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
            words = (await reader.readline()).split()
            rest = await reader.read()
    except (OSError, TimeoutError):
        return None
    finally:
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    if len(words) < 2 or not words[1].isdigit():
        return None
    return int(words[1]), rest.partition(b"\r\n\r\n")[2]
