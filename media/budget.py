"""How much of a file may be looked at."""

from collections.abc import Callable

from media.errors import MediaRejected, too_complex


class Budget:
    """So many blocks, boxes or numbers; `refusal` is what is raised where a file has more. One that is a part of
    another spends of both."""

    def __init__(
        self, most: int, refusal: Callable[[], MediaRejected] = too_complex, *, part_of: "Budget | None" = None
    ) -> None:
        self._left = most
        self._refusal = refusal
        self._whole = part_of

    def spend(self) -> None:
        """Raises MediaRejected where a file has more than any of its kind has."""
        self._left -= 1
        if self._left < 0:
            raise self._refusal()
        if self._whole is not None:
            self._whole.spend()
