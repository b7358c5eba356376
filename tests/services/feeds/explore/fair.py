"""A world as rows, and beside it a plain model of who may be shown what in explore and in reels."""

import random
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from sqlalchemy import insert, text

from models.ids import shard_of
from models.tables import (
    Base,
    Block,
    BlockReceived,
    CountDelta,
    Counter,
    Follow,
    Following,
    Hashtag,
    HashtagFollow,
    HashtagPost,
    Impression,
    Like,
    LikeGiven,
    Mute,
    Post,
    SaveMade,
    User,
)
from services.feeds.explore.feed import explore_feed
from services.feeds.home import FeedEdge
from services.feeds.reels import reels_feed
from services.pages import Page
from services.visible import MediaLinks, VisiblePost
from tests.services.feeds.town import Town, _names

FEEDS = {"explore": explore_feed, "reels": reels_feed}


@dataclass
class Made:
    """A post of the model."""

    id: int
    author: int
    kind: str
    state: str
    hashtags: frozenset[int]


@dataclass
class Fair(Town):
    users: dict[int, tuple[bool, str]] = field(default_factory=dict)
    """Whether they are private, and their state."""
    made: dict[int, Made] = field(default_factory=dict)
    follows: dict[tuple[int, int], str] = field(default_factory=dict)
    blocks: set[tuple[int, int]] = field(default_factory=set)
    mutes: set[tuple[int, int]] = field(default_factory=set)
    likes: set[tuple[int, int]] = field(default_factory=set)
    """Saved, too."""
    seen: set[tuple[int, int]] = field(default_factory=set)
    followed_tags: set[tuple[int, int]] = field(default_factory=set)

    async def write(self, owner: int, table: type[Base], **values: Any) -> None:
        async with self.backend.transaction(shard_of(owner)) as transaction:
            await transaction.session.execute(insert(table).values(values))

    async def edge(self, owner: int, table: type[Base], state: str, **values: Any) -> None:
        await self.write(owner, table, state=state, version=1, since=text("clock_now()"), **values)

    async def someone(self, shard: int | None = None, *, is_private: bool = False, state: str = "ACTIVE") -> int:
        shard = self.backend.shards.any_shard() if shard is None else shard
        async with self.backend.transaction(shard) as transaction:
            user_id = await transaction.mint_id()
            row = {"id": user_id, "username": f"u{user_id}", "is_private": is_private, "state": state}
            await transaction.session.execute(insert(User).values(row))
        self.users[user_id] = (is_private, state)
        return user_id

    async def put(
        self, author: int, kind: str = "PHOTO", *, state: str = "LIVE", hashtags: tuple[int, ...] = ()
    ) -> int:
        async with self.backend.transaction(shard_of(author)) as transaction:
            post_id = await transaction.mint_id()
            named = [{"id": one, "name": f"h{one}"} for one in hashtags]
            row = {"id": post_id, "author_id": author, "kind": kind, "media": [], "state": state, "hashtags": named}
            await transaction.session.execute(insert(Post).values(row))
        for one in hashtags:
            await self.edge(one, HashtagPost, "LISTED", hashtag_id=one, post_id=post_id)
        self.made[post_id] = Made(post_id, author, kind, state, frozenset(hashtags))
        return post_id

    async def hashtag(self, shard: int | None = None) -> int:
        shard = self.backend.shards.any_shard() if shard is None else shard
        async with self.backend.transaction(shard) as transaction:
            number = await transaction.mint_id()
            await transaction.session.execute(insert(Hashtag).values(id=number, name=f"h{number}"))
        return number

    async def follow(self, follower: int, followed: int, state: str = "ACCEPTED") -> None:
        edge = {"followed_id": followed, "follower_id": follower}
        await self.edge(followed, Follow, state, **edge, **_names(Follow))
        await self.edge(follower, Following, state, **edge, **_names(Following))
        self.follows[follower, followed] = state

    async def like(self, user: int, post: int) -> None:
        await self.edge(post, Like, "LIKED", subject_id=post, user_id=user)
        await self.edge(user, LikeGiven, "LIKED", subject_id=post, user_id=user, subject_kind="POST")
        await self.count(post, LIKES=1)
        self.likes.add((user, post))

    async def save(self, user: int, post: int) -> None:
        await self.edge(user, SaveMade, "SAVED", post_id=post, user_id=user)
        self.likes.add((user, post))

    async def count(self, post: int, **counters: int) -> None:
        async with self.backend.transaction(shard_of(post)) as transaction:
            for name, delta in counters.items():
                values = {"object_id": post, "counter": Counter[name], "delta": delta}
                await transaction.session.execute(insert(CountDelta).values(id=await transaction.mint_id(), **values))

    async def block(self, blocker: int, blocked: int) -> None:
        for owner, table in ((blocker, Block), (blocked, BlockReceived)):
            await self.edge(owner, table, "BLOCKED", blocker_id=blocker, blocked_id=blocked)
        self.blocks.add((blocker, blocked))

    async def mute(self, muter: int, muted: int) -> None:
        await self.edge(muter, Mute, "MUTED", muter_id=muter, muted_id=muted)
        self.mutes.add((muter, muted))

    async def see(self, viewer: int, post: int) -> None:
        shown = {"surface": "HOME", "position": 0, "dwell_ms": 500, "subject_kind": "POST", "post_kind": "PHOTO"}
        await self.write(
            viewer, Impression, viewer_id=viewer, subject_id=post, author_id=self.made[post].author, **shown
        )
        self.seen.add((viewer, post))

    async def follow_tag(self, viewer: int, hashtag: int) -> None:
        await self.edge(viewer, HashtagFollow, "FOLLOWED", user_id=viewer, hashtag_id=hashtag, name=f"h{hashtag}")
        self.followed_tags.add((viewer, hashtag))

    # Reading.

    async def page(self, feed: str, viewer: int, *, first: int = 20, after: str | None = None) -> Page[VisiblePost]:
        links = MediaLinks(self.backend.signer)
        return await FEEDS[feed](self.backend, self.backend.reader(), links, viewer, first=first, after=after)

    async def whole(self, name: str, viewer: int, *, first: int = 100) -> list[FeedEdge]:
        """All of it, page by page."""
        found: list[FeedEdge] = []
        after = None
        for _ in range(600):
            page = await self.page(name, viewer, first=first, after=after)
            found += page.edges  # type: ignore[arg-type]
            if not page.page_info.has_next_page:
                return found
            after = page.page_info.end_cursor
        raise AssertionError("the feed has no end")

    # The model.

    def _sees(self, viewer: int, post: Made) -> bool:
        is_private, state = self.users[post.author]
        parted = {(viewer, post.author), (post.author, viewer)} & self.blocks
        let_in = not is_private or self.follows.get((viewer, post.author)) == "ACCEPTED"
        return state == "ACTIVE" and post.state == "LIVE" and not parted and let_in

    def may_be_explored(self, viewer: int) -> set[int]:
        return {
            post.id
            for post in self.made.values()
            if self._sees(viewer, post)
            and not self.users[post.author][0]
            and post.author != viewer
            and self.follows.get((viewer, post.author), "GONE") == "GONE"
            and (viewer, post.author) not in self.mutes
            and (viewer, post.id) not in self.seen
        }

    def reels_of(self, viewer: int) -> dict[int, str]:
        """All that are to be in it, each with its reason: PUBLIC for what is there only because it is public."""
        found: dict[int, str] = {}
        tags = {tag for one, tag in self.followed_tags if one == viewer}
        for post in self.made.values():
            if post.kind != "REEL" or post.author == viewer or not self._sees(viewer, post):
                continue
            if (viewer, post.author) in self.mutes:
                continue
            state = self.follows.get((viewer, post.author))
            if state == "ACCEPTED":
                found[post.id] = "FOLLOWING"
            elif post.hashtags & tags:
                found[post.id] = "FOLLOWED_HASHTAG"
            elif state != "PENDING":
                found[post.id] = "PUBLIC"
        return found


async def random_fair(fair: Fair, dice: random.Random, *, people: int, posts: int) -> list[int]:
    """People who follow, ask, block, mute, like, save and see each other's posts at random. Returns those who look."""
    tags = [await fair.hashtag() for _ in range(6)]
    for _ in range(people):
        state = dice.choices(["ACTIVE", "SUSPENDED", "DELETED"], [12, 1, 1])[0]
        await fair.someone(is_private=dice.random() < 0.25, state=state)
    everybody = list(fair.users)
    for _ in range(posts):
        await fair.put(
            dice.choice(everybody),
            dice.choice(["PHOTO", "CAROUSEL", "VIDEO", "REEL", "REEL"]),
            state=dice.choices(["LIVE", "ARCHIVED", "DELETED"], [8, 1, 1])[0],
            hashtags=tuple(dice.sample(tags, dice.choice([0, 0, 1, 2]))),
        )
    viewers = [one for one, (_, state) in fair.users.items() if state == "ACTIVE"]
    for viewer in viewers:
        others = [one for one in everybody if one != viewer]
        for other in dice.sample(others, 6):
            asked = fair.users[other][0] and dice.random() < 0.5
            await fair.follow(viewer, other, dice.choice(["GONE", "PENDING" if asked else "ACCEPTED", "ACCEPTED"]))
        for other in dice.sample(others, 2):
            await fair.block(viewer, other)
        for other in dice.sample(others, 3):
            await fair.mute(viewer, other)
        for tag in dice.sample(tags, 2):
            await fair.follow_tag(viewer, tag)
        some = dice.sample(list(fair.made), min(len(fair.made), 14))
        for post in some[:6]:
            await fair.like(viewer, post)
        await fair.save(viewer, some[6])
        for post in some[5:]:
            await fair.see(viewer, post)
    return viewers


async def emptied(urls: list[str]) -> None:
    """Takes everything out of a store that is the caller's alone, but for what makes it a store."""
    for url in urls:
        connection = await asyncpg.connect(url)
        tables = ", ".join(
            row["relname"]
            for row in await connection.fetch(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                " AND relname NOT IN ('shard_map', 'node_identity', 'alembic_version')"
            )
        )
        await connection.execute(f"TRUNCATE {tables}")
        await connection.close()
