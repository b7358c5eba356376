"""What viewers tell their feeds."""

from typing import Annotated, Any

import strawberry

from loaders.context import Context
from models.global_ids import decode
from resolvers.mutations import change, mutation
from schema.accounts import ViewerPayload
from schema.base import AcknowledgedPayload
from schema.signals import RecordImpressionsInput, UpdateFeedSettingsInput
from services.accounts.sessions import viewer_again
from services.feeds.impressions import NewImpression, record_impressions
from services.feeds.settings import set_feed_order

Info = strawberry.Info[Context, None]


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
