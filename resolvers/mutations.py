"""How a root mutation field is declared."""

import dataclasses
import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import strawberry

from core.errors import UserErrorCode, UserFault
from loaders.context import Context
from schema.base import answered

PayloadType = TypeVar("PayloadType")


def mutation(resolver: Callable[..., Any] | None = None, *, description: str) -> Any:
    """A root mutation field: begins with nothing read before, so that it sees what the field before it wrote."""

    def declare(resolve: Callable[..., Awaitable[Any]]) -> Any:
        @functools.wraps(resolve)
        async def begin(self: Any, info: strawberry.Info, *args: Any, **kwargs: Any) -> Any:
            info.context.fresh()
            info.context.asked = max(1, sum(map(ids_in, kwargs.values())))
            return await resolve(self, info, *args, **kwargs)

        return strawberry.mutation(begin, description=description)

    return declare if resolver is None else declare(resolver)


def ids_in(given: Any, name: str = "") -> int:
    """How many ids there are in an input."""
    if isinstance(given, list):
        return sum(ids_in(one, name) for one in given)
    if dataclasses.is_dataclass(given):
        return sum(ids_in(value, field) for field, value in vars(given).items())
    return int(isinstance(given, str) and name.endswith(("_id", "_ids")))


async def change(
    info: strawberry.Info[Context, None],
    payload: Callable[..., PayloadType],
    work: Callable[[Context], Awaitable[dict[str, Any]]],
) -> PayloadType:
    """Runs `work(context)`, which gives the payload's fields, and tells what it refuses as `userErrors`.

    What was read before the change is forgotten, so that the answer shows the change.
    """
    context = info.context

    async def run() -> dict[str, Any]:
        try:
            fields = await work(context)
        except UserFault as fault:
            if fault.code is UserErrorCode.NOT_FOUND:
                context.miss(context.asked)
            raise
        context.fresh()
        return fields

    return await answered(payload, run)
