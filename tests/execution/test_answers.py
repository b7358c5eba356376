"""An answer that grows too large ends, however little the operation seemed to cost."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from graphql import ExecutionResult, build_schema, execute, parse

from execution.answers import executor_within, outgrown

SCHEMA = build_schema("type Query { one: Person } type Person { name: String! friends: [Person!]! }")


@dataclass(slots=True)
class Person:
    name: str
    friends: list["Person"]


ALONE = Person("m", [])
TEN = replace(ALONE, friends=[ALONE] * 10)
HUNDRED = replace(ALONE, friends=[TEN] * 10)


async def run(text: str, limit: int) -> Any:
    async def one(_info: Any) -> Person:
        return HUNDRED

    asked = execute(SCHEMA, parse(text), {"one": one}, executor_class=executor_within(limit))
    return asked if isinstance(asked, ExecutionResult) else await asked


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("{ one { name } }", 2),
        ("{ one { friends { name } } }", 2 + 10),
        ("{ one { friends { name friends { name } } } }", 2 + 10 * 2 + 100),
    ],
)
async def test_an_answer_of_the_limit_is_given_and_one_above_it_is_not(text: str, fields: int) -> None:
    given = await run(text, fields)
    assert (given.errors, outgrown(given)) == (None, None)
    fault = outgrown(await run(text, fields - 1))
    assert fault is not None
    assert str(fault) == f"The answer has too many fields; the limit is {fields - 1}."
