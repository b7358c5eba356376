"""What feeds are made of: whom a viewer follows, the latest posts of authors, the followers of an author."""

from models.ids import MAX_ID
from models.reads.counts import counts_join
from models.reads.pulled import pushed_segments
from models.tables import Counter

# $1 id of the viewer, on whose shard it runs
FOLLOWED_BY = "SELECT followed_id FROM following WHERE follower_id = $1 AND state = 'ACCEPTED'"


def _latest(stretches: str) -> str:
    """The newest posts of authors, each in stretches of ids (`author_id`, `since`, `until`), and of hashtags.

    $1 ids of authors, $2 ids of hashtags, $3 only posts below this id, $4 how many at most; $5 how many of each author
    are looked at to find a *line*: the best of these are as many as wanted, so nothing below the lowest of them is. So
    of thousands of authors not thousands of posts each are read, but those above the line.
    """
    posts = "SELECT id FROM posts WHERE author_id = stretch.author_id AND state = 'LIVE'"
    return f"""
        WITH stretch AS MATERIALIZED ({stretches}),
        line AS MATERIALIZED (
            SELECT coalesce((
                SELECT head.id FROM stretch CROSS JOIN LATERAL (
                    {posts} AND id >= stretch.since AND id < least(stretch.until, $3) ORDER BY id DESC LIMIT $5
                ) AS head ORDER BY head.id DESC OFFSET $4 - 1 LIMIT 1
            ), 0) AS id
        )
        SELECT p.id FROM stretch CROSS JOIN line CROSS JOIN LATERAL (
            {posts} AND id >= greatest(stretch.since, line.id) AND id < least(stretch.until, $3)
            ORDER BY id DESC LIMIT $4
        ) AS p
        UNION
        SELECT h.post_id FROM unnest($2::bigint[]) AS hashtag(id) CROSS JOIN line CROSS JOIN LATERAL (
            SELECT post_id FROM hashtag_posts
            WHERE hashtag_id = hashtag.id AND state = 'LISTED' AND post_id >= line.id AND post_id < $3
            ORDER BY post_id DESC LIMIT $4
        ) AS h
        ORDER BY id DESC LIMIT $4
    """  # noqa: S608  put together from constants


# All that the authors have posted
LATEST_POSTS_OF = _latest(
    f"SELECT id AS author_id, 0::bigint AS since, {MAX_ID} AS until FROM unnest($1::bigint[]) AS author(id)"  # noqa: S608  put together from constants
)

# What of it is pushed into the timeline of $6, whose own posts all are
LATEST_PUSHED_OF = _latest(f"""
    SELECT author.id AS author_id, segment.since, segment.until
    FROM unnest($1::bigint[]) AS author(id)
    CROSS JOIN LATERAL ({pushed_segments("nullif(author.id, $6::bigint)")}) AS segment
""")  # noqa: S608  put together from constants

# What of it is pulled: for each of $1, which may be there more than once, ids from $6 on and below $7
LATEST_PULLED_OF = _latest(
    "SELECT * FROM unnest($1::bigint[], $6::bigint[], $7::bigint[]) AS interval(author_id, since, until)"
)

# $1 id of the author, $2 only followers above this id, $3 how many at most, $4 ids of posts of the author: a page of
# followers as one array, and which of the posts are LIVE. By the primary key: who follows anew keeps the place.
FOLLOWERS_AFTER = """
    SELECT
        ARRAY(
            SELECT follower_id FROM follows
            WHERE followed_id = $1 AND follower_id > $2 AND state = 'ACCEPTED'
            ORDER BY follower_id LIMIT $3
        ) AS followers,
        ARRAY(SELECT id FROM posts WHERE id = ANY($4) AND state = 'LIVE') AS live
"""

# $1 logical shard, $2 id of an author on it, $3 how many deliveries to look through, $4 how many to give: posts of the
# author that are still to be fanned out, with the progress of each that has begun
FAN_OUTS_TO_DO = """
    SELECT e.id, (e.payload ->> 'post_id')::bigint AS post_id, d.progress
    FROM (
        SELECT event_id, progress FROM deliveries
        WHERE shard = $1 AND state IN ('PENDING', 'ENQUEUED') AND handler = 'fan_out_post'
        ORDER BY due_at LIMIT $3
    ) d
    JOIN events e ON e.id = d.event_id
    WHERE (e.payload ->> 'author_id')::bigint = $2
    ORDER BY e.id LIMIT $4
"""

# $1 id of an author, on whose shard it runs: how many follow, and the times in which the author is pulled; one row
# without a time where there is none
STANDING_OF = f"""
    SELECT tally.followers, i.since_id, i.until_id
    FROM (SELECT $1::bigint AS id) AS author
    {counts_join("author.id", "tally", followers=Counter.FOLLOWERS)}
    LEFT JOIN pulled_intervals i ON i.author_id = author.id
"""  # noqa: S608  put together from constants

# Those of some posts that are to be in feeds. $1 their ids, all of the shard on which it runs
LIVE_AMONG = "SELECT id FROM posts WHERE id = ANY($1) AND state = 'LIVE'"

# $1 id of the one followed, on whose shard it runs, $2 id of the follower
FOLLOW_TRUTH = "SELECT state, version FROM follows WHERE followed_id = $1 AND follower_id = $2"

# $1 id of the follower, on whose shard it runs, $2 id of the one followed
FOLLOW_MIRROR = "SELECT state, version FROM following WHERE follower_id = $1 AND followed_id = $2"
