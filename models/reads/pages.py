"""Hashtags and places, by id and by what they are unique by; and the pages of people who are tagged."""

from models.reads.people import USER_COLUMNS, blocks_viewer

# $1 ids
HASHTAGS_BY_ID = "SELECT id, name FROM hashtags WHERE id = ANY($1)"
PLACES_BY_ID = "SELECT id, name, latitude, longitude FROM places WHERE id = ANY($1)"

# $1 names, of hashtags whose shards are on the node
HASHTAGS_BY_NAME = "SELECT id, name FROM hashtags WHERE name = ANY($1)"

# $1 a key, of a place whose shard is on the node
PLACE_BY_KEY = "SELECT id, name, latitude, longitude FROM places WHERE key = $1"

# What a post says of the pages on which it is to stand. $1 id of the post, on whose shard it runs
LISTED_BY_POST = "SELECT state, version, hashtags, place, media FROM posts WHERE id = $1"

# Posts on which people are tagged, the newest first, with the columns of those people, by which visibility decides. $1
# ids of the people on this node; $2 ids of all of them, and for each $3 the id before which the page begins; $4 how
# many of each; $5 id of the viewer.
TAGGED_POSTS = f"""
    SELECT start.owner AS page_of, e.post_id, {USER_COLUMNS}, {blocks_viewer("$5")}, f.state AS follow_state
    FROM unnest($2::bigint[], $3::bigint[]) AS start(owner, before)
    JOIN users u ON u.id = start.owner
    LEFT JOIN follows f ON f.followed_id = u.id AND f.follower_id = $5
    CROSS JOIN LATERAL (
        SELECT post_id FROM tagged_posts
        WHERE user_id = start.owner AND state = 'LISTED' AND post_id < start.before
        ORDER BY post_id DESC LIMIT $4
    ) AS e
    WHERE start.owner = ANY($1::bigint[])
    ORDER BY e.post_id DESC
"""  # noqa: S608  put together from constants
