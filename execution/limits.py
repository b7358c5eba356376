"""How large an operation may be: tokens, depth, aliases, and cost."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    value_from_ast_untyped,
)

from core.errors import RequestErrorCode, RequestFault

_ROOT_COST = 1


@dataclass(frozen=True, slots=True)
class OperationLimits:
    """`cost` is the number of fields that an answer can have: each counts once, times the page sizes above it. `answer`
    is the number that it does have, also below lists without a page size."""

    tokens: int
    depth: int
    aliases: int
    cost: int
    answer: int


def too_large(what: str, limit: int) -> RequestFault:
    return RequestFault(RequestErrorCode.LIMIT_EXCEEDED, f"The operation {what}; the limit is {limit}.")


def check_shape(document: DocumentNode, limits: OperationLimits) -> None:
    """Depth and aliases of every operation, fragments followed. Raises RequestFault (LIMIT_EXCEEDED).

    The document must be valid: fragments without cycles.
    """
    fragments = fragments_of(document)
    depths: dict[str, tuple[int, int]] = {}

    def measure(selection_set: SelectionSetNode | None) -> tuple[int, int]:
        depth = aliases = 0
        for field, inner in children_of(selection_set):
            if isinstance(field, FragmentSpreadNode):
                name = field.name.value
                if name not in depths:
                    depths[name] = measure(fragments[name].selection_set)
                below, named = depths[name]
            else:
                below, named = measure(inner)
            if isinstance(field, FieldNode):
                below += 1
                named += field.alias is not None
                _check_introspection(field, named)
            depth, aliases = max(depth, below), aliases + named
        return depth, aliases

    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            depth, aliases = measure(definition.selection_set)
            if depth > limits.depth:
                raise too_large(f"is {depth} levels deep", limits.depth)
            if aliases > limits.aliases:
                raise too_large(f"has {aliases} aliases", limits.aliases)


def _check_introspection(field: FieldNode, aliases: int) -> None:
    """Each alias there is another walk through the whole schema."""
    if aliases and field.name.value in ("__schema", "__type"):
        raise too_large(f"has {aliases} aliases in its introspection", 0)


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}


def children_of(selection_set: SelectionSetNode | None) -> Iterator[tuple[Any, SelectionSetNode | None]]:
    """Its selections, each with the selection set of its own, if it has one."""
    for selection in selection_set.selections if selection_set else ():
        yield selection, getattr(selection, "selection_set", None)


class CostOf:
    """The cost of one operation as a function of its variables."""

    __slots__ = ("_defaults", "_fragments", "_operation", "_schema")

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._fragments = fragments_of(document)
        self._operation = operation
        self._defaults: dict[str, Any] = {
            definition.variable.name.value: value_from_ast_untyped(definition.default_value)
            for definition in operation.variable_definitions or ()
            if definition.default_value is not None
        }

    def __call__(self, variables: Mapping[str, Any]) -> int:
        root = self._schema.get_root_type(self._operation.operation)
        given = {**self._defaults, **variables} if self._defaults else variables
        return self._of(self._operation.selection_set, root, given, {})

    def _of(
        self, selection_set: SelectionSetNode | None, parent: Any, variables: Mapping[str, Any], seen: dict[str, int]
    ) -> int:
        cost = 0
        for selection, inner in children_of(selection_set):
            if isinstance(selection, FieldNode):
                cost += self._of_field(selection, parent, variables, seen)
            elif isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name not in seen:  # else fragments that spread fragments twice each would cost time without end
                    fragment = self._fragments[name]
                    on = self._schema.get_type(fragment.type_condition.name.value)
                    seen[name] = self._of(fragment.selection_set, on, variables, seen)
                cost += seen[name]
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                on = self._schema.get_type(condition.name.value) if condition else parent
                cost += self._of(inner, on, variables, seen)
        return cost

    def _of_field(self, field: FieldNode, parent: Any, variables: Mapping[str, Any], seen: dict[str, int]) -> int:
        definition = getattr(parent, "fields", {}).get(field.name.value)
        if definition is None:  # __typename and introspection
            return _ROOT_COST
        named = get_named_type(definition.type)
        below = self._of(field.selection_set, named, variables, seen) if is_composite_type(named) else 0
        return _ROOT_COST + below * self._page_size(field, definition, variables)

    @staticmethod
    def _page_size(field: FieldNode, definition: Any, variables: Mapping[str, Any]) -> int:
        argument = definition.args.get("first") or definition.args.get("ids")
        if argument is None:
            return 1
        given = next((a.value for a in field.arguments or () if a.name.value in ("first", "ids")), None)
        default = _default_of(argument)
        if isinstance(given, IntValueNode):
            return max(1, int(given.value))
        if isinstance(given, VariableNode):
            value = variables.get(given.name.value, default)
            if isinstance(value, list):
                return max(1, len(value))
            # An Int may come as a float that has no fraction.
            return max(1, int(value) if isinstance(value, int | float) else default)
        return max(1, len(getattr(given, "values", ())) or default)


def _default_of(argument: GraphQLArgument) -> int:
    """The default page size: strawberry gives it as a value, a schema built from SDL as a literal."""
    default = argument.default
    literal = default.literal if default is not None else None
    value = int(literal.value) if isinstance(literal, IntValueNode) else argument.default_value
    return value if isinstance(value, int) else 1
