"""Scalars of our own. `SCALARS` goes into the schema's configuration."""

from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

URL = NewType("URL", str)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("A URL is a string.")  # graphql-core tells the client which variable it is
    return value


SCALARS: dict[object, ScalarDefinition] = {
    URL: strawberry.scalar(
        name="URL",
        description="An address on the web, beginning with `https://` or `http://`.",
        specified_by_url="https://url.spec.whatwg.org/",
        serialize=str,
        parse_value=_text,
    )
}
