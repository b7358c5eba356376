import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
import strawberry

from execution.batched import batched
from execution.batches import Batches
from execution.lean import lean


@dataclass(slots=True, eq=False)
class Row:
    number: int


@strawberry.enum(description="Which way.")
class Direction(enum.Enum):
    UP = "up"
    DOWN = "down"


class Asked:
    """A context that remembers each batch."""

    def __init__(self) -> None:
        self.batches = Batches(self)
        self.calls: list[tuple[str, list[int], dict[str, Any]]] = []


async def load_square(context: Asked, rows: Sequence[Row]) -> list[int]:
    context.calls.append(("square", [row.number for row in rows], {}))
    return [row.number**2 for row in rows]


async def load_moved(
    context: Asked, rows: Sequence[Row], *, by: int = 1, direction: Direction = Direction.UP, note: str | None = None
) -> list[Row]:
    context.calls.append(("moved", [row.number for row in rows], {"by": by, "direction": direction, "note": note}))
    return [Row(row.number + (by if direction is Direction.UP else -by)) for row in rows]


@dataclass(slots=True, eq=False)
class WordRow:
    text: str


@strawberry.type(description="A number.")
class Number:
    number: int = strawberry.field(description="Itself.")
    square: int = batched(load_square, description="Its square.")
    moved: "Number" = batched(
        load_moved,
        description="One some way off.",
        arguments={"by": "How far.", "direction": "Which way.", "note": "Said."},
    )

    @strawberry.field(description="A sum.")
    def plus(self, other: Annotated[int, strawberry.argument(description="Added.")] = 0) -> int:
        return self.number + other

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, Row)


@strawberry.type(description="A word.")
class Word:
    text: str = strawberry.field(description="Itself.")

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, WordRow)


Thing = Annotated[Number | Word, strawberry.union("Thing", description="One of them.")]


@strawberry.type(description="Root.")
class Query:
    @strawberry.field(description="Of both kinds.")
    def things(self) -> list[Thing]:
        rows: list[Any] = [Row(1), WordRow("two"), Row(3)]
        return rows

    @strawberry.field(description="Some.")
    def numbers(self, info: strawberry.Info, count: int) -> list[Number]:
        rows: list[Any] = [Row(number) for number in range(count)]
        if info.context.prime_first:
            info.context.batches.prime(load_square, rows[0], 100)
        return rows


SCHEMA = lean(strawberry.Schema(Query))


async def ask(query: str, *, prime_first: bool = False) -> tuple[dict[str, Any], Asked]:
    context = Asked()
    context.prime_first = prime_first  # type: ignore[attr-defined]
    result = await SCHEMA.execute(query, context_value=context)
    assert result.errors is None, result.errors
    assert result.data is not None
    return result.data, context


async def test_a_level_is_one_batch() -> None:
    data, context = await ask("{ numbers(count: 3) { square } }")
    assert data == {"numbers": [{"square": 0}, {"square": 1}, {"square": 4}]}
    assert context.calls == [("square", [0, 1, 2], {})]


async def test_two_aliases_with_other_arguments_are_two_batches() -> None:
    data, context = await ask(
        "{ numbers(count: 2) { a: moved(by: 5) { number } b: moved(direction: DOWN) { number square } } }"
    )
    assert data["numbers"] == [
        {"a": {"number": 5}, "b": {"number": -1, "square": 1}},
        {"a": {"number": 6}, "b": {"number": 0, "square": 0}},
    ]
    assert context.calls == [
        ("moved", [0, 1], {"by": 5, "direction": Direction.UP, "note": None}),
        ("moved", [0, 1], {"by": 1, "direction": Direction.DOWN, "note": None}),
        ("square", [-1, 0], {}),
    ]


async def test_a_primed_value_is_not_asked_for() -> None:
    data, context = await ask("{ numbers(count: 2) { square } }", prime_first=True)
    assert data == {"numbers": [{"square": 100}, {"square": 1}]}
    assert context.calls == [("square", [1], {})]


def test_arguments_are_printed_with_description_and_default() -> None:
    printed = SCHEMA.as_str()
    assert "by: Int! = 1" in printed
    assert "direction: Direction! = UP" in printed
    assert "note: String\n" in printed
    assert '"""How far."""' in printed


def test_an_argument_without_a_description_is_refused() -> None:
    with pytest.raises(TypeError, match="load_moved: the argument by needs"):
        batched(load_moved, description="Refused.")


async def test_a_method_without_info_is_called_as_it_stands() -> None:
    data, _ = await ask("{ numbers(count: 2) { plus(other: 3) plusNothing: plus } }")
    assert data["numbers"] == [{"plus": 3, "plusNothing": 0}, {"plus": 4, "plusNothing": 1}]


async def test_what_a_row_is_its_class_tells() -> None:
    data, _ = await ask("{ things { __typename ... on Number { number } ... on Word { text } } }")
    assert data["things"] == [
        {"__typename": "Number", "number": 1},
        {"__typename": "Word", "text": "two"},
        {"__typename": "Number", "number": 3},
    ]
