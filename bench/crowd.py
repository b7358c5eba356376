"""The bench's own people and posts, written straight into the tables: what is measured is reading them.

The same numbers every time, for a seed.
"""

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from rich.progress import track

from core.clock import EPOCH_MS
from core.settings import Settings
from models.ids import SHARD_SHIFT, TIME_SHIFT, shard_of
from models.shards import Shards
from models.tables import Counter

WIDTHS = (150, 320, 640, 1080)
FORMATS = ("JPEG", "WEBP")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Crowd:
    """`viewers` are those whose home feeds are read."""

    people: list[int] = field(default_factory=list)
    posts: list[int] = field(default_factory=list)
    viewers: list[int] = field(default_factory=list)
    rows: dict[int, dict[str, list[tuple[Any, ...]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, table: str, shard: int, *row: Any) -> None:
        self.rows[shard][table].append(row)


COLUMNS = {
    "users": ("id", "username", "full_name", "bio", "avatar", "is_verified"),
    "credentials": ("user_id", "email", "password_hash"),
    "posts": ("id", "author_id", "kind", "caption", "media"),
    "comments": ("id", "post_id", "author_id", "text"),
    "follows": (
        "followed_id", "follower_id", "state", "version", "since", "follower_username", "follower_name",
        "follower_name_version", "follower_search",
    ),
    "following": (
        "follower_id", "followed_id", "state", "version", "since", "followed_username", "followed_name",
        "followed_name_version", "followed_search",
    ),
    "likes": ("subject_id", "user_id", "state", "version", "since"),
    "saves": ("post_id", "user_id", "state", "version", "since"),
    "counts": ("object_id", "counter", "value"),
}  # fmt: skip


class Clock:
    """Ids that grow, on the shard asked for."""

    def __init__(self) -> None:
        self._milliseconds = int(BEGAN.timestamp() * 1000) - EPOCH_MS

    def mint(self, shard: int) -> int:
        self._milliseconds += 1000
        return self._milliseconds << TIME_SHIFT | shard << SHARD_SHIFT


def inline_image(number: int, variants: int) -> dict[str, Any]:
    shapes = [(width, form) for width in WIDTHS for form in FORMATS][:variants]
    return {
        "id": number,
        "kind": "IMAGE",
        "width": 1080,
        "height": 1350,
        "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
        "alt_text": None,
        "variants": [
            {
                "key": f"variants/{number:022d}/{width}.{form.lower()}",
                "width": width,
                "height": width * 5 // 4,
                "format": form,
                "bytes": width * 120,
            }
            for width, form in shapes
        ],
    }


def make_crowd(shards: int, *, people: int, posts: int, follows: int, seed: int = 7) -> Crowd:
    """`follows` each; two comments and about five likes a post; one viewer in forty."""
    dice, clock, crowd = random.Random(seed), Clock(), Crowd()
    names: dict[int, str] = {}
    for number in range(people):
        shard = number % shards
        user = clock.mint(shard)
        names[user] = f"person{number:05d}"
        crowd.people.append(user)
        avatar = json.dumps(inline_image(user, 2))
        crowd.add("credentials", shard, user, f"{names[user]}@example.com", None)
        crowd.add("users", shard, user, names[user], f"Person {number}", "Takes photographs.", avatar, number % 9 == 0)
    crowd.viewers = crowd.people[::40]
    for follower in crowd.people:
        for followed in dice.sample(crowd.people, follows):
            if followed != follower:
                _follow(crowd, follower, followed, names)
    for number in range(posts):
        _post(crowd, clock, dice, crowd.people[dice.randrange(people)], number)
    return crowd


def _follow(crowd: Crowd, follower: int, followed: int, names: dict[int, str]) -> None:
    a, b = names[follower], names[followed]
    crowd.add("follows", shard_of(followed), followed, follower, "ACCEPTED", 1, BEGAN, a, a, 1, a)
    crowd.add("following", shard_of(follower), follower, followed, "ACCEPTED", 1, BEGAN, b, b, 1, b)


def _post(crowd: Crowd, clock: Clock, dice: random.Random, author: int, number: int) -> None:
    shard = shard_of(author)
    post = clock.mint(shard)
    crowd.posts.append(post)
    caption = f"Photograph number {number}, taken on a day of which I remember the light."
    crowd.add("posts", shard, post, author, "PHOTO", caption, json.dumps([inline_image(clock.mint(shard), 4)]))
    likers = dice.sample(crowd.people, 5)
    for liker in likers:
        crowd.add("likes", shard, post, liker, "LIKED", 1, BEGAN + timedelta(seconds=number))
    crowd.add("counts", shard, post, int(Counter.LIKES), len(likers))
    crowd.add("counts", shard, post, int(Counter.COMMENTS), 2)
    for commenter in dice.sample(crowd.people, 2):
        crowd.add("comments", shard, clock.mint(shard), post, commenter, f"What light! ({number})")
    if dice.random() < 0.2:
        crowd.add("saves", shard, post, dice.choice(crowd.viewers), "SAVED", 1, BEGAN)


async def write_crowd(settings: Settings, shards: Shards, crowd: Crowd) -> None:
    """One transaction a shard. Then the planner is told what is there, as autovacuum would see to."""
    connections = [await asyncpg.connect(url) for url in settings.database_urls]
    for connection in connections:
        await connection.set_type_codec(
            "jsonb", schema="pg_catalog", encoder=lambda sent: b"\x01" + sent.encode(), decoder=bytes, format="binary"
        )
    for shard, tables in track(sorted(crowd.rows.items()), description="shards"):
        connection = connections[shards.node_of(shard)]
        async with connection.transaction():
            await connection.execute("SELECT set_config('heliograph.shard', $1, true)", str(shard))
            for table, rows in tables.items():
                await connection.copy_records_to_table(table, records=rows, columns=list(COLUMNS[table]))
    for connection in connections:
        await connection.execute("VACUUM ANALYZE")
        await connection.close()
