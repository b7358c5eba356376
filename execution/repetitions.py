"""How often an operation asks for one field in one place: GraphQL compares all of them with each other."""

from collections.abc import Sequence

from graphql import DocumentNode, FieldNode, FragmentSpreadNode, OperationDefinitionNode, SelectionSetNode

from execution.limits import children_of, fragments_of, too_large

MAX_VISITS = 10_000
MAX_COMPARISONS = 20_000


def check_repetitions(document: DocumentNode) -> None:
    """Raises RequestFault (LIMIT_EXCEEDED) for what would take long to compare, fragments followed.

    The document must be valid otherwise: fragments without cycles.
    """
    repetitions = _Repetitions(document)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            repetitions.count([definition.selection_set])


class _Repetitions:
    __slots__ = ("_comparisons", "_fragments", "_visits")

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = fragments_of(document)
        self._visits = self._comparisons = 0

    def count(self, merged: Sequence[SelectionSetNode]) -> None:
        """`merged` are the selection sets of one place in the answer."""
        fields: dict[str, list[SelectionSetNode | None]] = {}
        for selection_set in merged:
            self._gather(selection_set, fields)
        for name, sets in fields.items():
            self._comparisons += len(sets) * (len(sets) - 1) // 2
            if self._comparisons > MAX_COMPARISONS:
                raise too_large(f"repeats fields too often, {name} for instance", MAX_COMPARISONS)
            if below := [one for one in sets if one is not None]:
                self.count(below)

    def _gather(self, selection_set: SelectionSetNode, into: dict[str, list[SelectionSetNode | None]]) -> None:
        for selection, inner in children_of(selection_set):
            self._visits += 1
            if self._visits > MAX_VISITS:
                raise too_large("asks for too many fields, fragments followed", MAX_VISITS)
            if isinstance(selection, FieldNode):
                into.setdefault((selection.alias or selection.name).value, []).append(inner)
            elif isinstance(selection, FragmentSpreadNode):
                self._gather(self._fragments[selection.name.value].selection_set, into)
            elif inner is not None:
                self._gather(inner, into)
