"""What came into a home feed between two ids. All in any order: who asks for more than it wants to show needs no more
than to know that there are as many."""

# Whom and which hashtags the viewer follows. $1 id of the viewer, on whose shard it runs
FOLLOWED_AT_PRESENT = """
    SELECT ARRAY(SELECT followed_id FROM following WHERE follower_id = $1 AND state = 'ACCEPTED') AS authors,
           ARRAY(SELECT hashtag_id FROM hashtag_follows WHERE user_id = $1 AND state = 'FOLLOWED') AS hashtags
"""

# $1 ids of authors, $2 above this id, $3 below this one, $4 how many at most. Of a short time: all posts of it are
# read, by the primary key, however many authors there are.
POSTS_OF_A_MOMENT = """
    SELECT p.id
    FROM (SELECT id, author_id FROM posts WHERE id > $2 AND id < $3 AND state = 'LIVE' OFFSET 0) AS p
    WHERE p.author_id IN (SELECT unnest($1::bigint[])) LIMIT $4
"""

# The same of a long time: each author is asked
POSTS_BETWEEN = """
    SELECT found.id
    FROM unnest($1::bigint[]) AS author (id)
    CROSS JOIN LATERAL (
        SELECT p.id FROM posts p
        WHERE p.author_id = author.id AND p.state = 'LIVE' AND p.id > $2 AND p.id < $3
        ORDER BY p.id DESC LIMIT $4
    ) AS found
    LIMIT $4
"""

# $1 ids of hashtags, the others as above
LISTED_BETWEEN = """
    SELECT found.post_id AS id
    FROM unnest($1::bigint[]) AS hashtag (id)
    CROSS JOIN LATERAL (
        SELECT h.post_id FROM hashtag_posts h
        WHERE h.hashtag_id = hashtag.id AND h.state = 'LISTED' AND h.post_id > $2 AND h.post_id < $3
        ORDER BY h.post_id DESC LIMIT $4
    ) AS found
    LIMIT $4
"""


def _unlisted(state: str) -> str:
    return f"""
        SELECT p.id
        FROM deliveries d
        JOIN events e ON e.id = d.event_id
        JOIN posts p ON p.id = (e.payload ->> 'post_id')::bigint
        WHERE d.handler = 'list_post' AND {state} AND d.event_id > $2
          AND p.id > $2 AND p.id < $3 AND p.state = 'LIVE'
          AND EXISTS (
              SELECT FROM jsonb_array_elements(p.hashtags) AS hashtag
              WHERE (hashtag ->> 'id')::bigint = ANY($1::bigint[])
          )
    """  # noqa: S608  put together from constants


# Posts that perhaps do not stand on the pages of their hashtags yet. An event's id is above that of its post.
UNLISTED_BETWEEN = f"""
    {_unlisted("d.state IN ('PENDING', 'ENQUEUED')")} UNION ALL {_unlisted("d.state = 'DEAD'")} LIMIT $4
"""
