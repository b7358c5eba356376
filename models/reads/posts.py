"""Posts with all that their page shows and that visibility asks, in one statement: everything of a post lives on its
author's shard."""

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

# A page of each author's posts, newest first. $1 ids of authors, $2 id of the viewer, $3 posts before this id,
# $4 how many, $5 their kind or null
POSTS_OF_AUTHORS = f"""
    SELECT {_COLUMNS}
    FROM unnest($1::bigint[]) AS asked(author_id)
    CROSS JOIN LATERAL (
        SELECT * FROM posts
        WHERE author_id = asked.author_id AND state = 'LIVE' AND id < $3 AND ($5::text IS NULL OR kind = $5)
        ORDER BY id DESC LIMIT $4
    ) AS p
    {_JOINS}
    ORDER BY p.id DESC
"""  # noqa: S608  put together from constants
