"""People, follows and posts as rows, and what the feeds of such a town must be."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, text, update

from models.ids import MAX_ID, shard_of
from models.tables import Follow, Following, Post, PulledInterval, User
from services.backend import Backend
from services.consequences import EventKind
from services.feeds.home import home_feed
from services.mirrors import apply, transition
from services.outbox import Job, emit
from services.visible import MediaLinks

STATES = {True: "ACCEPTED", False: "GONE"}


def _names(edge: type[Follow | Following]) -> dict[str, Any]:
    """Something for the columns that feeds do not look at."""
    columns = edge.__table__.columns
    return {
        column.name: 1 if column.name.endswith("version") else ""
        for column in columns
        if column.name.startswith(("follower_", "followed_")) and not column.primary_key
    }


@dataclass
class StepJob(Job):
    """A job whose progress is only remembered, with a limit of how often it is saved before the process "dies"."""

    saved: list[dict[str, Any]] = field(default_factory=list)
    saves_left: int = 1_000_000

    async def save_progress(self, progress: dict[str, Any]) -> None:
        if not self.saves_left:
            raise KeyboardInterrupt
        self.saves_left -= 1
        self.saved.append(progress)
        self.progress = progress


@dataclass
class Town:
    backend: Backend

    async def person(self, shard: int | None = None, *, is_private: bool = False) -> int:
        shard = self.backend.shards.any_shard() if shard is None else shard
        async with self.backend.transaction(shard) as transaction:
            user_id = await transaction.mint_id()
            await transaction.session.execute(
                insert(User).values(id=user_id, username=f"u{user_id}", is_private=is_private)
            )
        return user_id

    async def post(self, author_id: int) -> int:
        async with self.backend.transaction(shard_of(author_id)) as transaction:
            post_id = await transaction.mint_id()
            await transaction.session.execute(
                insert(Post).values(id=post_id, author_id=author_id, kind="PHOTO", media=[])
            )
        return post_id

    async def posts(self, author_id: int, count: int) -> list[int]:
        """Newest first."""
        async with self.backend.transaction(shard_of(author_id)) as transaction:
            made = await transaction.session.execute(
                text(
                    "INSERT INTO posts (id, author_id, kind, media)"
                    " SELECT mint_id(:shard), :author, 'PHOTO', '[]' FROM generate_series(1, :count) RETURNING id"
                ),
                {"shard": shard_of(author_id), "author": author_id, "count": count},
            )
            return sorted(made.scalars(), reverse=True)

    async def set_state(self, state: str, *post_ids: int) -> None:
        """Of posts of one author."""
        async with self.backend.transaction(shard_of(post_ids[0])) as transaction:
            await transaction.session.execute(update(Post).where(Post.id.in_(post_ids)).values(state=state))

    async def set_follow(
        self, follower_id: int, followed_id: int, *, follows: bool = True, mirror: bool = True
    ) -> None:
        """Truth, and its mirror unless that is to lag."""
        async with self.backend.transaction(shard_of(followed_id)) as transaction:
            await transition(
                transaction,
                Follow,
                {"followed_id": followed_id, "follower_id": follower_id},
                to_state=STATES[follows],
                from_states=[None, *STATES.values()],
                values=_names(Follow),
            )
        if mirror:
            await self.mirror_follow(follower_id, followed_id)

    async def mirror_follow(self, follower_id: int, followed_id: int) -> None:
        [truth] = await self.backend.reader().on_shard_of(
            followed_id,
            "SELECT state, version, since FROM follows WHERE followed_id = $1 AND follower_id = $2",
            followed_id,
            follower_id,
        )
        async with self.backend.transaction(shard_of(follower_id)) as transaction:
            await apply(
                transaction,
                Following,
                {"follower_id": follower_id, "followed_id": followed_id},
                {"since": truth["since"], **_names(Following)},
                version=truth["version"],
                state=truth["state"],
            )

    async def follow_by_many(self, follower_ids: Iterable[int], followed_id: int) -> None:
        """The truth alone, in one statement."""
        shared = {"followed_id": followed_id, "state": "ACCEPTED", "version": 1, **_names(Follow)}
        rows = [{"follower_id": follower_id, **shared} for follower_id in follower_ids]
        async with self.backend.transaction(shard_of(followed_id)) as transaction:
            await transaction.session.execute(insert(Follow).values(since=text("clock_now()")), rows)

    async def open_interval(self, author_id: int, since_id: int | None = None) -> int:
        """From now on, or from that id on, the author is pulled; gives `since_id`."""
        async with self.backend.transaction(shard_of(author_id)) as transaction:
            since_id = await transaction.mint_id() if since_id is None else since_id
            row = {"author_id": author_id, "since_id": since_id}
            await transaction.session.execute(insert(PulledInterval).values(row))
        return since_id

    async def close_interval(self, author_id: int) -> int:
        """From now on the author is pushed; gives `until_id`."""
        async with self.backend.transaction(shard_of(author_id)) as transaction:
            until_id = await transaction.mint_id()
            is_open = (PulledInterval.author_id == author_id) & PulledInterval.until_id.is_(None)
            await transaction.session.execute(update(PulledInterval).where(is_open).values(until_id=until_id))
        return until_id

    async def posted(self, author_id: int) -> StepJob:
        """A new post with its event; the job of its fan-out, as if nobody else knew of it."""
        async with self.backend.transaction(shard_of(author_id)) as transaction:
            post_id = await transaction.mint_id()
            row = {"id": post_id, "author_id": author_id, "kind": "PHOTO", "media": []}
            await transaction.session.execute(insert(Post).values(row))
            payload = {"post_id": post_id, "author_id": author_id}
            event_id = await emit(transaction, EventKind.POST_CREATED, payload)
        job = self.job(**payload)
        job.event_id, job.handler = event_id, "fan_out_post"
        return job

    async def is_done(self, job: StepJob) -> bool:
        """Whether its delivery is: somebody may have taken it along."""
        sql = "SELECT state FROM deliveries WHERE event_id = $1 AND handler = $2"
        rows = await self.backend.reader().on_shard_of(job.event_id, sql, job.event_id, job.handler)
        return [row["state"] for row in rows] == ["DONE"]

    def job(self, **payload: int) -> StepJob:
        return StepJob(
            backend=self.backend, event_id=0, kind=EventKind.USER_REGISTERED, handler="test", payload=payload,
            attempt=1, progress=None, lease_seconds=30, correlation_id=None,
        )  # fmt: skip

    async def feed(self, viewer_id: int, *, first: int = 100) -> list[int]:
        """The whole feed, page by page, as the viewer gets it."""
        links = MediaLinks(self.backend.signer)
        found: list[int] = []
        after = None
        for _ in range(1000):
            page = await home_feed(self.backend, self.backend.reader(), links, viewer_id, first=first, after=after)
            found += [post.id for post in page.nodes]
            if not page.page_info.has_next_page:
                return found
            after = page.page_info.end_cursor
        raise AssertionError("the feed has no end")

    async def oracle(self, viewer_id: int) -> list[int]:
        """What the feed must be, by plain SQL on the truth."""
        follows = await self.backend.reader().on_every_node(
            "SELECT followed_id FROM follows WHERE follower_id = $1 AND state = 'ACCEPTED'", viewer_id
        )
        authors = [viewer_id, *(row["followed_id"] for row in follows)]
        posts = await self.backend.reader().on_every_node(
            "SELECT id FROM posts WHERE author_id = ANY($1) AND state = 'LIVE' AND id < $2", authors, MAX_ID
        )
        return sorted((row["id"] for row in posts), reverse=True)

    async def warm(self, viewer_id: int) -> None:
        """Reads, so that the timeline is there."""
        await self.feed(viewer_id)
        await self.backend.background.settled()
