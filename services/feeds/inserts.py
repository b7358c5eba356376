"""What stands between the posts of a ranked home feed: sponsored posts, and the card of people to follow. A snapshot
holds where each stands; what is shown there is proved for every page."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from models.reads.reader import Reader
from services.backend import Backend
from services.feeds.ranking.arranging import with_inserts
from services.feeds.snapshots import Item, ItemKind
from services.feeds.sponsoring import (
    SponsoredPostRow,
    Sponsorship,
    choose_sponsorships,
    sponsored_post,
    sponsorships_under_way,
)
from services.feeds.suggesting import SuggestedUsersRow, suggested_users
from services.marks import Marks
from services.visible import MediaLinks, VisiblePost

Insert: TypeAlias = SponsoredPostRow | SuggestedUsersRow


async def inserted(
    backend: Backend, reader: Reader, links: MediaLinks, viewer_id: int, posts: Sequence[Item], *, followed: int
) -> list[Item]:
    """The ranked posts with what stands between them, for a viewer who follows so many people. One statement per node
    if anything is sponsored, and those of `suggested_users` if they follow few. Raises ShardUnavailable."""
    every = backend.settings.sponsored_every
    sponsorship_ids = await choose_sponsorships(
        backend,
        reader,
        links,
        viewer_id,
        count=len(posts) // every if every else 0,
        without={item.id for item in posts},
    )
    has_card = False
    if 0 < followed < backend.settings.suggest_below_follows:
        has_card = await suggested_users(backend, reader, links, viewer_id) is not None
    return with_inserts(posts, has_card=has_card, sponsorship_ids=sponsorship_ids, every=every)


@dataclass(frozen=True, slots=True)
class Inserts:
    """Of a page: the sponsorships that are under way, by id, and the card, if it has one that is not empty."""

    sponsorships: Mapping[int, Sponsorship]
    card: SuggestedUsersRow | None

    @property
    def post_ids(self) -> set[int]:
        """What is sponsored, for `visible_posts`."""
        return {one.post_id for one in self.sponsorships.values()}

    def node_of(self, item: Item, posts: Mapping[int, VisiblePost], marks: Marks) -> Insert | None:
        """What is shown of an item that is no post: None for nothing. `posts` are those that the viewer may see."""
        if item.kind is ItemKind.SUGGESTED_USERS:
            return self.card
        sponsorship = self.sponsorships.get(item.id)
        return sponsored_post(sponsorship, posts.get(sponsorship.post_id), marks) if sponsorship else None


async def inserts_of(
    backend: Backend, reader: Reader, links: MediaLinks, viewer_id: int, items: Sequence[Item]
) -> Inserts:
    """Those among the items of a page, as the truth says at this moment: one statement per node if something of it is
    sponsored, and those of `suggested_users` if the card stands there. Raises ShardUnavailable."""

    async def card() -> SuggestedUsersRow | None:
        if all(item.kind is not ItemKind.SUGGESTED_USERS for item in items):
            return None
        return await suggested_users(backend, reader, links, viewer_id)

    sponsored = [item.id for item in items if item.kind is ItemKind.SPONSORED]
    return Inserts(*await asyncio.gather(sponsorships_under_way(reader, sponsored), card()))
