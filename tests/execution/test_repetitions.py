"""Repetitions: what is slow to validate is refused before it is."""

import pytest

from core.errors import RequestFault
from execution.documents import InvalidDocument
from tests.execution.test_limits import documents

REPEATED = [
    "{" + " one { name }" * 200 + "}",
    "{" + " ... { one { name } }" * 200 + "}",
    "{" + " ...F" * 200 + "} fragment F on Query { one { name } }",
    "{ one { best {" + " ...F best { name }" * 100 + "} } } fragment F on Person { best { name } best { name } }",
]


@pytest.mark.parametrize("text", REPEATED)
def test_repetitions_are_refused_before_they_are_compared(text: str) -> None:
    with pytest.raises(RequestFault, match="repeats fields too often") as refused:
        documents(tokens=4000).operation(text, None, None)
    assert refused.value.code == "LIMIT_EXCEEDED"


def test_fragments_without_end_are_not_followed() -> None:
    parts = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(40)]
    text = "{ ...F0 }" + "".join(parts) + "fragment F40 on Query { one { name } }"
    with pytest.raises(RequestFault, match="too many fields, fragments followed"):
        documents(tokens=4000).operation(text, None, None)


def test_some_repetition_is_how_clients_write() -> None:
    parts = "".join(f" fragment F{n} on Person {{ name best {{ name }} }}" for n in range(30))
    text = "{ one {" + "".join(f" ...F{n}" for n in range(30)) + " } }" + parts
    assert documents(tokens=4000).operation(text, None, None).node.name is None


def test_fields_that_cannot_be_merged_are_refused() -> None:
    with pytest.raises(InvalidDocument, match="conflict"):
        documents().operation("{ people(first: 1) { name } people(first: 2) { name } }", None, None)
