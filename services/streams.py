"""What streams share that are gone on with by cursor: the cursors, and the waiting for a wake-up."""

import asyncio
import contextlib
from enum import IntEnum

from core.errors import RequestErrorCode, RequestFault
from models.global_ids import NodeKind
from services.pages import decode_cursor, encode_cursor


class Stream(IntEnum):
    """Numbers are in cursors that clients keep: never change one."""

    NOTIFICATIONS = NodeKind.NOTIFICATION
    HOME_FEED = -1


_NAMES = {Stream.NOTIFICATIONS: "your notifications", Stream.HOME_FEED: "new posts in your home feed"}


def cursor_in(stream: Stream, owner_id: int, position: int) -> str:
    """Of somebody's own stream: for anybody else it is none."""
    return encode_cursor(stream, owner_id, position)


def position_in(stream: Stream, owner_id: int, cursor: str) -> int:
    """Raises RequestFault (BAD_REQUEST) for what is no cursor of this stream of theirs."""
    number, owner, position = decode_cursor(cursor, 3)
    if (number, owner) != (stream, owner_id) or position < 0:
        raise foreign_cursor(stream)
    return position


def foreign_cursor(stream: Stream) -> RequestFault:
    return RequestFault(RequestErrorCode.BAD_REQUEST, f"`after` is not a cursor of {_NAMES[stream]}.")


async def wakes(woken: "asyncio.Queue[bytes]", seconds: float) -> bool:
    """Waits for a wake-up, at most so long; true if there was one. All that came by then are one."""
    # Not `wait_for`: in Python 3.11 it loses a cancellation that meets a message.
    came = False
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await woken.get()
            came = True
    while not woken.empty():
        woken.get_nowait()
    return came
