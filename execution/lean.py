"""Takes strawberry's and graphql-core's wrappers off where they are not needed; the answers stay the same.

A page of 1,000 fields calls a resolver for each and asks of each object what it is. For an attribute of a row, and for
a batched field, the wrapper costs several times what the work does; and what a row is, its class tells.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, cast

import strawberry
from graphql import (
    GraphQLAbstractType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from execution.batched import BatchedField
from execution.batches import Load

Resolver = Callable[..., Any]
IsTypeOf = Callable[[Any, Any], Any]


def lean(schema: strawberry.Schema) -> strawberry.Schema:
    """Replaces resolvers in place."""
    core: GraphQLSchema = schema._schema  # noqa: SLF001  strawberry has no public way to it
    for graphql_type in core.type_map.values():
        if isinstance(graphql_type, GraphQLObjectType | GraphQLInterfaceType):
            for graphql_field in graphql_type.fields.values():
                resolver = _lean_resolver(schema, graphql_field)
                if resolver is not None:
                    graphql_field.resolve = resolver
    _tell_types_by_class(core)
    return schema


def _lean_resolver(schema: strawberry.Schema, graphql_field: GraphQLField) -> Resolver | None:
    """None where strawberry's own is needed: for input objects, `info`, extensions, subscriptions, coroutines."""
    field = graphql_field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(field, StrawberryField) or field.is_subscription or field.extensions:
        return None
    if not all(is_leaf_type(get_named_type(argument.type)) for argument in graphql_field.args.values()):
        return None
    name_of = schema.config.name_converter.from_argument
    names = {name_of(argument): argument.python_name for argument in field.arguments}
    if isinstance(field, BatchedField):
        return _batch(field.load, names)
    if field.is_basic_field:
        return _attribute(field.python_name)
    method = field.base_resolver
    if method is None or method.is_async or method.self_parameter is None or method.info_parameter is not None:
        return None
    return _method(cast(Resolver, method.wrapped_func), names)


def _attribute(name: str) -> Resolver:
    read = attrgetter(name)

    def resolve(source: Any, _info: Any) -> Any:
        return read(source)

    return resolve


def _batch(load: Load, names: Mapping[str, str]) -> Resolver:
    def resolve(source: Any, info: Any) -> Any:
        return info.context.batches.load(load, source, {})

    def resolve_with(source: Any, info: Any, **arguments: Any) -> Any:
        return info.context.batches.load(load, source, {names[name]: value for name, value in arguments.items()})

    return resolve_with if names else resolve


def _method(function: Callable[..., Any], names: Mapping[str, str]) -> Resolver:
    def resolve(source: Any, _info: Any, **arguments: Any) -> Any:
        return function(source, **{names[name]: value for name, value in arguments.items()})

    return resolve


def _tell_types_by_class(core: GraphQLSchema) -> None:
    """`is_type_of` looks at nothing but the class, so each class is asked for once; and an object whose type is known
    is not asked again."""
    objects = [kind for kind in core.type_map.values() if isinstance(kind, GraphQLObjectType)]
    tests = {kind.name: kind.is_type_of for kind in objects if kind.is_type_of is not None}
    for kind in core.type_map.values():
        if is_abstract_type(kind):
            kind.resolve_type = _by_class(core, kind, tests)
    for kind in objects:
        kind.is_type_of = None


def _by_class(core: GraphQLSchema, abstract: GraphQLAbstractType, tests: Mapping[str, IsTypeOf]) -> Resolver:
    known: dict[type, str] = {}
    possible = [(kind.name, tests[kind.name]) for kind in core.get_possible_types(abstract) if kind.name in tests]

    def resolve_type(value: Any, info: Any, _abstract: Any) -> str | None:
        found = known.get(type(value))
        if found is None:
            found = next((name for name, is_type_of in possible if is_type_of(value, info)), None)
            if found is not None:
                known[type(value)] = found
        return found

    return resolve_type
