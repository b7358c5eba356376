"""A town in which all that makes a home feed is at work, drawn by dice: people pushed and pulled, public and private,
followed, muted, blocked and blocking; hashtags; more posts than a timeline holds. And what plain SQL says of it."""

import random
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, insert, text

from models.ids import shard_of
from models.tables import Block, Counter, HashtagFollow, Mute, Post
from services import counts
from services.consequences import EventKind
from services.feeds.fanout import fan_out_post, withdraw_post
from services.feeds.home import FeedEdge, home_feed
from services.feeds.pulled import GRACE_SECONDS, forget_pulled
from services.hashtags import hashtags_for
from services.outbox import emit
from services.posts.listing import list_post
from services.visible import HashtagRow, MediaLinks
from tests.services.feeds.town import Town

Item = tuple[int, str]
"""The id of a post and the reason."""
CROWD = 20_000

_VIEWER = """
    SELECT (SELECT array_agg(followed_id) FROM follows WHERE follower_id = $1 AND state = 'ACCEPTED') AS followed,
           (SELECT array_agg(muted_id) FROM mutes WHERE muter_id = $1 AND state = 'MUTED') AS muted,
           (SELECT array_agg(blocked_id) FROM blocks WHERE blocker_id = $1 AND state = 'BLOCKED') AS blocked,
           (SELECT array_agg(blocker_id) FROM blocks WHERE blocked_id = $1 AND state = 'BLOCKED') AS blocking,
           (SELECT array_agg(hashtag_id) FROM hashtag_follows WHERE user_id = $1 AND state = 'FOLLOWED') AS hashtags
"""
_FEED = """
    SELECT p.id, CASE WHEN p.author_id = $1 THEN 'OWN'
                      WHEN p.author_id = ANY($2) THEN 'FOLLOWING'
                      ELSE 'FOLLOWED_HASHTAG' END AS reason
    FROM posts p JOIN users u ON u.id = p.author_id
    WHERE p.state = 'LIVE' AND u.state = 'ACTIVE'
      AND (p.author_id = $1
           OR NOT p.author_id = ANY($3)
              AND (p.author_id = ANY($2)
                   OR NOT u.is_private AND EXISTS (SELECT FROM jsonb_array_elements(p.hashtags) AS h
                                                   WHERE (h ->> 'id')::bigint = ANY($4))))
"""


@dataclass
class Scene:
    town: Town
    dice: random.Random
    hashtags: list[HashtagRow]
    authors: list[int] = field(default_factory=list)
    stars: list[int] = field(default_factory=list)
    viewers: list[int] = field(default_factory=list)
    posts: dict[int, int] = field(default_factory=dict)
    """The author of each."""

    @classmethod
    async def drawn(cls, town: Town, seed: int, *, viewers: int, authors: int, stars: int, posts: int) -> "Scene":
        """`stars` have so many followers that they are pulled: some for as long as there are posts, others later, or no
        longer. Posts are fanned out by the jobs that fan out all posts."""
        dice = random.Random(seed)
        named = await hashtags_for(town.backend, [f"scene{seed}x{number}" for number in range(4)])
        scene = cls(town, dice, list(named.values()))
        scene.authors = [await town.person(is_private=number % 6 == 5) for number in range(authors)]
        scene.stars = [await town.person(is_private=number % 6 == 5) for number in range(stars)]
        scene.viewers = [await town.person() for _ in range(viewers)]
        for star in scene.stars[: stars // 2 + 1]:
            await scene.count(star, CROWD)
            await scene.post(star)
            await scene.age(star)
        for number, viewer in enumerate(scene.viewers):
            await scene.set_up(viewer, number)
        crossings = iter([*scene.stars[:2], *scene.stars[stars // 2 + 1 :]])
        every = max(1, posts // (2 + stars - stars // 2))
        for number in range(posts):
            if number % every == every - 1 and (crossing := next(crossings, None)) is not None:
                await scene.cross(crossing)
            await scene.post(dice.choice([*scene.authors, *scene.stars, *scene.stars, *scene.viewers]))
        return scene

    async def set_up(self, viewer: int, number: int) -> None:
        """Whom a viewer follows, mutes, blocks; the first also has a timeline from before anything was posted."""
        dice, town = self.dice, self.town
        followed = dice.sample(self.authors, len(self.authors) * 2 // 3) + dice.sample(self.stars, len(self.stars) // 2)
        for author in followed:
            await town.set_follow(viewer, author)
        for hashtag in dice.sample(self.hashtags, number % 3):
            await self.follow_hashtag(viewer, hashtag)
        if number % 2:
            await self.edge(viewer, Mute, muter_id=viewer, muted_id=dice.choice(followed), state="MUTED")
            await self.block(viewer, dice.choice(followed))
            await self.block(dice.choice(self.authors), viewer)
        if number % 3 == 0:
            await town.warm(viewer)

    async def edge(self, owner: int, table: Any, **columns: Any) -> None:
        row = {"version": 1, "since": func.clock_now(), **columns}
        async with self.town.backend.transaction(shard_of(owner)) as transaction:
            await transaction.session.execute(insert(table).values(row))

    async def block(self, blocker: int, blocked: int) -> None:
        """As its first step leaves it, if there is none: the follows of the two stand until the second."""
        known = await self.town.backend.reader().on_shard_of(
            blocker, "SELECT FROM blocks WHERE blocker_id = $1 AND blocked_id = $2", blocker, blocked
        )
        if not known:
            await self.edge(blocker, Block, blocker_id=blocker, blocked_id=blocked, state="BLOCKED")

    async def follow_hashtag(self, viewer: int, hashtag: HashtagRow) -> None:
        follow = {"user_id": viewer, "hashtag_id": hashtag.id, "name": hashtag.name, "state": "FOLLOWED"}
        await self.edge(viewer, HashtagFollow, **follow)

    async def count(self, author: int, delta: int) -> None:
        async with self.town.backend.transaction(shard_of(author)) as transaction:
            await counts.add(transaction, author, Counter.FOLLOWERS, delta)

    async def post(self, author: int) -> int:
        """With some of the hashtags; listed and fanned out by the jobs."""
        town = self.town
        named = self.dice.sample(self.hashtags, min(self.dice.choice([0, 0, 1, 2]), len(self.hashtags)))
        payload = {"author_id": author}
        async with town.backend.transaction(shard_of(author)) as transaction:
            post_id = await transaction.mint_id()
            payload["post_id"] = post_id
            hashtags = [{"id": one.id, "name": one.name} for one in named]
            row = {"id": post_id, "author_id": author, "kind": "PHOTO", "media": [], "hashtags": hashtags}
            await transaction.session.execute(insert(Post).values(row))
            event_id = await emit(transaction, EventKind.POST_CREATED, payload)
        await list_post(town.backend, post_id)
        job = town.job(**payload)
        job.event_id, job.handler = event_id, "fan_out_post"
        await fan_out_post(job)
        self.posts[post_id] = author
        return post_id

    async def delete(self, post_id: int, *, is_late: bool = False) -> None:
        """Where `is_late`, the pages of its hashtags do not know of it."""
        author = self.posts.pop(post_id)
        await self.town.set_state("DELETED", post_id)
        if not is_late:
            await list_post(self.town.backend, post_id)
            await withdraw_post(self.town.job(author_id=author, post_id=post_id))

    async def cross(self, star: int) -> int:
        """Becomes pulled, or pushed again, with the fan-out of a post for which that does not hold yet; where it begins
        its first minute is over. Gives the post."""
        is_pulled = star in await self.pulled()
        await self.count(star, -CROWD if is_pulled else CROWD)
        post_id = await self.post(star)
        if not is_pulled:
            await self.age(star)
        forget_pulled(self.town.backend)
        assert (star in await self.pulled()) is not is_pulled
        return post_id

    async def pulled(self) -> set[int]:
        """Who is at present."""
        sql = "SELECT author_id FROM pulled_intervals WHERE until_id IS NULL"
        return {row["author_id"] for row in await self.town.backend.reader().on_every_node(sql)}

    async def age(self, star: int) -> None:
        """A minute goes by: all processes have heard of the interval, and posts are no longer pushed."""
        grace = int(GRACE_SECONDS * 1000) << 23
        async with self.town.backend.transaction(shard_of(star)) as transaction:
            sql = (
                "UPDATE pulled_intervals SET since_id = since_id - :grace WHERE author_id = :star AND until_id IS NULL"
            )
            await transaction.session.execute(text(sql), {"grace": grace, "star": star})
        forget_pulled(self.town.backend)

    async def page(self, viewer: int, first: int, after: str | None) -> tuple[list[Item], str | None]:
        """Its items, and where the next one begins, if there is one."""
        backend = self.town.backend
        links = MediaLinks(backend.signer)
        page = await home_feed(backend, backend.reader(), links, viewer, first=first, after=after)
        edges = [edge for edge in page.edges if isinstance(edge, FeedEdge)]
        assert len(edges) == len(page.edges)
        items = [(edge.node.id, edge.reason.value) for edge in edges]
        return items, page.page_info.end_cursor if page.page_info.has_next_page else None

    async def feed(self, viewer: int, *, first: int = 20) -> list[Item]:
        """Page by page to its end."""
        items, after = await self.page(viewer, first, None)
        while after is not None:
            more, after = await self.page(viewer, first, after)
            items += more
        return items

    async def oracle(self, viewer: int) -> list[Item]:
        """Plain SQL on the truth: nothing of what feeds are made by."""
        reader = self.town.backend.reader()
        known: dict[str, list[int]] = {}
        for row in await reader.on_every_node(_VIEWER, viewer):
            for name, ids in row.items():
                known.setdefault(name, []).extend(ids or [])
        hidden = [*known["muted"], *known["blocked"], *known["blocking"]]
        rows = await reader.on_every_node(_FEED, viewer, known["followed"], hidden, known["hashtags"])
        return sorted(((row["id"], row["reason"]) for row in rows), reverse=True)
