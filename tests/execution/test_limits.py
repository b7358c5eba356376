"""Documents and limits: what a text may cost is known before it runs."""

from dataclasses import asdict
from typing import Any

import pytest
from graphql import build_schema, get_introspection_query

from core.errors import RequestFault
from execution.documents import Documents, InvalidDocument
from execution.limits import OperationLimits

SCHEMA = build_schema("""
    type Query { people(first: Int! = 20): [Person!]! nodes(ids: [ID!]!): [Person]! one: Person }
    type Person { name: String friends(first: Int! = 20): [Person!]! best: Person }
    type Subscription { changed: Person }
""")
LIMITS = OperationLimits(tokens=200, depth=6, aliases=3, cost=1000, answer=1000)


def documents(**limits: int) -> Documents:
    given = {**asdict(LIMITS), **limits}
    return Documents(SCHEMA, OperationLimits(**given), size=2)


def cost_of(text: str, variables: dict[str, Any] | None = None) -> int:
    return documents(cost=10**12).operation(text, None, None).cost_of(variables or {})


@pytest.mark.parametrize(
    ("text", "variables", "cost"),
    [
        ("{ one { name } }", None, 2),
        ("{ people { name } }", None, 1 + 20),
        ("{ people(first: 3) { name friends(first: 5) { name } } }", None, 1 + 3 * (1 + 1 + 5)),
        ("query ($n: Int!) { people(first: $n) { name } }", {"n": 100}, 101),
        ("query ($n: Int! = 70) { people(first: $n) { name } }", {}, 71),
        ("query ($n: Int! = 70) { people(first: $n) { name } }", {"n": 7}, 8),
        ("query ($n: Int! = 7) { people(first: $n) { name } }", {"n": 90.0}, 91),  # an Int may be sent as 90.0
        ("query ($n: Int) { people(first: $n) { name } }", {"n": None}, 1 + 20),
        ('query ($ids: [ID!]! = ["a", "b"]) { nodes(ids: $ids) { name } }', {}, 3),
        ('{ nodes(ids: ["a", "b", "c"]) { name } }', None, 1 + 3),
        ("query ($ids: [ID!]!) { nodes(ids: $ids) { name } }", {"ids": ["a"] * 9}, 10),
        ("{ people(first: 2) { ...P } } fragment P on Person { name best { name } }", None, 1 + 2 * 3),
        ("{ one { ... on Person { name } ... { name } } }", None, 3),
    ],
)
def test_cost_is_fields_times_page_sizes(text: str, variables: dict[str, Any] | None, cost: int) -> None:
    assert cost_of(text, variables) == cost


def test_fragments_that_spread_fragments_are_measured_in_no_time() -> None:
    levels = 60
    parts = [f"fragment F{n} on Person {{ best {{ ...F{n + 1} }} b: best {{ ...F{n + 1} }} }}" for n in range(levels)]
    text = "{ one { ...F0 } }" + "".join(parts) + f"fragment F{levels} on Person {{ name }}"
    with pytest.raises(RequestFault, match="deep"):
        documents(tokens=10_000, aliases=10_000).operation(text, None, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ people(first: 100) { friends(first: 100) { name } } }", "can have 10101 fields in its answer"),
        ("{ a: one { name } b: one { name } c: one { name } d: one { name } }", "has 4 aliases"),
        ("{ one { best { best { best { best { best { name } } } } } } }", "is 7 levels deep"),
        ("{" + " one { name }" * 100 + "}", "has too many tokens"),
        ("{ one { name } } #" + "x" * 100_000, "has 100018 characters"),
        ("{ a: __schema { types { name } } }", "has 1 aliases in its introspection"),
        ("{ __schema { types { ...T } } } fragment T on __Type { a: name }", "has 1 aliases in its introspection"),
        ('{ __type(name: "Person") { fields { a: name b: name } } }', "has 2 aliases in its introspection"),
    ],
)
def test_past_a_limit_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequestFault, match=message) as refused:
        documents().operation(text, None, None)
    assert refused.value.code == "LIMIT_EXCEEDED"


def test_the_usual_introspection_is_answered() -> None:
    assert documents(tokens=4000, depth=15).operation(get_introspection_query(), None, None).node.name is not None


def test_deep_nesting_does_not_break_the_parser() -> None:
    with pytest.raises(RequestFault):
        documents(tokens=100_000).operation("{ one " + "{ best " * 5000 + "}" * 5001, None, None)


def test_an_invalid_text_is_told_why() -> None:
    with pytest.raises(InvalidDocument, match="Cannot query field 'age'"):
        documents().operation("{ one { age } }", None, None)


def test_an_operation_is_understood_once_and_the_oldest_is_forgotten() -> None:
    kept = documents()
    first = kept.operation("{ one { name } }", None, None)
    assert kept.operation("{ one { name } }", None, None) is first
    kept.operation("{ people { name } }", None, None)
    kept.operation("subscription { changed { name } }", None, None)
    assert kept.operation("{ one { name } }", None, None) is not first


def test_the_operation_is_chosen_by_name() -> None:
    text = "query A { one { name } } query B { people { name } }"
    assert documents().operation(text, "B", None).node.name.value == "B"  # type: ignore[union-attr]
    with pytest.raises(RequestFault, match="operationName"):
        documents().operation(text, None, None)
