"""Someone who has only GraphiQL finds a description on everything."""

from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
)

from core.settings import ROOT


def undescribed(schema: GraphQLSchema) -> Iterator[str]:
    for name, kind in schema.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        if not kind.description:
            yield name
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in kind.fields.items():
                if not field.description:
                    yield f"{name}.{field_name}"
                yield from (
                    f"{name}.{field_name}({a})" for a, v in getattr(field, "args", {}).items() if not v.description
                )
        if isinstance(kind, GraphQLEnumType):
            yield from (f"{name}.{value}" for value, kept in kind.values.items() if not kept.description)


def test_everything_has_a_description() -> None:
    assert list(undescribed(build_schema((ROOT / "schema.graphql").read_text()))) == []


def test_a_missing_one_is_found() -> None:
    schema = build_schema('"q" type Query { a(b: Int): E } enum E { X }')
    assert list(undescribed(schema)) == ["Query.a", "Query.a(b)", "E", "E.X"]
