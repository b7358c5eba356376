"""A page of an activity feed: candidates → proof → refill."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.reads.reader import Reader
from services.feeds.activity.events import START, Event, place_of
from services.feeds.activity.finding import events_behind, sources_of
from services.feeds.activity.proof import ShownActivity, proved
from services.pages import Page, checked_first
from services.refill import Position, filled
from services.visible import MediaLinks


async def activity_feed(
    reader: Reader, links: MediaLinks, viewer_id: int, *, first: int, after: str | None
) -> Page[ShownActivity]:
    """What those whom the viewer follows did in the last `DAYS` days, and what happened on their posts, the latest
    first, as far as the viewer may see it. A cursor holds an event and the feed's horizon.

    Raises RequestFault for a bad `first` or `after`, and ShardUnavailable where it is not known whom the viewer
    follows. What other nodes that are out of reach know is left out.
    """
    checked_first(first)
    start, horizon = (START, None) if after is None else place_of(after)
    sources = await sources_of(reader, viewer_id, horizon)

    def position_of(row: Mapping[str, Any]) -> Position:
        return (*row["event"], sources.horizon)

    async def fetch(begin: Mapping[int, Position], limit: int) -> Sequence[Any]:
        event = Event(*begin[viewer_id][:4])
        found = await events_behind(reader, sources, event, limit)
        return [{"page_of": viewer_id, "event": one} for one in found]

    async def prove(rows: Sequence[Any]) -> Sequence[ShownActivity | None]:
        return await proved(reader, links, viewer_id, [row["event"] for row in rows])

    pages: dict[int, Page[ShownActivity]] = await filled(
        [viewer_id],
        (*start, sources.horizon),
        first,
        fetch=fetch,
        prove=prove,
        position_of=position_of,
        is_later_page=after is not None,
    )
    return pages[viewer_id]
