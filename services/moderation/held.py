"""What waits for a moderator."""

from dataclasses import dataclass

from media.signing import CachePolicy, Grant
from models.reads.moderation import HELD_UPLOADS
from services.backend import Backend
from services.moderation.judging import judged_key_of
from services.visible import MediaLinks


@dataclass(frozen=True, slots=True)
class Held:
    """`seconds` since it was sent. Whoever has the URL may look, until the upload is decided on or its time is over."""

    upload_id: int
    username: str
    nudity: float | None
    seconds: float
    kind: str
    url: str


async def held_uploads(backend: Backend, links: MediaLinks, limit: int) -> tuple[list[Held], set[int]]:
    """The oldest, and the nodes that did not answer."""
    reader = backend.reader()
    rows = await reader.on_every_node(HELD_UPLOADS, limit)
    found = [
        Held(
            row["id"],
            row["username"],
            row["nudity"],
            row["seconds"],
            row["result"]["kind"],
            links.url(judged_key_of(row["result"]), Grant(row["owner_id"], row["media_epoch"], CachePolicy.PRIVATE)),
        )
        for row in sorted(rows, key=lambda row: row["id"])[:limit]
    ]
    return found, reader.unavailable
