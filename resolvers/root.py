"""The three roots, merged from the domains, and the schema."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from execution.lean import lean
from resolvers.accounts import AccountsMutation, AccountsQuery
from resolvers.query import NodeQuery
from schema.scalars import SCALARS


@strawberry.type(description="Where reading begins.")
class Query(AccountsQuery, NodeQuery):
    pass


@strawberry.type(description="Where changing begins; fields run one after the other.")
class Mutation(AccountsMutation):
    pass


def build_schema() -> strawberry.Schema:
    return lean(strawberry.Schema(Query, Mutation, config=StrawberryConfig(scalar_map=SCALARS)))
