"""`bench/operations/like.py` by hand: the truth in one statement, which is the transaction; then the mirror."""

from bench.twins.house import JSON, Caller, House
from bench.twins.parts import not_found, number_of
from bench.twins.sql import SHARD, add, count, emit, visible_post
from models.ids import shard_of
from models.tables import Counter
from services.consequences import EventKind

# $1 shard, $2 the event's mark, $3 the post, $4 the viewer, $5 whom the viewer blocks
_POST = f"""
    {SHARD}, post AS MATERIALIZED (
        SELECT p.id, p.author_id, {count(Counter.LIKES, "p.id")} AS like_count
        FROM shard, posts p
        JOIN users u ON u.id = p.author_id
        LEFT JOIN follows f ON f.followed_id = u.id AND f.follower_id = $4
        WHERE p.id = $3 AND {visible_post("$4", "$5")}
    )
"""
_LIKE = """
    INSERT INTO likes (subject_id, user_id, state, version, since)
    SELECT id, $4, 'LIKED', 1, clock_now() FROM post
    ON CONFLICT (subject_id, user_id) DO UPDATE
    SET state = 'LIKED', previous_state = likes.state, version = likes.version + 1, since = clock_now()
    WHERE likes.state = 'GONE'
"""
_UNLIKE = """
    UPDATE likes SET state = 'GONE', previous_state = state, version = version + 1, since = clock_now()
    FROM post WHERE subject_id = post.id AND user_id = $4 AND state = 'LIKED'
"""


def _truth(change: str, kind: EventKind, delta: int) -> str:
    payload = "'subject_kind', 'POST', 'subject_id', $3, 'user_id', $4, 'owner_id', author_id, 'version', version"
    return f"""
        {_POST}, edge AS ({change} RETURNING version, since, withheld),
        delta AS {add(Counter.LIKES, "$3", str(delta), "edge WHERE withheld = 0")},
        {emit(kind, payload, "edge, post")}
        SELECT post.like_count + CASE WHEN edge.withheld = 0 THEN {delta} ELSE 0 END AS like_count,
               edge.version, edge.since
        FROM post LEFT JOIN edge ON true
    """


_TRUTH = {"like": _truth(_LIKE, EventKind.LIKED, 1), "unlike": _truth(_UNLIKE, EventKind.UNLIKED, -1)}

# $1 shard, $2 the viewer, $3 the post, $4 version, $5 since, $6 state
_MIRROR = f"""
    {SHARD}
    INSERT INTO likes_given AS m (user_id, subject_id, subject_kind, since, version, state)
    SELECT $2, $3, 'POST', $5, $4, $6 FROM shard
    ON CONFLICT (user_id, subject_id) DO UPDATE
    SET since = excluded.since, subject_kind = excluded.subject_kind, version = excluded.version,
        state = excluded.state, previous_state = m.state
    WHERE excluded.version > m.version
"""


async def answer(house: House, caller: Caller, sent: JSON) -> JSON:
    field = "unlike" if "unlike" in sent["query"] else "like"
    post_id, liked = number_of(sent["variables"]["id"]), field == "like"
    shard = shard_of(post_id)
    arguments = (shard, caller.mark, post_id, caller.id, list(caller.blocked))
    rows = await house.on_node_of(post_id, _TRUTH[field], *arguments)
    if not rows:
        return {field: {"subject": None, "userErrors": [not_found("post", "subjectId")]}}
    [row] = rows
    if row["version"] is not None:
        await house.wake_relay(shard)
        state = "LIKED" if liked else "GONE"
        mirrored = (shard_of(caller.id), caller.id, post_id, row["version"], row["since"], state)
        await house.on_node_of(caller.id, _MIRROR, *mirrored)
    subject = {"id": sent["variables"]["id"], "likeCount": row["like_count"], "viewerHasLiked": liked}
    return {field: {"subject": subject, "userErrors": []}}
