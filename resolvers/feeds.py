"""What viewers tell their feeds, and what comes into them."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated, Any, cast

import strawberry

from loaders.context import Context
from loaders.relationship import prime_relationships
from models.global_ids import decode
from resolvers.mutations import change, mutation
from schema.accounts import ViewerPayload
from schema.base import AcknowledgedPayload
from schema.feed import FeedEvent
from schema.signals import RecordImpressionsInput, UpdateFeedSettingsInput
from services.accounts.sessions import viewer_again
from services.feeds.impressions import NewImpression, record_impressions
from services.feeds.settings import set_feed_order
from services.feeds.stream import home_feed_stream

Info = strawberry.Info[Context, None]
AFTER = "The last cursor that you have seen of this stream: what came since is sent first."


@strawberry.type
class FeedsMutation:
    @mutation(description="Tells what was shown to you: it sinks in your ranked feeds. All of it is taken, or nothing.")
    async def record_impressions(
        self,
        info: Info,
        input: Annotated[RecordImpressionsInput, strawberry.argument(description="What was shown.")],
    ) -> AcknowledgedPayload | None:
        return await change(info, AcknowledgedPayload, lambda context: _record_impressions(context, input))

    @mutation(description="Changes how you read your feeds.")
    async def update_feed_settings(
        self, info: Info, input: Annotated[UpdateFeedSettingsInput, strawberry.argument(description="How to.")]
    ) -> ViewerPayload | None:
        return await change(info, ViewerPayload, lambda context: _update_feed_settings(context, input))


@strawberry.type
class FeedsSubscription:
    @strawberry.subscription(
        description="Posts that come into your home feed, in the order in which they were begun, each once: from now"
        " on, or from a cursor on. What was posted before and comes to be seen later, because you follow somebody new"
        " or it is back from the archive, is not sent."
    )
    async def home_feed(
        self,
        info: Info,
        after: Annotated[str | None, strawberry.argument(description=AFTER)] = strawberry.UNSET,
    ) -> AsyncGenerator[FeedEvent, None]:
        context = info.context
        position = None if after is strawberry.UNSET else after
        stream = home_feed_stream(context.backend, context.live, context.links, context.signed_in().id, position)
        async with contextlib.aclosing(stream):
            async for arrival in stream:
                context.fresh()
                if arrival.post is not None:
                    prime_relationships(context, [arrival.post])
                yield cast(FeedEvent, arrival)


async def _record_impressions(context: Context, given: RecordImpressionsInput) -> dict[str, Any]:
    viewer = context.signed_in()
    impressions = [
        NewImpression(*decode(one.subject_id), one.surface, one.position, one.dwell_milliseconds, one.watched_fraction)
        for one in given.impressions
    ]
    context.miss(await record_impressions(context.backend, context.links, viewer.id, impressions))
    return {"ok": True}


async def _update_feed_settings(context: Context, given: UpdateFeedSettingsInput) -> dict[str, Any]:
    viewer = context.signed_in()
    await set_feed_order(context.backend, viewer.id, given.order)
    context.viewer = await viewer_again(context.backend, context.links, viewer)
    return {"viewer": context.viewer}
