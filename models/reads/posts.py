"""Posts by id, in one statement with all that their page shows and that visibility asks: everything of a post
lives on its author's shard."""

from models.reads.counts import counts_join
from models.reads.people import USER_COLUMNS
from models.tables.counts import Counter

_COUNTS = counts_join(
    "p.id",
    "c",
    like_count=Counter.LIKES,
    comment_count=Counter.COMMENTS,
    share_count=Counter.SHARES,
    save_count=Counter.SAVES,
)

# $1 ids of posts, $2 id of the viewer (0: anonymous)
POSTS_BY_ID = f"""
    SELECT p.id, p.author_id, p.kind, p.caption, p.media, p.place, p.state, p.edited_at, p.pinned_at,
           p.comments_enabled, p.like_count_hidden, {USER_COLUMNS},
           f.state AS follow_state, f.since AS follow_since,
           l.state AS like_state, s.state AS save_state,
           c.like_count, c.comment_count, c.share_count, c.save_count
    FROM posts p
    JOIN users u ON u.id = p.author_id
    LEFT JOIN follows f ON f.followed_id = p.author_id AND f.follower_id = $2
    LEFT JOIN likes l ON l.subject_id = p.id AND l.user_id = $2
    LEFT JOIN saves s ON s.post_id = p.id AND s.user_id = $2
    {_COUNTS}
    WHERE p.id = ANY($1)
"""  # noqa: S608  put together from constants

# $1 ids of comments, $2 id of the viewer (0: anonymous). The post's own visibility is decided by POSTS_BY_ID.
COMMENTS_BY_ID = f"""
    SELECT m.id, m.post_id, m.author_id, m.parent_id, m.text, m.state, m.pinned_at, m.score,
           l.state AS like_state, c.like_count, c.reply_count
    FROM comments m
    LEFT JOIN likes l ON l.subject_id = m.id AND l.user_id = $2
    {counts_join("m.id", "c", like_count=Counter.LIKES, reply_count=Counter.REPLIES)}
    WHERE m.id = ANY($1)
"""  # noqa: S608  put together from constants
