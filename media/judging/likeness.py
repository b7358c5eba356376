"""Many hashes held in memory, and which of them is nearest to one."""

from collections.abc import Iterable

import numpy as np

from media.judging.protocol import HASH_BYTES

ALIKE = 31
"""So many bits or fewer, of 256, between two hashes mean the same picture: a confident match, as the authors of PDQ,
which is built the same way, have it."""

COMPARABLE = 50
"""Pictures of a lower quality (0 to 100; there is little on them) are not compared: the authors do not either."""

_WORDS = HASH_BYTES // 8


class Likenesses:
    """Grows; nothing is taken out. 32 bytes a hash. Not to be changed while another thread looks into it."""

    def __init__(self) -> None:
        # A row for each word of a hash, so that what is computed runs through memory from front to back.
        self._words = np.empty((_WORDS, 1024), np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, hashes: bytes) -> None:
        """One or more, one behind the other."""
        new = np.frombuffer(hashes, np.uint64).reshape(-1, _WORDS).T
        needed, room = self._count + new.shape[1], self._words.shape[1]
        if needed > room:
            grown = np.empty((_WORDS, max(needed, 2 * room)), np.uint64)
            grown[:, : self._count] = self._words[:, : self._count]
            self._words = grown
        self._words[:, self._count : needed] = new
        self._count = needed

    def nearest(self, hashes: Iterable[bytes]) -> int | None:
        """The fewest bits between one of these and one that is held; None where none is."""
        if not self._count:
            return None
        return min((self._distance(np.frombuffer(one, np.uint64)) for one in hashes), default=None)

    def knows(self, hashes: Iterable[bytes]) -> bool:
        """Whether one of these is alike to one that is held."""
        nearest = self.nearest(hashes)
        return nearest is not None and nearest <= ALIKE

    def _distance(self, asked: "np.ndarray[tuple[int, ...], np.dtype[np.uint64]]") -> int:
        bits = np.zeros(self._count, np.uint16)
        for held, word in zip(self._words, asked, strict=True):
            bits += np.bitwise_count(held[: self._count] ^ word)
        return int(bits.min())
