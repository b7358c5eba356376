"""Every road to an object, read off the schema: what a new type or field adds is walked without being named here.

A road is a field that leads to something with an id, of a type that can be begun at: one that implements Node, or a
root. What lies between (edges, payloads, tags) is gone through, down to the next thing with an id, of which all plain
fields are asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)

MARKER = "mark"
PAGE = 10
"""Of each list. The cast has fewer of anything, but for what is paged on purpose."""
WITHOUT_ID = ("PageInfo", "UserError")


@dataclass(frozen=True, slots=True)
class Road:
    """`selection` is the field with its arguments and all that is asked behind it; `key` is what it is called in an
    answer, the field's name where nothing but the page is asked for."""

    begin: str
    field: str
    selection: str
    key: str

    @property
    def name(self) -> str:
        return f"{self.begin}.{self.key}"


class Roads:
    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        node = schema.type_map["Node"]
        self.node_types: list[str] = sorted(t.name for t in schema.get_possible_types(node))  # type: ignore[arg-type]

    def of(self, begin: str) -> list[Road]:
        """The roads that begin at a type, those that need no argument which only the cast can give."""
        roads: list[Road] = []
        for name, field in self._object(begin).fields.items():
            if not is_leaf_type(get_named_type(field.type)) and not needed(field) and self._leads_somewhere(field):
                roads.append(Road(begin, name, self._field(name, field, ()), name))
                for key, argument in choices(field):
                    selection = self._field(name, field, (), argument)
                    roads.append(Road(begin, name, f"{name}_{key}: {selection}", f"{name}_{key}"))
        return roads

    def with_arguments(self, begin: str) -> dict[str, GraphQLField]:
        """Fields that lead to something and need arguments."""
        fields = self._object(begin).fields.items()
        return {name: field for name, field in fields if needed(field) and not is_leaf_type(get_named_type(field.type))}

    def of_unions(self) -> set[str]:
        """The types of which unions are made."""
        unions = [kind for kind in self.schema.type_map.values() if isinstance(kind, GraphQLUnionType)]
        return {member.name for union in unions for member in union.types}

    def of_subscriptions(self) -> list[str]:
        return list(self._object("Subscription").fields)

    def selection_of(self, type_name: str) -> str:
        return self._selection(self.schema.type_map[type_name], (), is_begin=False)

    def plain_fields(self, type_name: str) -> str:
        return " ".join(self._plain(self._object(type_name)))

    def _object(self, name: str) -> GraphQLObjectType:
        found = self.schema.type_map[name]
        assert isinstance(found, GraphQLObjectType), name
        return found

    def _leads_somewhere(self, field: GraphQLField) -> bool:
        return any(name in self._selection(get_named_type(field.type), ()) for name in ("__typename",))

    def _field(self, name: str, field: GraphQLField, above: tuple[str, ...], argument: str = "") -> str:
        arguments = f"(first: {PAGE} {argument})" if "first" in field.args else ""
        named = get_named_type(field.type)
        return f"{name}{arguments} {{ {self._selection(named, above)} }}"

    def _selection(self, named: GraphQLNamedType, above: tuple[str, ...], *, is_begin: bool = False) -> str:
        if is_abstract_type(named):
            return self._abstract(named, above)
        assert isinstance(named, GraphQLObjectType)
        if named.name in self.node_types and not is_begin:
            return " ".join(["__typename", *self._plain(named)])
        parts = self._plain(named)
        if named.name not in above and named.name not in WITHOUT_ID:
            parts += [
                self._field(name, field, (*above, named.name))
                for name, field in named.fields.items()
                if not is_leaf_type(get_named_type(field.type)) and not needed(field)
            ]
        return " ".join(parts or ["__typename"])

    def _abstract(self, named: GraphQLNamedType, above: tuple[str, ...]) -> str:
        kinds = self.schema.get_possible_types(named)  # type: ignore[arg-type]
        parts = ["__typename"]
        for kind in kinds:
            if kind.name in self.node_types:
                fitting = [name for name in self._plain(kind) if self._agree(name, kind, kinds)]
                parts.append(f"... on {kind.name} {{ {' '.join(fitting)} }}")
            else:
                parts.append(f"... on {kind.name} {{ {self._selection(kind, above)} }}")
        return " ".join(parts)

    @staticmethod
    def _agree(name: str, kind: GraphQLObjectType, kinds: object) -> bool:
        """Fields of one name and different types cannot stand beside each other."""
        wanted = str(kind.fields[name].type)
        return all(str(other.fields[name].type) == wanted for other in kinds if name in other.fields)  # type: ignore[attr-defined]

    @staticmethod
    def _plain(kind: GraphQLObjectType) -> list[str]:
        return [
            name
            for name, field in kind.fields.items()
            if is_leaf_type(get_named_type(field.type)) and not needed(field)
        ]


def needed(field: GraphQLField) -> list[str]:
    return [name for name, argument in field.args.items() if is_required_argument(argument)]


def choices(field: GraphQLField) -> Iterator[tuple[str, str]]:
    """What else than the page can be asked of a list, with a name for it: each value of an enum, and for a search the
    beginning of all markers."""
    for name, argument in field.args.items():
        kind = get_named_type(argument.type)
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}_{value}", f"{name}: {value}") for value in kind.values)
        elif name == "query":
            yield name, f'{name}: "{MARKER}"'


def ids_in(answer: object) -> Iterator[tuple[str, str]]:
    """(type, id) of everything with an id in an answer."""
    if isinstance(answer, dict):
        if "__typename" in answer and isinstance(answer.get("id"), str):
            yield answer["__typename"], answer["id"]
        for value in answer.values():
            yield from ids_in(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from ids_in(value)


def types_in(answer: object) -> Iterator[str]:
    """The names of the types that an answer tells."""
    if isinstance(answer, dict):
        if "__typename" in answer:
            yield answer["__typename"]
        for value in answer.values():
            yield from types_in(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from types_in(value)
