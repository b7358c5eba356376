"""Posts with all that their page shows and that visibility asks, in one statement: everything of a post lives on its
author's shard."""

from models.ids import MAX_ID
from models.reads.counts import counts_join
from models.reads.people import USER_COLUMNS, blocks_viewer
from models.tables.counts import Counter

_COUNTS = counts_join(
    "p.id",
    "c",
    like_count=Counter.LIKES,
    comment_count=Counter.COMMENTS,
    share_count=Counter.SHARES,
    save_count=Counter.SAVES,
)

_COLUMNS = f"""
    p.id, p.author_id, p.kind, p.caption, p.entities, p.hashtags, p.media, p.media_epoch, p.place, p.state, p.edited_at,
    p.pinned_at, p.comments_enabled, p.like_count_hidden, {USER_COLUMNS}, {blocks_viewer("$2")},
    f.state AS follow_state, f.since AS follow_since,
    l.state AS like_state, s.state AS save_state,
    c.like_count, c.comment_count, c.share_count, c.save_count
"""

# $2 is the id of the viewer (0: anonymous).
_JOINS = f"""
    JOIN users u ON u.id = p.author_id
    LEFT JOIN follows f ON f.followed_id = p.author_id AND f.follower_id = $2
    LEFT JOIN likes l ON l.subject_id = p.id AND l.user_id = $2
    LEFT JOIN saves s ON s.post_id = p.id AND s.user_id = $2
    {_COUNTS}
"""

# $1 ids of posts, $2 id of the viewer
POSTS_BY_ID = f"SELECT {_COLUMNS} FROM posts p {_JOINS} WHERE p.id = ANY($1)"  # noqa: S608  put together from constants

# What visibility asks, and the hashtags. $1 ids of posts, $2 id of the viewer
HASHTAGS_OF_POSTS = f"""
    SELECT p.id, p.state, p.hashtags, u.id AS user_id, u.is_private, u.state AS user_state, {blocks_viewer("$2")},
           f.state AS follow_state
    FROM posts p JOIN users u ON u.id = p.author_id
    LEFT JOIN follows f ON f.followed_id = p.author_id AND f.follower_id = $2
    WHERE p.id = ANY($1)
"""  # noqa: S608  put together from constants

_PINNED = "(extract(epoch FROM pinned_at) * 1000000)::bigint"


def _of_authors(condition: str) -> str:
    """A page of each author's posts: those that are pinned, the newest pin first, then the rest, the newest first.

    $1 ids of authors, $2 id of the viewer; it begins behind $3 (when that post was pinned, in microseconds since 1970,
    0 for one that is not) and $4 (its id); $5 how many."""
    return f"""
        SELECT {_COLUMNS}
        FROM unnest($1::bigint[]) AS asked(author_id)
        CROSS JOIN LATERAL (
            SELECT * FROM (
                (SELECT * FROM posts
                 WHERE author_id = asked.author_id AND state = 'LIVE' AND pinned_at IS NOT NULL AND {condition}
                   AND ({_PINNED}, id) < ($3::bigint, $4::bigint))
                UNION ALL
                (SELECT * FROM posts
                 WHERE author_id = asked.author_id AND state = 'LIVE' AND pinned_at IS NULL AND {condition}
                   AND id < CASE WHEN $3::bigint > 0 THEN {MAX_ID} ELSE $4::bigint END
                 ORDER BY id DESC LIMIT $5)
            ) AS both_parts
            ORDER BY pinned_at DESC NULLS LAST, id DESC LIMIT $5
        ) AS p
        {_JOINS}
        ORDER BY p.pinned_at DESC NULLS LAST, p.id DESC
    """  # noqa: S608  put together from constants


POSTS_OF_AUTHORS = _of_authors("true")

# $6 their kind
POSTS_OF_AUTHORS_OF_KIND = _of_authors("kind = $6")

# What an author has archived, the newest first. $1 ids of authors, $2 id of the viewer, $3 posts before this id, $4 how
# many
ARCHIVED_POSTS = f"""
    SELECT {_COLUMNS}
    FROM unnest($1::bigint[]) AS asked(author_id)
    CROSS JOIN LATERAL (
        SELECT * FROM posts
        WHERE author_id = asked.author_id AND state = 'ARCHIVED' AND id < $3 ORDER BY id DESC LIMIT $4
    ) AS p
    {_JOINS}
    ORDER BY p.id DESC
"""  # noqa: S608  put together from constants
