"""What feeds are made of: whom a viewer follows, the latest posts of authors, the followers of an author."""

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

# $1 id of the author, $2 only followers above this id, $3 how many at most. By the primary key: who follows anew
# keeps the place.
FOLLOWERS_AFTER = """
    SELECT follower_id FROM follows
    WHERE followed_id = $1 AND follower_id > $2 AND state = 'ACCEPTED'
    ORDER BY follower_id LIMIT $3
"""

# The same for as long as there is something to tell them of: $4 id of the post
FOLLOWERS_OF_POST_AFTER = """
    SELECT follower_id FROM follows
    WHERE followed_id = $1 AND follower_id > $2 AND state = 'ACCEPTED'
      AND EXISTS (SELECT FROM posts WHERE id = $4 AND state = 'LIVE')
    ORDER BY follower_id LIMIT $3
"""

# Whether a post is to be in feeds. $1 its id, on whose shard it runs
POST_IS_LIVE = "SELECT state = 'LIVE' AS is_live FROM posts WHERE id = $1"

# $1 id of the one followed, on whose shard it runs, $2 id of the follower
FOLLOW_TRUTH = "SELECT state, version FROM follows WHERE followed_id = $1 AND follower_id = $2"

# $1 id of the follower, on whose shard it runs, $2 id of the one followed
FOLLOW_MIRROR = "SELECT state, version FROM following WHERE follower_id = $1 AND followed_id = $2"
