"""A viewer who follows many, who all post, like, comment and follow each other, copied straight into the tables: so
that a page's cost can be seen where there is much below it. Nothing is hidden, and mirrors say what the truth says."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from core import clock
from models.ids import SHARD_SHIFT, TIME_SHIFT, shard_of
from services.backend import Backend

SPAN_MS = 29 * 86_400_000
POSTS, LIKES, COMMENTS, FOLLOWS = 12, 20, 10, 10
"""Of each person, in the last 29 days."""

COLUMNS = {
    "users": ("id", "username"),
    "posts": ("id", "author_id", "kind", "media"),
    "likes": ("subject_id", "user_id", "state", "version", "since"),
    "likes_given": ("subject_id", "user_id", "state", "version", "since"),
    "comments": ("id", "post_id", "author_id", "text"),
    "comments_made": ("comment_id", "user_id", "state", "version", "since"),
    "follows": (
        "followed_id", "follower_id", "state", "version", "since",
        "follower_username", "follower_name", "follower_name_version", "follower_search",
    ),
    "following": (
        "followed_id", "follower_id", "state", "version", "since",
        "followed_username", "followed_name", "followed_name_version", "followed_search",
    ),
}  # fmt: skip
NAMES = ("", "", 1, "")


@dataclass
class Crowd:
    backend: Backend
    chance: random.Random = field(default_factory=random.Random)
    made: dict[tuple[int, str], dict[Any, tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(dict))

    def put(self, table: str, where: int, key: Any, *columns: Any) -> None:
        node = self.backend.shards.node_of(shard_of(where))
        self.made[node, table].setdefault(key, columns)

    def new_id(self, shard: int) -> int:
        since = self._moment_ms() - clock.EPOCH_MS
        return since << TIME_SHIFT | shard << SHARD_SHIFT | self.chance.randrange(1024)

    def _moment_ms(self) -> int:
        return clock.now_ms() - self.chance.randrange(1000, SPAN_MS)

    def person(self, number: int) -> int:
        shards = self.backend.shards
        homes = shards.shards_on(number % 2)
        made = self.new_id(homes[number // 2 % len(homes)])
        self.put("users", made, made, made, f"c{made}")
        return made

    def follow(self, follower: int, followed: int) -> None:
        edge = (followed, follower, "ACCEPTED", 1, clock.from_ms(self._moment_ms()), *NAMES)
        self.put("follows", followed, (follower, followed), *edge)
        self.put("following", follower, (follower, followed), *edge)

    def act(self, person: int, people: Sequence[int], posts: Sequence[int]) -> None:
        for post in self.chance.sample(posts, min(LIKES, len(posts))):
            edge = (post, person, "LIKED", 1, clock.from_ms(self._moment_ms()))
            self.put("likes", post, (post, person), *edge)
            self.put("likes_given", person, (post, person), *edge)
        for post in self.chance.choices(posts, k=COMMENTS):
            number = self.new_id(shard_of(post))
            since = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=(number >> TIME_SHIFT) + clock.EPOCH_MS)
            self.put("comments", number, number, number, post, person, "Well")
            self.put("comments_made", person, number, number, person, "LIVE", 1, since)
        for other in self.chance.choices(people, k=FOLLOWS):
            if other != person:
                self.follow(person, other)

    async def store(self) -> None:
        for node, url in enumerate(self.backend.settings.database_urls):
            connection = await asyncpg.connect(url)
            await connection.execute("SET session_replication_role = replica")  # the rows are of many shards
            for table, columns in COLUMNS.items():
                rows = self.made[node, table].values()
                await connection.copy_records_to_table(table, records=rows, columns=columns)
                await connection.execute(f"ANALYZE {table}")
            await connection.close()


async def make_crowd(backend: Backend, count: int) -> int:
    """The viewer, who follows so many people."""
    crowd = Crowd(backend)
    viewer = crowd.person(0)
    people = [crowd.person(number) for number in range(count)]
    posts: list[int] = []
    for person in people:
        crowd.follow(viewer, person)
        for _ in range(POSTS):
            post = crowd.new_id(shard_of(person))
            crowd.put("posts", post, post, post, person, "PHOTO", "[]")
            posts.append(post)
    for person in people:
        crowd.act(person, people, posts)
    await crowd.store()
    return viewer
