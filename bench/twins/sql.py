"""Pieces of the twins' statements."""

from models.tables import Counter
from services.consequences import EventKind, handler_names


def count(counter: Counter, subject: str) -> str:
    return (
        f"(SELECT coalesce(sum(v), 0)::bigint FROM (SELECT value AS v FROM counts WHERE object_id = {subject}"
        f" AND counter = {int(counter)} UNION ALL SELECT delta FROM count_deltas WHERE object_id = {subject}"
        f" AND counter = {int(counter)}) t)"
    )


def likes(subject: str, viewer: str) -> str:
    return (
        f"EXISTS (SELECT FROM likes WHERE subject_id = {subject} AND user_id = {viewer} AND state = 'LIKED') AS liked"
    )


def saves(post: str, viewer: str) -> str:
    return f"EXISTS (SELECT FROM saves WHERE post_id = {post} AND user_id = {viewer} AND state = 'SAVED') AS saved"


def is_there(viewer: str) -> str:
    """Of a user `u`: active, and not blocking the viewer. Whom the viewer blocks is in the session's statement."""
    return (
        "u.state = 'ACTIVE' AND NOT EXISTS (SELECT FROM blocks"
        f" WHERE blocker_id = u.id AND blocked_id = {viewer} AND state = 'BLOCKED')"
    )


def lets_in(viewer: str) -> str:
    """Of a user `u` and the viewer's follow `f` of theirs."""
    return f"(u.id = {viewer} OR NOT u.is_private OR f.state = 'ACCEPTED')"


def visible_post(viewer: str, blocked: str) -> str:
    """Of a post `p` with its author `u` and the viewer's follow `f` of theirs."""
    return f"""
        {is_there(viewer)} AND {lets_in(viewer)} AND u.id <> ALL({blocked}::bigint[])
        AND (p.state = 'LIVE' OR (p.state = 'ARCHIVED' AND u.id = {viewer}))
    """


PERSON = "u.id, u.username, u.full_name, u.is_verified, u.avatar, u.media_floor, u.state"

_SHOWN = """
    FROM users u
    WHERE u.id = ANY($1) AND u.state <> 'SUSPENDED'
      AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = u.id AND blocked_id = $2 AND state = 'BLOCKED')
"""
# $1 ids of users, $2 the viewer: those whom the viewer may see, blocks of the viewer apart, and who is deleted.
PEOPLE = f"SELECT {PERSON} {_SHOWN}"
NAMES = f"SELECT u.id, u.username, u.state {_SHOWN}"

# $1 ids of users, $2 the viewer. On the viewer's node it is asked for all, on another for those who live there: so each
# row has what the node knows. `follow` is the viewer's follow of them, `back` theirs of the viewer.
PEOPLE_AROUND = f"""
    SELECT o.id AS asked, {PERSON}, f.state AS follow, b.state AS back, c.state AS close, a.posts, a.stories, a.reels,
           a.live
    FROM unnest($1::bigint[]) AS o (id)
    LEFT JOIN users u ON u.id = o.id AND {is_there("$2")}
    LEFT JOIN follows f ON f.followed_id = o.id AND f.follower_id = $2
    LEFT JOIN follows b ON b.followed_id = $2 AND b.follower_id = o.id
    LEFT JOIN close_friends c ON c.user_id = $2 AND c.friend_id = o.id
    LEFT JOIN author_alerts a ON a.user_id = $2 AND a.author_id = o.id
"""

# The beginning of a statement that is a transaction by itself: $1 its shard. What writes reads from it first.
SHARD = "WITH shard AS MATERIALIZED (SELECT set_config('heliograph.shard', $1::int::text, true))"


def add(counter: Counter, subject: str, delta: str, source: str) -> str:
    return f"""(
        INSERT INTO count_deltas (id, object_id, counter, delta)
        SELECT mint_id($1::int), {subject}, {int(counter)}, {delta} FROM {source}
    )"""


def emit(kind: EventKind, payload: str, source: str) -> str:
    """Two more parts of the statement: the event, which carries $2, and its deliveries."""
    handlers = ", ".join(f"'{name}'" for name in handler_names(kind))
    return f"""
        event AS (
            INSERT INTO events (id, kind, payload, correlation_id)
            SELECT mint_id($1::int), '{kind.value}', jsonb_build_object({payload}), $2::text FROM {source}
            RETURNING id
        ), delivery AS (
            INSERT INTO deliveries (event_id, handler, shard)
            SELECT event.id, handler, $1::int FROM event, unnest(ARRAY[{handlers}]) AS handler
        )
    """
