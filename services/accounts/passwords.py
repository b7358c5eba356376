"""Passwords: argon2id, in a few threads beside the event loop (argon2 gives the interpreter lock back)."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import RequestErrorCode, RequestFault, UserErrorCode, UserFault
from core.settings import Settings

SHORTEST, LONGEST = 8, 256
MAX_WAITING = 500
Answer = TypeVar("Answer")


def checked_password(password: str, *field: str) -> str:
    """As it is: no normalising, no trimming. Raises UserFault: TOO_SHORT, TOO_LONG or INVALID."""
    if len(password) < SHORTEST:
        raise UserFault(UserErrorCode.TOO_SHORT, f"Use {SHORTEST} characters or more.", field or None)
    if len(password) > LONGEST:
        raise UserFault(UserErrorCode.TOO_LONG, f"Use {LONGEST} characters at most.", field or None)
    if any("\ud800" <= character <= "\udfff" for character in password):
        raise UserFault(UserErrorCode.INVALID, "This has characters that are no text.", field or None)
    return password


class Passwords:
    """One per process: `passwords(settings)`."""

    def __init__(self, memory_kib: int, passes: int, threads: int) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._waiting = 0
        # Of a password that nobody has: what a login is checked against that no account has.
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(32))

    async def hash(self, password: str) -> str:
        """Raises RequestFault (RATE_LIMITED) when too many wait for the threads already; so does `verify`."""
        return await self._beside(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Takes as long where nothing is stored as where the password is wrong."""
        fits = await self._beside(lambda: self._fits(stored or self._nobodys, password))
        return fits and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether it was hashed with other parameters than those of today."""
        return self._hasher.check_needs_rehash(stored)

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    async def _beside(self, work: Callable[[], Answer]) -> Answer:
        if self._waiting >= MAX_WAITING:
            raise RequestFault(RequestErrorCode.RATE_LIMITED, "Too many people sign in at this moment: try again.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


@lru_cache(maxsize=4)
def _passwords(memory_kib: int, passes: int, threads: int) -> Passwords:
    return Passwords(memory_kib, passes, threads)


def passwords(settings: Settings) -> Passwords:
    return _passwords(settings.password_memory_kib, settings.password_passes, settings.password_threads)
