"""Parsed and validated operations, kept: a client sends the same few texts over and over."""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)

from core.errors import RequestErrorCode, RequestFault
from execution.limits import CostOf, OperationLimits, check_shape, too_large
from execution.repetitions import check_repetitions

_MAX_ERRORS = 5
_MAX_CHARACTERS = 100_000
# This one compares all fields of one name with each other, so it runs when their number is known.
_SLOW_RULES = [OverlappingFieldsCanBeMergedRule]
_RULES = [rule for rule in specified_rules if rule not in _SLOW_RULES]


class InvalidDocument(Exception):
    """A text that is no valid operation: `errors` are for the one who wrote it."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass(slots=True)
class Operation:
    """A valid operation of a document."""

    document: DocumentNode
    node: OperationDefinitionNode
    cost_of: CostOf

    @property
    def is_subscription(self) -> bool:
        return self.node.operation is OperationType.SUBSCRIPTION


class Documents:
    """At most `size` operations, the least recently used going first. Invalid texts are not kept."""

    def __init__(self, schema: GraphQLSchema, limits: OperationLimits, size: int = 500) -> None:
        self._schema = schema
        self._limits = limits
        self._size = size
        self._kept: OrderedDict[tuple[str, str | None], Operation] = OrderedDict()

    def operation(self, text: str, name: str | None, variables: dict[str, Any] | None) -> Operation:
        """Raises InvalidDocument, or RequestFault (LIMIT_EXCEEDED, BAD_REQUEST)."""
        key = (text, name)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._understand(text, name)
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        cost = found.cost_of(variables or {})
        if cost > self._limits.cost:
            raise too_large(f"can have {cost} fields in its answer", self._limits.cost)
        return found

    def _understand(self, text: str, name: str | None) -> Operation:
        document = self._parsed(text)
        try:
            self._check(document, _RULES)
            check_shape(document, self._limits)
            check_repetitions(document)
            self._check(document, _SLOW_RULES)
        except RecursionError as error:
            raise too_large("is nested too deep", self._limits.depth) from error
        node = get_operation_ast(document, name)
        if node is None:
            raise RequestFault(RequestErrorCode.BAD_REQUEST, "Name one of the operations by `operationName`.")
        return Operation(document, node, CostOf(self._schema, document, node))

    def _check(self, document: DocumentNode, rules: Collection[type[ASTValidationRule]]) -> None:
        if errors := validate(self._schema, document, rules, max_errors=_MAX_ERRORS):
            raise InvalidDocument(errors)

    def _parsed(self, text: str) -> DocumentNode:
        if len(text) > _MAX_CHARACTERS:
            raise too_large(f"has {len(text)} characters", _MAX_CHARACTERS)
        try:
            return parse(text, max_tokens=self._limits.tokens)
        except GraphQLError as error:
            if "tokens" in error.message:
                raise too_large("has too many tokens", self._limits.tokens) from error
            if "nested too deeply" in error.message:
                raise too_large("is nested too deep", self._limits.depth) from error
            raise InvalidDocument([error]) from error
        except RecursionError as error:
            raise too_large("is nested too deep", self._limits.depth) from error
