"""How much of a file may be looked at."""

from collections.abc import Callable

from media.errors import MediaRejected, too_complex


class Budget:
    """So many blocks, boxes or numbers; `refusal` is what is raised where a file has more."""

    def __init__(self, most: int, refusal: Callable[[], MediaRejected] = too_complex) -> None:
        self._left = most
        self._refusal = refusal

    def spend(self) -> None:
        """Raises MediaRejected where a file has more than any of its kind has."""
        self._left -= 1
        if self._left < 0:
            raise self._refusal()
