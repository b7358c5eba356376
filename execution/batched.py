"""How a field that needs I/O is declared: a function from rows to values.

    author: Annotated["User", strawberry.lazy("schema.user")] = batched(load_author, description="Who posted it.")

The keyword-only parameters of the function are the field's arguments. Interpreted, it rides on a dataloader; a
compiled plan may call the same function once per level instead.
"""

import inspect
from collections.abc import Awaitable, Mapping
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from execution.batches import Load

PAGE_ARGUMENTS = {
    "first": "How many at most: 1 to 100.",
    "after": "Begins behind this cursor: `pageInfo.endCursor` of the page before.",
}


class BatchedField(StrawberryField):
    """A field whose values are loaded for all rows of a level at once. Context values offer `.batches`."""

    load: Load

    @property
    def is_basic_field(self) -> bool:
        return False

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Awaitable[Any] | Any:  # noqa: ARG002  strawberry's signature
        return info.context.batches.load(self.load, source, kwargs)

    def __copy__(self) -> "BatchedField":
        copied = super().__copy__()
        copied.load = self.load
        return copied


def batched(
    load: Load, *, description: str, name: str | None = None, arguments: Mapping[str, str] | None = None
) -> Any:
    """Declares a batched field. `arguments` describes those that are not `first` and `after`.

    Raises TypeError where an argument has no description or no annotation.
    """
    field = BatchedField(graphql_name=name, type_annotation=None, description=description)
    # A field with a default would be a parameter of the type's constructor; rows are no instances of it.
    field.init = field.repr = field.compare = False
    field.load = load
    described = {**PAGE_ARGUMENTS, **(arguments or {})}
    field.arguments = [
        _argument(parameter, described, load)
        for parameter in inspect.signature(load).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    return field


def _argument(parameter: inspect.Parameter, described: Mapping[str, str], load: Load) -> StrawberryArgument:
    if parameter.annotation is inspect.Parameter.empty or parameter.name not in described:
        raise TypeError(f"{load.__name__}: the argument {parameter.name} needs an annotation and a description")
    no_default = parameter.default is inspect.Parameter.empty or parameter.default is None
    return StrawberryArgument(
        python_name=parameter.name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(parameter.annotation, namespace=getattr(load, "__globals__", {})),
        description=described[parameter.name],
        default=strawberry.UNSET if no_default else parameter.default,
    )
