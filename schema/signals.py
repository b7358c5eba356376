"""What viewers tell their feeds: what they were shown, and how they want to read."""

import strawberry
from strawberry.scalars import ID

from models.tables import FeedSurface
from schema.base import describe_values
from services.feeds.reasons import FeedOrder

strawberry.enum(FeedSurface, description="Where something is shown.")
describe_values(
    FeedSurface,
    {
        "HOME": "In the home feed.",
        "EXPLORE": "In the explore feed.",
        "REELS": "Among the reels.",
        "PROFILE": "On a profile.",
        "HASHTAG": "On the page of a hashtag or a place.",
        "SEARCH": "Among what a search found.",
    },
)


@strawberry.input(description="That something was shown to you.")
class ImpressionInput:
    subject_id: ID = strawberry.field(
        description="A post or a person's profile. What you may not see or is not there, and what is your own, is"
        " passed over."
    )
    surface: FeedSurface = strawberry.field(description="Where it was shown.")
    position: int = strawberry.field(description="At which place there, from the top: 0 to 100,000.")
    dwell_milliseconds: int = strawberry.field(
        description="How long it was in view, in milliseconds: 0 to 3,600,000, which is an hour."
    )
    watched_fraction: float | None = strawberry.field(
        default=None, description="Of a video, how much was watched: 0 to 1."
    )


@strawberry.input(description="What was shown to you.")
class RecordImpressionsInput:
    impressions: list[ImpressionInput] = strawberry.field(
        description="100 at most. The same one (subject, surface, position and time in view) that is sent again within"
        " a day counts once, so a batch whose answer was lost can be sent again."
    )


@strawberry.input(description="How to read your feeds.")
class UpdateFeedSettingsInput:
    order: FeedOrder = strawberry.field(description="In which order `homeFeed` comes where it names none.")
