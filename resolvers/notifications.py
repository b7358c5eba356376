"""The stream of what happens to the viewer."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated, cast

import strawberry

from loaders.context import Context
from schema.notification import NotificationEvent
from services.notifications.stream import notification_stream

AFTER = (
    "The last cursor that you have seen, of this stream or of `Viewer.notifications`: what came since is sent first."
)


@strawberry.type
class NotificationsSubscription:
    @strawberry.subscription(description="Your notifications as they come, from now on or from a cursor on, in order.")
    async def notifications(
        self,
        info: strawberry.Info[Context, None],
        after: Annotated[str | None, strawberry.argument(description=AFTER)] = strawberry.UNSET,
    ) -> AsyncGenerator[NotificationEvent, None]:
        context = info.context
        position = None if after is strawberry.UNSET else after
        stream = notification_stream(context.backend, context.live, context.links, context.signed_in().id, position)
        async with contextlib.aclosing(stream):
            async for arrival in stream:
                context.fresh()
                yield cast(NotificationEvent, arrival)
