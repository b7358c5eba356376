"""`bench/operations/create_post.py` by hand: the truth in one statement, then the timeline and the hashtag's page."""

import struct

from bench.twins.house import JSON, Caller, House
from bench.twins.parts import avatar, global_id, images, number_of, shown_entities
from bench.twins.saying import Said, said
from bench.twins.sql import PERSON, SHARD, add, emit
from media.signing import CachePolicy, Grant
from models.global_ids import NodeKind, encode_shortcode
from models.ids import created_at, shard_of
from models.tables import Counter
from services.consequences import EventKind
from services.feeds import scripts
from services.feeds.timeline import key_of
from services.idempotency import checked_key
from services.posts.checks import checked_caption
from services.posts.create import OPERATION

_ID = struct.Struct(">Q")

# $1 shard, $2 the event's mark, $3 the viewer, $4 the uploads in order, $5 caption, $6 entities, $7 hashtags, $8 kind,
# $9 operation, $10 key. Where an upload is not the viewer's, ready and unused, nothing is written.
_TRUTH = f"""
    {SHARD}, held AS MATERIALIZED (
        SELECT uploads.id, result, alt_text FROM shard, uploads
        WHERE uploads.id = ANY($4::bigint[]) AND owner_id = $3 AND purpose = 'POST' AND status = 'READY'
          AND attached_to IS NULL
        ORDER BY uploads.id FOR UPDATE OF uploads
    ), media AS MATERIALIZED (
        SELECT mint_id($1::int) AS id, jsonb_agg(
            result || jsonb_build_object('id', id, 'alt_text', nullif(alt_text, ''), 'tags', '[]'::jsonb)
            ORDER BY array_position($4::bigint[], id)) AS shown
        FROM held HAVING count(*) = cardinality($4::bigint[])
    ), claimed AS (
        INSERT INTO idempotency_keys (shard, actor_id, operation, key, result_id)
        SELECT $1::int, $3, $9, $10, id FROM media ON CONFLICT DO NOTHING RETURNING result_id
    ), attached AS (
        UPDATE uploads SET attached_to = claimed.result_id FROM claimed WHERE uploads.id = ANY($4::bigint[])
    ), post AS (
        INSERT INTO posts (id, author_id, kind, caption, entities, hashtags, media)
        SELECT result_id, $3, $8, $5, $6::jsonb, $7::jsonb, shown FROM claimed, media RETURNING id, media
    ), delta AS {add(Counter.POSTS, "$3", "1", "post")},
    {emit(EventKind.POST_CREATED, "'post_id', post.id, 'author_id', $3", "post")}
    SELECT post.id AS post_id, post.media, u.is_private, u.media_epoch, {PERSON} FROM post JOIN users u ON u.id = $3
"""

# $1 shard, $2 the hashtag, $3 the post, $4 since
_LIST = f"""
    {SHARD}, listed AS (
        INSERT INTO hashtag_posts (hashtag_id, post_id, since, version, state)
        SELECT $2, $3, $4, 1, 'LISTED' FROM shard ON CONFLICT DO NOTHING RETURNING hashtag_id
    ), delta AS {add(Counter.POSTS, "hashtag_id", "1", "listed")}
    SELECT FROM listed
"""


async def answer(house: House, caller: Caller, sent: JSON) -> JSON:
    """A key that was used before, and uploads that cannot be used, are of no bench: they raise."""
    given = sent["variables"]["input"]
    caption, key = checked_caption(given["caption"]), checked_key(given["idempotencyKey"], "idempotencyKey")
    words = await said(house, caller, caption, "caption")
    shard, kind = shard_of(caller.id), "PHOTO" if len(given["media"]) == 1 else "CAROUSEL"
    uploads = [number_of(one["uploadId"]) for one in given["media"]]
    written = (shard, caller.mark, caller.id, uploads, caption, words.entities, words.hashtags, kind, OPERATION, key)
    [row] = await house.on_node_of(caller.id, _TRUTH, *written)
    post_id = row["post_id"]
    await house.wake_relay(shard)
    member, length = _ID.pack(post_id), house.settings.timeline_length
    await house.redis.evalsha(scripts.PUSH.sha, 1, key_of(caller.id), member, length)
    for one in words.hashtags:
        await house.on_node_of(one["id"], _LIST, shard_of(one["id"]), one["id"], post_id, created_at(post_id))
    policy = CachePolicy.PRIVATE if row["is_private"] else CachePolicy.PUBLIC
    grant = Grant(caller.id, row["media_floor"], policy)
    post = {
        "id": global_id(NodeKind.POST, post_id),
        "shortcode": encode_shortcode(post_id),
        "kind": kind,
        "caption": caption,
        **_pointed_at(words),
        "createdAt": created_at(post_id),
        "likeCount": 0,
        "commentCount": 0,
        "viewerHasLiked": False,
        "author": {
            "id": global_id(NodeKind.USER, caller.id),
            "username": row["username"],
            "fullName": row["full_name"],
            "avatar": avatar(house, row),
        },
        "media": images(house, row["media"], grant, with_text=True),
    }
    return {"createPost": {"post": post, "userErrors": []}}


def _pointed_at(words: Said) -> JSON:
    return {
        "captionEntities": shown_entities(words.entities, words.people),
        "hashtags": [{"id": global_id(NodeKind.HASHTAG, one["id"]), "name": one["name"]} for one in words.hashtags],
    }
