"""Collections and what is in them: all of it on their owner's shard."""

from models.reads.counts import counts_join
from models.reads.kept import posts_of_lists
from models.tables.counts import Counter

# A cover that was taken out of the collection is none.
_COLLECTIONS = f"""
    SELECT c.id, c.owner_id, c.name, c.state, cover.post_id AS cover_post_id, n.post_count
    FROM collections c
    LEFT JOIN collection_posts cover
        ON cover.collection_id = c.id AND cover.post_id = c.cover_post_id AND cover.state = 'IN'
    {counts_join("c.id", "n", post_count=Counter.POSTS)}
"""  # noqa: S608  put together from constants

# $1 ids of collections
COLLECTIONS_BY_ID = f"{_COLLECTIONS} WHERE c.id = ANY($1)"

# $1 id of the owner, $2 the id before which the page begins, $3 how many; the newest first
COLLECTIONS_OF_OWNER = f"""
    {_COLLECTIONS} WHERE c.owner_id = $1 AND c.state = 'LIVE' AND c.id < $2 ORDER BY c.id DESC LIMIT $3
"""

POSTS_OF_COLLECTIONS = posts_of_lists("collection_posts", "collection_id", "post_id", "state = 'IN'")
SAVED_BY_USERS = posts_of_lists("saves_made", "user_id", "post_id", "state = 'SAVED'")

# How full a collection is, and whether the post is in it. $1 id of the collection, $2 of its owner, $3 of the post
PLACE_IN_COLLECTION = """
    SELECT (SELECT count(*) FROM collection_posts WHERE collection_id = c.id AND state = 'IN') AS post_count,
           EXISTS (SELECT FROM collection_posts WHERE collection_id = c.id AND post_id = $3 AND state = 'IN') AS is_in
    FROM collections c WHERE c.id = $1 AND c.owner_id = $2 AND c.state = 'LIVE'
"""

# $1 id of the owner
NUMBER_OF_COLLECTIONS = "SELECT count(*) AS number FROM collections WHERE owner_id = $1 AND state = 'LIVE'"
