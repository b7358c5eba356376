"""Which posts are pushed into timelines, and which are read when a feed is read: `models.tables.PulledInterval`."""

from models.ids import MAX_ID, TIME_SHIFT

GRACE_MS = 60_000
"""Posts of an interval's first minute, by the time in their ids, are pushed as well: readers hear of it late."""

# All that there are on a node
PULLED_INTERVALS = "SELECT author_id, since_id, until_id FROM pulled_intervals"


# Whom a viewer follows of those who are or were pulled, and the hashtags. $1 id of the viewer, on whose shard it runs,
# $2 ids of the authors who are or were pulled
HOME_SOURCES = """
    SELECT ARRAY(SELECT followed_id FROM following
                 WHERE follower_id = $1 AND followed_id = ANY($2::bigint[]) AND state = 'ACCEPTED') AS author_ids,
           ARRAY(SELECT hashtag_id FROM hashtag_follows WHERE user_id = $1 AND state = 'FOLLOWED') AS hashtag_ids
"""

# The same of everybody, where that is shorter
ALL_HOME_SOURCES = """
    SELECT ARRAY(SELECT followed_id FROM following WHERE follower_id = $1 AND state = 'ACCEPTED') AS author_ids,
           ARRAY(SELECT hashtag_id FROM hashtag_follows WHERE user_id = $1 AND state = 'FOLLOWED') AS hashtag_ids
"""


def pushed_segments(author: str) -> str:
    """A table: from which id on (`since`) and below which (`until`) an author's posts are pushed. They do not overlap.

    It says what holds in the snapshot in which the posts are read, and must: who believed that an interval is open
    which has ended would leave out a post that nobody pulls. `author` is an expression; null for one of whom all is
    pushed.
    """
    return f"""
        SELECT edge.since,
               coalesce((
                   SELECT least(i.since_id + {GRACE_MS << TIME_SHIFT}, i.until_id) FROM pulled_intervals i
                   WHERE i.author_id = {author} AND i.since_id >= edge.since ORDER BY i.since_id LIMIT 1
               ), {MAX_ID}) AS until
        FROM (
            SELECT 0::bigint
            UNION ALL
            SELECT ended.until_id FROM pulled_intervals ended
            WHERE ended.author_id = {author} AND ended.until_id IS NOT NULL
              AND NOT EXISTS (SELECT FROM pulled_intervals i
                              WHERE i.author_id = {author} AND i.since_id < ended.until_id
                                AND (i.until_id IS NULL OR i.until_id > ended.until_id))
        ) AS edge(since)
    """  # noqa: S608  put together from constants
