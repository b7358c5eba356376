"""The three roots, merged from the domains, and the schema."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from execution.lean import lean
from resolvers.query import NodeQuery


@strawberry.type(description="Where reading begins.")
class Query(NodeQuery):
    pass


def build_schema() -> strawberry.Schema:
    return lean(strawberry.Schema(Query, config=StrawberryConfig()))
