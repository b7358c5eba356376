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
