"""Hashtags and places as they are found and followed."""

from models.reads.counts import counts_join
from models.tables.counts import Counter

_COUNT = counts_join("h.id", "c", post_count=Counter.POSTS)

# $1 a name, of a hashtag whose shard is on the node
HASHTAG_BY_NAME = f"""
    SELECT h.id, h.name, c.post_count FROM hashtags h {_COUNT} WHERE h.name = $1
"""  # noqa: S608  put together from constants

# Which of some hashtags somebody follows, or once did. $1 id of the viewer, on whose shard it runs, $2 ids of hashtags
HASHTAGS_OF_VIEWER = """
    SELECT hashtag_id, state FROM hashtag_follows WHERE user_id = $1 AND hashtag_id = ANY($2)
"""

# How many hashtags somebody follows, and has ever followed, which is counted to $2. $1 id of the viewer, on whose shard
# it runs
HASHTAGS_FOLLOWED_EVER = """
    SELECT (SELECT count(*) FROM hashtag_follows WHERE user_id = $1 AND state = 'FOLLOWED') AS at_present,
           (SELECT count(*) FROM (SELECT FROM hashtag_follows WHERE user_id = $1 LIMIT $2) AS followed) AS ever
"""

# A page of what somebody follows, the latest first. $1 id of the viewer, on whose shard it runs; it begins behind $2
# microseconds since 1970 and $3 the id of a hashtag; $4 how many
FOLLOWED_HASHTAGS = """
    SELECT hashtag_id, name, since FROM hashtag_follows
    WHERE user_id = $1 AND state = 'FOLLOWED'
      AND (since, hashtag_id) < ('epoch'::timestamptz + $2 * interval '1 microsecond', $3::bigint)
    ORDER BY since DESC, hashtag_id DESC LIMIT $4
"""


def _posts_of_pages(table: str, page: str) -> str:
    """What stands on pages, the newest first. $1 ids of the pages on this node; $2 ids of all of them, and for each $3
    the id below which it begins; $4 how many of each."""
    return f"""
        SELECT start.page AS page_of, e.post_id
        FROM unnest($2::bigint[], $3::bigint[]) AS start(page, below)
        CROSS JOIN LATERAL (
            SELECT post_id FROM {table}
            WHERE {page} = start.page AND state = 'LISTED' AND post_id < start.below
            ORDER BY post_id DESC LIMIT $4
        ) AS e
        WHERE start.page = ANY($1::bigint[])
        ORDER BY e.post_id DESC
    """  # noqa: S608  put together from constants


POSTS_OF_HASHTAGS = _posts_of_pages("hashtag_posts", "hashtag_id")
POSTS_OF_PLACES = _posts_of_pages("place_posts", "place_id")

# The top of each page that was made last, with its first ids. $1 ids of pages, $2 how many
LATEST_TOPS = """
    SELECT t.page_id, t.id AS top_id, t.created_at, t.floor_id, cardinality(t.ids) AS length, t.ids[1 : $2] AS ids
    FROM unnest($1::bigint[]) AS page(id)
    CROSS JOIN LATERAL (SELECT * FROM page_tops WHERE page_id = page.id ORDER BY id DESC LIMIT 1) AS t
"""

# Some ids of tops. $1 ids of the pages on this node; $2 ids of all of them, for each $3 the id of its top and $4 how
# many of it stand before; $5 how many
TOP_ITEMS = """
    SELECT start.page AS page_id, t.id AS top_id, start.position, cardinality(t.ids) AS length, t.floor_id,
           t.ids[least(start.position, cardinality(t.ids))::int + 1
                 : least(start.position, cardinality(t.ids))::int + $5] AS ids
    FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS start(page, top, position)
    JOIN page_tops t ON t.page_id = start.page AND t.id = start.top
    WHERE start.page = ANY($1::bigint[])
"""
