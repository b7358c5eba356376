"""Which posts are pushed into timelines, and which are read when a feed is read: `models.tables.PulledInterval`."""

from models.ids import MAX_ID, TIME_SHIFT

GRACE_MS = 60_000
"""Posts of an interval's first minute, by the time in their ids, are pushed as well: readers hear of it late."""

# All that there are on a node
PULLED_INTERVALS = "SELECT author_id, since_id, until_id FROM pulled_intervals"


def pushed_segments(author: str) -> str:
    """A table expression: from which id on (`since`) and below which (`until`) an author's posts are pushed. There is
    one segment more than there are intervals that have ended, and they do not overlap.

    It says what holds in the snapshot in which the posts are read, and must: one that believed an interval to be open
    which has ended would leave out a post that nobody pulls.
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
            SELECT until_id FROM pulled_intervals WHERE author_id = {author} AND until_id IS NOT NULL
        ) AS edge(since)
    """  # noqa: S608  put together from constants
