"""Rows by shard and table, and how they are written."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
from rich.progress import track

from core.clock import EPOCH_MS
from core.settings import Settings
from models.ids import SHARD_SHIFT, TIME_SHIFT
from models.shards import Shards

WIDTHS = (150, 320, 640, 1080)
FORMATS = ("JPEG", "WEBP")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
HASHTAG = "light"

_EDGE = ("state", "version", "since")
_FOLLOWER = ("follower_username", "follower_name", "follower_name_version", "follower_search")
_FOLLOWED = ("followed_username", "followed_name", "followed_name_version", "followed_search")
COLUMNS = {
    "users": ("id", "username", "full_name", "bio", "avatar", "is_verified", "is_private"),
    "credentials": ("user_id", "email", "password_hash"),
    "claims": ("shard", "kind", "value", "owner_id", "attempt", "state"),
    "hashtags": ("id", "name"),
    "posts": ("id", "author_id", "kind", "caption", "media", "entities", "hashtags"),
    "comments": ("id", "post_id", "author_id", "parent_id", "text", "entities", "score", "pinned_at"),
    "follows": ("followed_id", "follower_id", *_EDGE, *_FOLLOWER),
    "following": ("follower_id", "followed_id", *_EDGE, *_FOLLOWED),
    "likes": ("subject_id", "user_id", *_EDGE),
    "saves": ("post_id", "user_id", *_EDGE),
    "blocks": ("blocker_id", "blocked_id", *_EDGE),
    "mutes": ("muter_id", "muted_id", *_EDGE),
    "close_friends": ("user_id", "friend_id", *_EDGE),
    "author_alerts": ("user_id", "author_id", "posts"),
    "counts": ("object_id", "counter", "value"),
    "uploads": (
        "id", "owner_id", "purpose", "content_type", "byte_size", "object_key", "status", "expires_at", "result",
    ),
}  # fmt: skip


class Clock:
    """Ids that grow, on the shard asked for."""

    def __init__(self) -> None:
        self._milliseconds = int(BEGAN.timestamp() * 1000) - EPOCH_MS

    def mint(self, shard: int) -> int:
        self._milliseconds += 1000
        return self._milliseconds << TIME_SHIFT | shard << SHARD_SHIFT


@dataclass(slots=True)
class Crowd:
    """`viewers` are those who ask; the star of the same place in `stars` is whom they look at, and the `talks` post of
    the same place is what they read. `open_posts` may be seen by every viewer. `uploads` are the viewers', unused."""

    shards: int
    clock: Clock = field(default_factory=Clock)
    people: list[int] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    viewers: list[int] = field(default_factory=list)
    stars: list[int] = field(default_factory=list)
    talks: list[int] = field(default_factory=list)
    private: set[int] = field(default_factory=set)
    apart: set[tuple[int, int]] = field(default_factory=set)
    liked: set[tuple[int, int]] = field(default_factory=set)
    open_posts: list[int] = field(default_factory=list)
    uploads: dict[int, list[int]] = field(default_factory=dict)
    hashtag_id: int = 0
    rows: dict[int, dict[str, list[tuple[Any, ...]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, table: str, shard: int, *row: Any) -> None:
        self.rows[shard][table].append(row)


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
