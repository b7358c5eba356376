"""Takes strawberry's wrappers off the fields that do not need them.

A page of 950 fields calls a resolver for each; for an attribute of a row, and for a batched field without
arguments, the wrapper costs several times what the work does.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from execution.batched import BatchedField
from execution.batches import Load


def lean(schema: strawberry.Schema) -> strawberry.Schema:
    """Replaces the resolvers in place; the answers stay the same."""
    for graphql_type in schema._schema.type_map.values():  # noqa: SLF001  strawberry has no public way to it
        if not isinstance(graphql_type, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for graphql_field in graphql_type.fields.values():
            field = graphql_field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
            if isinstance(field, BatchedField) and not field.arguments and not field.extensions:
                graphql_field.resolve = _batch(field.load)
            elif isinstance(field, StrawberryField) and field.is_basic_field and not field.is_subscription:
                graphql_field.resolve = _attribute(field.python_name)
    return schema


def _attribute(name: str) -> Callable[..., Any]:
    read = attrgetter(name)

    def resolve(source: Any, _info: Any) -> Any:
        return read(source)

    return resolve


def _batch(load: Load) -> Callable[..., Any]:
    def resolve(source: Any, info: Any) -> Any:
        return info.context.batches.load(load, source, {})

    return resolve
