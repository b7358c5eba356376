"""Posts and what hangs on them, made by the services that make all of them. Uploads are put in as the pipeline leaves
them."""

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, insert, text

from models.ids import shard_of
from models.tables import Counter, Following, MediaStatus, Upload, UploadPurpose
from services import counts
from services.backend import Backend
from services.comments.add import NewComment, add_comment
from services.consequences import EventKind
from services.outbox import Job
from services.posts.attaching import NewMedia
from services.posts.create import NewPost, create_post
from services.relationships.blocks import block, unblock
from services.relationships.follow import follow
from services.relationships.requests import accept_request
from services.visible import MediaLinks
from tests.factories import Person

WIDTHS = (150, 320, 640, 1080)


def links(backend: Backend) -> MediaLinks:
    return MediaLinks(backend.signer)


def inline_picture(rendition: str, prefix: str = "") -> dict[str, Any]:
    """Four widths in two formats."""
    variants = [
        {
            "key": f"variants/{rendition}/{prefix}{width}.{'jpg' if form == 'JPEG' else 'webp'}",
            "width": width,
            "height": width * 3 // 4,
            "format": form,
            "bytes": width * 10,
        }
        for width in WIDTHS
        for form in ("JPEG", "WEBP")
    ]
    return {"width": 1080, "height": 810, "variants": variants}


def inline_film(rendition: str) -> dict[str, Any]:
    """12.5 seconds with sound, in three heights and one file to play at once."""
    heights = (240, 480, 720)
    shape = {"width": 1280, "height": 720, "bitrate": 2_000_000, "bytes": 3_000_000}
    return {
        "kind": "VIDEO",
        "width": 1280,
        "height": 720,
        "blurhash": "LKO2",
        "alt_text": None,
        "duration": 12.5,
        "has_sound": True,
        "poster": inline_picture(rendition, "poster-"),
        "hls": f"variants/{rendition}/master.m3u8",
        "variants": [{"key": f"variants/{rendition}/film-720p.mp4"} | shape],
        "files": [f"variants/{rendition}/{height}p.{kind}" for height in heights for kind in ("m3u8", "mp4")],
    }


async def ready_upload(backend: Backend, owner_id: int, *, film: bool = False, **columns: Any) -> int:
    """A picture, or a film; the objects are not in storage."""
    rendition = secrets.token_urlsafe(16)
    picture = {"kind": "IMAGE", "blurhash": "LKO2", "alt_text": None} | inline_picture(rendition)
    async with backend.transaction(shard_of(owner_id)) as transaction:
        upload_id = await transaction.mint_id()
        row = {
            "id": upload_id,
            "owner_id": owner_id,
            "purpose": UploadPurpose.POST.value,
            "content_type": "video/mp4" if film else "image/jpeg",
            "byte_size": 1000,
            "object_key": f"originals/{rendition}",
            "status": MediaStatus.READY.value,
            "expires_at": func.clock_now(),
            "result": {"id": upload_id} | (inline_film(rendition) if film else picture),
        }
        await transaction.session.execute(insert(Upload).values(row | columns))
    return upload_id


async def make_post(backend: Backend, author: Person, *, pictures: int = 1, films: int = 0, **fields: Any) -> int:
    media = [NewMedia(await ready_upload(backend, author.id)) for _ in range(pictures)]
    media += [NewMedia(await ready_upload(backend, author.id, film=True)) for _ in range(films)]
    return await create_post(backend, links(backend), author.id, NewPost(media, **fields))


async def make_comment(
    backend: Backend, author: Person, post_id: int, said: str | None = None, parent_id: int | None = None
) -> int:
    """Says something that was not said before, if it matters not what."""
    said = said or f"Well seen, {secrets.token_hex(8)}"
    return await add_comment(backend, links(backend), author.id, NewComment(post_id, said, parent_id))


async def make_follow(backend: Backend, follower: Person, followed: Person) -> None:
    await follow(backend, links(backend), follower.viewer.user, followed.id)


async def accept_follow(backend: Backend, follower: Person, followed: Person) -> None:
    await accept_request(backend, links(backend), followed.viewer.user, follower.id)


async def followed_by_mirror(backend: Backend, person: Person, count: int) -> None:
    """So many people who are nowhere else."""
    ids = [(number + 1) << 23 for number in range(count)]
    shared = {"follower_id": person.id, "state": "ACCEPTED", "version": 1, "followed_username": "", "followed_name": ""}
    shared |= {"followed_name_version": 1, "followed_search": ""}
    async with backend.transaction(shard_of(person.id)) as transaction:
        made = insert(Following).values(since=text("clock_now()"))
        await transaction.session.execute(made, [shared | {"followed_id": number} for number in ids])
        await counts.add(transaction, person.id, Counter.FOLLOWING, count)


async def make_block(backend: Backend, blocker: Person, blocked: Person) -> None:
    await block(backend, links(backend), blocker.viewer.user, blocked.id)


async def end_block(backend: Backend, blocker: Person, blocked: Person) -> None:
    await unblock(backend, links(backend), blocker.id, blocked.id)


async def set_user_state(backend: Backend, user_id: int, state: str) -> None:
    await change(backend, user_id, "UPDATE users SET state = :state WHERE id = :id", state=state, id=user_id)


async def set_post_state(backend: Backend, post_id: int, state: str) -> None:
    await change(backend, post_id, "UPDATE posts SET state = :state WHERE id = :id", state=state, id=post_id)


async def change(backend: Backend, identifier: int, sql: str, **values: Any) -> None:
    async with backend.transaction(shard_of(identifier)) as transaction:
        await transaction.session.execute(text(sql), values)


async def post_row(backend: Backend, post_id: int) -> dict[str, Any]:
    """A post as it is stored."""
    [found] = await backend.reader().on_shard_of(post_id, "SELECT * FROM posts WHERE id = $1", post_id)
    return dict(found)


async def listed(backend: Backend, post_id: int) -> dict[str, set[int]]:
    """The pages on which a post stands, whatever the truth says: of hashtags, places, and people."""
    found: dict[str, set[int]] = {}
    for table, column in (("hashtag_posts", "hashtag_id"), ("place_posts", "place_id"), ("tagged_posts", "user_id")):
        sql = f"SELECT {column} AS page FROM {table} WHERE post_id = $1 AND state = 'LISTED'"
        found[table] = {row["page"] for row in await backend.reader().on_every_node(sql, post_id)}
    return found


async def rows(backend: Backend, identifier: int, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
    """What is stored where the id lives: `$1` is the first argument."""
    found = await backend.reader().on_shard_of(identifier, sql, *arguments)
    return [tuple(row) for row in found]


async def count_of(backend: Backend, object_id: int, counter: Counter) -> int:
    return (await counts.read(backend.reader(), [object_id], [counter]))[object_id, counter]


async def events_about(backend: Backend, identifier: int, kind: EventKind, **payload: Any) -> list[dict[str, Any]]:
    """The payloads of the events of a kind on the id's shard that hold these values, in order."""
    found = await backend.reader().on_shard_of(
        identifier,
        "SELECT payload FROM events WHERE kind = $1 AND payload @> $2 AND shard_of(id) = shard_of($3) ORDER BY id",
        kind.value,
        payload,
        identifier,
    )
    return [row["payload"] for row in found]


def job_of(backend: Backend, kind: EventKind, payload: Mapping[str, Any]) -> Job:
    """A try of a handler at an event that is not in the outbox."""
    return Job(backend, 0, kind, "", payload, 1, None, 10.0, None)


async def fingerprint(backend: Backend) -> list[tuple[Any, ...]]:
    """How many rows of what people make there are on each node: the same before and after what was refused."""
    tables = (
        "posts", "comments", "likes", "saves", "shares", "follows", "following", "hashtag_posts", "place_posts",
        "tagged_posts", "count_deltas", "counts", "events", "blocks", "blocks_received", "mutes", "close_friends",
        "author_alerts", "follow_reservations", "hashtags", "hashtag_follows",
        "saves_made", "collections", "collection_posts", "reports", "impressions",
    )  # fmt: skip
    sql = " UNION ALL ".join(f"SELECT '{table}' AS name, count(*) AS number FROM {table}" for table in tables)
    attached = "SELECT 'attached', count(*) FROM uploads WHERE attached_to IS NOT NULL"
    found = await backend.reader().on_every_node(
        f"{sql} UNION ALL {attached} UNION ALL SELECT 'keys', count(*) FROM idempotency_keys ORDER BY name"
    )
    return [tuple(row) for row in found]
