"""Anything by its id."""

from typing import Annotated

import strawberry

from loaders.context import Context
from loaders.nodes import nodes_by_id
from schema.base import Node


@strawberry.type
class NodeQuery:
    @strawberry.field(description="What has this id; null if there is no such thing, or you may not see it.")
    async def node(
        self,
        info: strawberry.Info[Context, None],
        id: Annotated[strawberry.ID, strawberry.argument(description="As `id` fields give it.")],
    ) -> Node | None:
        return (await nodes_by_id(info.context, [id]))[0]

    @strawberry.field(description="What has these ids, at most 100, in their order; null for each that is not there.")
    async def nodes(
        self,
        info: strawberry.Info[Context, None],
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="As `id` fields give them.")],
    ) -> list[Node | None]:
        return await nodes_by_id(info.context, ids)
