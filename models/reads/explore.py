"""What explore and reels are made of. Every statement looks at a number of rows that its arguments bound, however much
there is; what may be shown of it is asked of visibility anew."""

from models.reads.counts import counts_join
from models.reads.people import blocks_viewer
from models.tables.counts import Counter

_COUNTS = counts_join(
    "p.id",
    "c",
    likes=Counter.LIKES,
    comments=Counter.COMMENTS,
    shares=Counter.SHARES,
    saves=Counter.SAVES,
)

_HASHTAGS_FOLLOWED = """
    ARRAY(SELECT hashtag_id FROM hashtag_follows WHERE user_id = $1 AND state = 'FOLLOWED'
          ORDER BY since DESC, hashtag_id DESC LIMIT $2) AS hashtags
"""

# What the viewer liked or saved last, and the hashtags followed last. $1 id of the viewer, on whose shard it runs, $2
# how many hashtags, $3 how many posts
EXPLORE_SOURCES = f"""
    SELECT {_HASHTAGS_FOLLOWED},
           ARRAY(SELECT id FROM (
               (SELECT subject_id AS id, since FROM likes_given
                WHERE user_id = $1 AND subject_kind = 'POST' AND state = 'LIKED'
                ORDER BY since DESC, subject_id DESC LIMIT $3)
               UNION ALL
               (SELECT post_id, since FROM saves_made WHERE user_id = $1 AND state = 'SAVED'
                ORDER BY since DESC, post_id DESC LIMIT $3)
           ) AS kept GROUP BY id ORDER BY max(since) DESC, id DESC LIMIT $3) AS liked
"""  # noqa: S608  put together from constants

# The hashtags that the viewer followed last. $1 id of the viewer, on whose shard it runs, $2 how many
HASHTAGS_FOLLOWED = f"SELECT {_HASHTAGS_FOLLOWED}"

# Where posts lead: their hashtags, and who liked them last. $1 ids of posts, $2 how many people for each
WAYS_FROM_POSTS = """
    SELECT p.id, p.hashtags, ARRAY(
        SELECT user_id FROM likes WHERE subject_id = p.id AND state = 'LIKED' AND withheld = 0
        ORDER BY since DESC, user_id DESC LIMIT $2
    ) AS likers
    FROM posts p WHERE p.id = ANY($1) AND p.state = 'LIVE'
"""

# The posts that people liked last. $1 ids of people, $2 id of the viewer, whom they must not block, $3 how many for
# each
LIKED_LATELY = f"""
    SELECT u.id AS user_id, liked.post_id
    FROM (SELECT id, state, {blocks_viewer("$2")} FROM users u WHERE id = ANY($1)) AS u
    CROSS JOIN LATERAL (
        SELECT subject_id AS post_id FROM likes_given
        WHERE user_id = u.id AND subject_kind = 'POST' AND state = 'LIKED'
        ORDER BY since DESC, subject_id DESC LIMIT $3
    ) AS liked
    WHERE u.state = 'ACTIVE' AND NOT u.blocks_viewer
"""  # noqa: S608  put together from constants

# The newest posts of hashtags. $1 ids of hashtags, $2 how many of each
LATEST_OF_HASHTAGS = """
    SELECT hashtag.id AS hashtag_id, latest.post_id
    FROM unnest($1::bigint[]) AS hashtag (id)
    CROSS JOIN LATERAL (
        SELECT post_id FROM hashtag_posts WHERE hashtag_id = hashtag.id AND state = 'LISTED'
        ORDER BY post_id DESC LIMIT $2
    ) AS latest
"""

# The newest reels of authors. $1 ids of authors, $2 how many of each, $3 how many of all of them together
LATEST_REELS_OF = """
    SELECT latest.id FROM unnest($1::bigint[]) AS author (id)
    CROSS JOIN LATERAL (
        SELECT id FROM posts WHERE author_id = author.id AND kind = 'REEL' AND state = 'LIVE'
        ORDER BY id DESC LIMIT $2
    ) AS latest
    ORDER BY latest.id DESC LIMIT $3
"""


def _newest(looked_at: str) -> str:
    """Of the newest $2 that are looked at, those that everybody may see, at most $3. $1 only posts from this id on."""
    return f"""
        SELECT p.id, p.author_id, p.kind, c.likes, c.comments, c.shares, c.saves
        FROM (
            SELECT looked_at.id, looked_at.author_id, looked_at.kind FROM ({looked_at}) AS looked_at
            JOIN users u ON u.id = looked_at.author_id
            WHERE looked_at.state = 'LIVE' AND u.state = 'ACTIVE' AND NOT u.is_private
            ORDER BY looked_at.id DESC LIMIT $3
        ) AS p
        {_COUNTS}
    """  # noqa: S608  put together from constants


# Along the primary key, which is in the order of time over all shards of a node.
NEWEST_POSTS = _newest("SELECT id, author_id, kind, state FROM posts WHERE id >= $1 ORDER BY id DESC LIMIT $2")
NEWEST_REELS = _newest(
    "SELECT id, author_id, kind, state FROM posts WHERE id >= $1 AND kind = 'REEL' AND state = 'LIVE'"
    " ORDER BY id DESC LIMIT $2"
)

# Those of some posts that the viewer likes or has saved: what leaves them out, and shows nothing. $1 id of the viewer,
# on whose shard it runs, $2 ids of posts
LEFT_OUT = """
    SELECT subject_id AS id FROM likes_given WHERE user_id = $1 AND subject_id = ANY($2) AND state = 'LIKED'
    UNION ALL SELECT post_id FROM saves_made WHERE user_id = $1 AND post_id = ANY($2) AND state = 'SAVED'
"""
