"""What timelines are held against: the truth, of many viewers at once."""

# $1 ids of viewers: whom each follows, as their shards have heard
FOLLOWED_BY_EACH = """
    SELECT follower_id, array_agg(followed_id) AS followed
    FROM following WHERE follower_id = ANY($1) AND state = 'ACCEPTED' GROUP BY follower_id
"""

# $1 ids of those followed, $2 of a follower of each: those of the pairs that the truth knows
TRUE_FOLLOWS = """
    SELECT pair.follower_id, array_agg(pair.followed_id) AS followed
    FROM unnest($1::bigint[], $2::bigint[]) AS pair (followed_id, follower_id)
    JOIN follows f ON f.followed_id = pair.followed_id AND f.follower_id = pair.follower_id
    WHERE f.state = 'ACCEPTED' GROUP BY pair.follower_id
"""

# $1 ids of authors, $2 above which id the posts of each are wanted, $3 below which one
POSTS_OF_EACH = """
    SELECT author.id, ARRAY(
        SELECT p.id FROM posts p
        WHERE p.author_id = author.id AND p.state = 'LIVE' AND p.id > author.above AND p.id < $3
        ORDER BY p.id
    ) AS posts
    FROM unnest($1::bigint[], $2::bigint[]) AS author (id, above)
"""


def _unfinished(state: str) -> str:
    return f"""
        SELECT (e.payload ->> 'post_id')::bigint AS post_id, (e.payload ->> 'follower_id')::bigint AS follower_id,
               (e.payload ->> 'followed_id')::bigint AS followed_id
        FROM deliveries d JOIN events e ON e.id = d.event_id
        WHERE d.handler IN ('fan_out_post', 'withdraw_post', 'refresh_followed') AND {state}
    """  # noqa: S608  put together from constants


# What is still on its way into timelines, or out of them
UNFINISHED = f"""
    {_unfinished("d.state IN ('PENDING', 'ENQUEUED')")} UNION ALL {_unfinished("d.state = 'DEAD'")}
"""

# $1 how many days: who was seen since then
ACTIVE_SINCE = """
    SELECT id FROM users
    WHERE state = 'ACTIVE' AND last_active_on >= (clock_now() AT TIME ZONE 'UTC')::date - $1::integer
"""
