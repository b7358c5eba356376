"""`bench/operations/add_comment.py` by hand: what may be said, then the truth in one statement, then the mirror."""

from bench.twins.house import JSON, Caller, House
from bench.twins.parts import avatar, global_id, not_found, number_of, shown_entities
from bench.twins.saying import said
from bench.twins.sql import PERSON, SHARD, add, count, emit, visible_post
from models.global_ids import NodeKind
from models.ids import created_at, shard_of
from models.tables import Counter
from services.comments.add import LONGEST_TEXT, OPERATION
from services.consequences import EventKind
from services.idempotency import checked_key
from services.moderation.profanity import check_words
from services.moderation.repeats import check_repeats
from services.text import checked_text

# $1 the post, $2 the viewer, $3 whom the viewer blocks, $4 shard, $5 operation, $6 key: may it be seen, and what did
# the key make before.
_SEEN = f"""
    SELECT p.author_id, p.comments_enabled AND p.state = 'LIVE' AS is_open,
           (SELECT result_id FROM idempotency_keys
            WHERE shard = $4::int AND actor_id = $2 AND operation = $5 AND key = $6) AS made
    FROM posts p
    JOIN users u ON u.id = p.author_id
    LEFT JOIN follows f ON f.followed_id = u.id AND f.follower_id = $2
    WHERE p.id = $1 AND {visible_post("$2", "$3")}
"""

_PAYLOAD = (
    "'comment_id', comment.id, 'post_id', $3, 'author_id', $4, 'post_author_id', author_id, 'parent_id', NULL::bigint"
)

# $1 shard, $2 the event's mark, $3 the post, $4 the viewer, $5 text, $6 entities, $7 operation, $8 key. The id is
# minted under the post's lock.
_TRUTH = f"""
    {SHARD}, post AS MATERIALIZED (
        SELECT p.id, p.author_id FROM shard, posts p
        WHERE p.id = $3 AND p.state = 'LIVE' AND p.comments_enabled FOR NO KEY UPDATE OF p
    ), minted AS MATERIALIZED (
        SELECT mint_id($1::int) AS id, author_id FROM post
    ), claimed AS (
        INSERT INTO idempotency_keys (shard, actor_id, operation, key, result_id)
        SELECT $1::int, $4, $7, $8, id FROM minted ON CONFLICT DO NOTHING RETURNING result_id
    ), comment AS (
        INSERT INTO comments (id, post_id, author_id, text, entities)
        SELECT result_id, $3, $4, $5, $6::jsonb FROM claimed RETURNING id
    ), delta AS {add(Counter.COMMENTS, "$3", "1", "comment")},
    {emit(EventKind.COMMENT_ADDED, _PAYLOAD, "comment, post")}
    SELECT comment.id, {count(Counter.COMMENTS, "$3")} + 1 AS comment_count FROM comment
"""

# $1 shard, $2 the viewer, $3 the comment, $4 since
_MIRROR = f"""
    {SHARD}, made AS (
        INSERT INTO comments_made AS m (user_id, comment_id, since, version, state)
        SELECT $2, $3, $4, 1, 'LIVE' FROM shard ON CONFLICT DO NOTHING
    )
    SELECT {PERSON} FROM users u WHERE u.id = $2
"""


async def answer(house: House, caller: Caller, sent: JSON) -> JSON:
    """A key that was used before is of no bench: it raises."""
    given = sent["variables"]["input"]
    post_id, key = number_of(given["postId"]), checked_key(given["idempotencyKey"], "idempotencyKey")
    text = checked_text(given["text"], "text", limit=LONGEST_TEXT, multiline=True)
    await check_words(house.settings, text, "text")
    shard, operation = shard_of(post_id), f"{OPERATION}:{post_id}"
    asked = (post_id, caller.id, list(caller.blocked), shard, operation, key)
    seen = await house.on_node_of(post_id, _SEEN, *asked)
    if not seen or not seen[0]["is_open"]:
        return {"addComment": {"comment": None, "userErrors": [not_found("post", "postId")]}}
    if seen[0]["made"] is not None:
        raise KeyError(key)
    words = await said(house, caller, text, "text")
    await check_repeats(house.backend, caller.id, text, "text")
    written = (shard, caller.mark, post_id, caller.id, text, words.entities, operation, key)
    [row] = await house.on_node_of(post_id, _TRUTH, *written)
    await house.wake_relay(shard)
    made_at = created_at(row["id"])
    [author] = await house.on_node_of(caller.id, _MIRROR, shard_of(caller.id), caller.id, row["id"], made_at)
    comment = {
        "id": global_id(NodeKind.COMMENT, row["id"]),
        "text": text,
        "entities": shown_entities(words.entities, words.people),
        "createdAt": made_at,
        "isPinned": False,
        "likeCount": 0,
        "replyCount": 0,
        "viewerHasLiked": False,
        "viewerCanDelete": True,
        "author": {
            "id": global_id(NodeKind.USER, caller.id),
            "username": author["username"],
            "fullName": author["full_name"],
            "avatar": avatar(house, author),
        },
        "post": {"id": given["postId"], "commentCount": row["comment_count"]},
    }
    return {"addComment": {"comment": comment, "userErrors": []}}
