"""What ranked feeds are made of: posts with what a scorer asks, and what a viewer did with things of others."""

from core.clock import EPOCH_MS
from models.ids import TIME_SHIFT
from models.reads.counts import counts_of_all
from models.reads.people import blocks_viewer
from models.tables.counts import Counter

_COUNTS = counts_of_all(
    like_count=Counter.LIKES,
    comment_count=Counter.COMMENTS,
    share_count=Counter.SHARES,
    save_count=Counter.SAVES,
)

# Without texts and pictures, and whether or not the viewer may see them: for the order alone. `shorter_side` is that of
# the first picture or video, in pixels; counts are null where nothing was ever counted. $1 ids of posts, $2 id of the
# viewer
POST_FEATURES = f"""
    SELECT p.id, p.author_id, p.kind, p.state, u.is_private, u.state AS user_state, f.state AS follow_state,
           {blocks_viewer("$2")},
           ARRAY(SELECT (one ->> 'id')::bigint FROM jsonb_array_elements(p.hashtags) AS one) AS hashtag_ids,
           least((p.media -> 0 ->> 'width')::bigint, (p.media -> 0 ->> 'height')::bigint) AS shorter_side,
           c.like_count, c.comment_count, c.share_count, c.save_count
    FROM posts p
    JOIN users u ON u.id = p.author_id
    LEFT JOIN follows f ON f.followed_id = p.author_id AND f.follower_id = $2
    LEFT JOIN ({_COUNTS}) AS c ON c.object_id = p.id
    WHERE p.id = ANY($1)
"""  # noqa: S608  put together from constants

LATEST = 1_000
"""Of each sort of thing that the viewer did: what was done before that is passed over."""


def _latest(weight: int, rows: str) -> str:
    """`rows` have the `author_id`, the `post_kind` and when it was done, in seconds since 1970 (`at`)."""
    return f"(SELECT $4::float8[] AS weights, {weight} AS weight, latest.* FROM ({rows} LIMIT {LATEST}) AS latest)"  # noqa: S608  constants


def _mirror(table: str, condition: str) -> str:
    return f"""
        SELECT author_id, post_kind, extract(epoch FROM since)::float8 AS at FROM {table}
        WHERE user_id = $1 AND {condition} AND since > $5 ORDER BY since DESC
    """  # noqa: S608  put together from constants


_COMMENTS = """
    SELECT author_id, post_kind, extract(epoch FROM since)::float8 AS at FROM comments_made
    WHERE user_id = $1 AND comment_id > $6 AND state = 'LIVE' ORDER BY comment_id DESC
"""
_VISITS = """
    SELECT author_id, NULL::text AS post_kind, extract(epoch FROM recorded_at)::float8 AS at FROM impressions
    WHERE viewer_id = $1 AND subject_kind = 'USER' AND recorded_at > $5 ORDER BY recorded_at DESC
"""
_TAGS = f"""
    SELECT tag.author_id, NULL::text AS post_kind, ((own.id >> {TIME_SHIFT}) + {EPOCH_MS}) / 1000.0::float8 AS at
    FROM (SELECT id, media FROM posts
          WHERE author_id = $1 AND state = 'LIVE' AND id > $6 ORDER BY id DESC LIMIT {LATEST}) AS own
    CROSS JOIN LATERAL (
        SELECT DISTINCT (one ->> 'user_id')::bigint AS author_id
        FROM jsonb_path_query(own.media, '$[*].tags[*]') AS one
    ) AS tag
    ORDER BY own.id DESC
"""  # noqa: S608  put together from constants
_PARTS = (
    (1, _mirror("likes_given", "subject_kind = 'POST' AND state = 'LIKED'")),
    (1, _mirror("likes_given", "subject_kind = 'COMMENT' AND state = 'LIKED'")),
    (2, _COMMENTS),
    (3, _mirror("saves_made", "state = 'SAVED'")),
    (4, _VISITS),
    (5, _TAGS),
)

# What the viewer did with things of each author and of each kind of post (null: with no post): weighted, and halved for
# each $3 days since then. $1 id of the viewer, on whose shard it runs; $2 the moment, in seconds since 1970; $4 what a
# like, a comment, a save, a visit to a profile and a tag on an own post weigh; only since $5, which is the id $6
VIEWER_FEATURES = f"""
    SELECT author_id, post_kind,
           sum(weights[weight] * power(2, -greatest($2::float8 - at, 0) / (86400 * $3::float8))) AS strength
    FROM ({" UNION ALL ".join(_latest(*part) for part in _PARTS)}) AS done
    WHERE author_id NOT IN (0, $1)
    GROUP BY author_id, post_kind
"""  # noqa: S608  put together from constants

# What decides on every page of the viewer's home feed: the hashtags that the viewer follows, and whom. $1 id of the
# viewer, on whose shard it runs, $2 how many people are counted at most
STANDING = """
    SELECT ARRAY(SELECT hashtag_id FROM hashtag_follows WHERE user_id = $1 AND state = 'FOLLOWED') AS hashtag_ids,
           (SELECT count(*) FROM (
               SELECT FROM following WHERE follower_id = $1 AND state = 'ACCEPTED' LIMIT $2) AS counted) AS followed
"""
