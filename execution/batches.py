"""Gathers what the rows of one operation need, and asks for it once per field and level."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any

from aiodataloader import DataLoader

Load = Callable[..., Awaitable[Sequence[Any]]]
"""`async (context, rows, **arguments) -> values`, as many values as rows, in their order."""


class Batches:
    """The loaders of one operation (of one event, in a subscription), keyed by field and arguments.

    Keys are the rows themselves, which compare by identity: a number could be used again for another object.
    """

    __slots__ = ("_context", "_loaders", "_primed")

    def __init__(self, context: Any) -> None:
        self._context = context
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}
        self._primed: dict[Hashable, dict[Any, Any]] = {}

    def load(self, load: Load, row: Any, arguments: dict[str, Any]) -> Any:
        """The value if it was primed, else a future of it."""
        key: Hashable = (load, *sorted(arguments.items())) if arguments else load
        primed = self._primed.get(key)
        if primed is not None and row in primed:
            return primed[row]
        loader = self._loaders.get(key)
        if loader is None:
            loader = self._loaders[key] = self._loader(load, arguments)
        return loader.load(row)

    def prime(self, load: Load, row: Any, value: Any, **arguments: Any) -> None:
        """Keeps a value that was fetched on the way to the row, so that asking for it awaits nothing."""
        key: Hashable = (load, *sorted(arguments.items())) if arguments else load
        self._primed.setdefault(key, {})[row] = value

    def _loader(self, load: Load, arguments: dict[str, Any]) -> DataLoader[Any, Any]:
        context = self._context

        async def batch(rows: list[Any]) -> list[Any]:
            values = await load(context, rows, **arguments)
            return values if isinstance(values, list) else list(values)

        return DataLoader(batch, max_batch_size=1000)
