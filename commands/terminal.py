"""What `up` says: progress and events on standard error, so that standard output has the one line alone."""

from rich.console import Console

from core import clock


class Terminal:
    """`say` prints a line with the seconds since the start; `doing` shows what is awaited, at a terminal."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._status = self._console.status("starting")
        self._began = clock.monotonic()

    def open(self) -> None:
        if self._console.is_terminal:
            self._status.start()

    def close(self) -> None:
        self._status.stop()

    def say(self, line: str) -> None:
        self._console.print(f"[dim]{clock.monotonic() - self._began:6.1f} s[/dim]  ", end="")
        self._console.print(line, markup=False, soft_wrap=True)

    def doing(self, what: str) -> None:
        self._status.update(what)
