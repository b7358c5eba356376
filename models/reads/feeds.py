"""What feeds are made of: whom a viewer follows, the latest posts of authors, the followers of an author."""

from models.reads.counts import counts_join
from models.tables import Counter

# $1 id of the viewer, on whose shard it runs
FOLLOWED_BY = "SELECT followed_id FROM following WHERE follower_id = $1 AND state = 'ACCEPTED'"

# $1 ids of authors, $2 only posts below this id, $3 how many at most: of each author, and of all of them together
LATEST_POSTS_OF = """
    SELECT latest.id
    FROM unnest($1::bigint[]) AS author (id)
    CROSS JOIN LATERAL (
        SELECT p.id FROM posts p
        WHERE p.author_id = author.id AND p.state = 'LIVE' AND p.id < $2
        ORDER BY p.id DESC LIMIT $3
    ) AS latest
    ORDER BY latest.id DESC LIMIT $3
"""

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

# Whether a post is to be in feeds. $1 its id, on whose shard it runs
POST_IS_LIVE = "SELECT state = 'LIVE' AS is_live FROM posts WHERE id = $1"

# $1 id of the one followed, on whose shard it runs, $2 id of the follower
FOLLOW_TRUTH = "SELECT state, version FROM follows WHERE followed_id = $1 AND follower_id = $2"

# $1 id of the follower, on whose shard it runs, $2 id of the one followed
FOLLOW_MIRROR = "SELECT state, version FROM following WHERE follower_id = $1 AND followed_id = $2"
