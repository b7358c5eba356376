"""A recipient's notifications, from the recipient's shard, each with its newest actors: one statement."""

_COLUMNS = """
    n.id, n.recipient_id, n.sequence, n.kind, n.subject_kind, n.subject_id, n.details, n.actor_count,
    n.created_at, n.updated_at, n.read_at, newest.actor_ids
"""
_NEWEST_ACTORS = """
    LEFT JOIN LATERAL (
        SELECT array_agg(a.actor_id ORDER BY a.sequence DESC) AS actor_ids
        FROM (SELECT actor_id, sequence FROM notification_actors
              WHERE notification_id = n.id ORDER BY sequence DESC LIMIT {limit}) AS a
    ) AS newest ON true
"""

# $1 the recipient, $2 below this sequence, $3 how many, $4 actors of each
NOTIFICATIONS_BELOW = f"""
    SELECT {_COLUMNS}
    FROM (SELECT * FROM notifications WHERE recipient_id = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3) AS n
    {_NEWEST_ACTORS.format(limit="$4")}
    ORDER BY n.sequence DESC
"""  # noqa: S608  put together from constants

# The same above a sequence, oldest first, with the number of unread ones at that moment.
NOTIFICATIONS_ABOVE = f"""
    SELECT {_COLUMNS},
           (SELECT count(*) FROM notifications WHERE recipient_id = $1 AND read_at IS NULL) AS unread_count
    FROM (SELECT * FROM notifications WHERE recipient_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3) AS n
    {_NEWEST_ACTORS.format(limit="$4")}
    ORDER BY n.sequence
"""  # noqa: S608  put together from constants

# $1 ids of notifications, $2 their recipient, $3 actors of each
NOTIFICATIONS_BY_ID = f"""
    SELECT {_COLUMNS} FROM notifications n {_NEWEST_ACTORS.format(limit="$3")}
    WHERE n.id = ANY($1) AND n.recipient_id = $2
"""  # noqa: S608  put together from constants

# $1 ids of notifications, $2 actors of each, newest first
ACTORS_OF = f"""
    SELECT n.id, newest.actor_ids FROM unnest($1::bigint[]) AS n (id) {_NEWEST_ACTORS.format(limit="$2")}
"""  # noqa: S608  put together from constants

# $1 the recipient
UNREAD_COUNT = "SELECT count(*) AS unread FROM notifications WHERE recipient_id = $1 AND read_at IS NULL"
LAST_SEQUENCE = "SELECT last_sequence FROM notification_streams WHERE recipient_id = $1"

# What handlers ask before they tell of something.
# $1 the post, $2 the one who likes it
LIKE_OF_POST = """
    SELECT l.state, l.version, p.state = 'LIVE' AS subject_is_live, p.author_id AS owner_id
    FROM likes l JOIN posts p ON p.id = l.subject_id WHERE l.subject_id = $1 AND l.user_id = $2
"""
# $1 the comment, $2 the one who likes it
LIKE_OF_COMMENT = """
    SELECT l.state, l.version, c.state = 'LIVE' AND p.state = 'LIVE' AS subject_is_live, c.author_id AS owner_id
    FROM likes l JOIN comments c ON c.id = l.subject_id JOIN posts p ON p.id = c.post_id
    WHERE l.subject_id = $1 AND l.user_id = $2
"""
# $1 the comment: who is concerned by it, and whether it and what it is about are there
COMMENT_TOLD = """
    SELECT c.id, c.author_id, c.post_id, c.entities, p.author_id AS post_author_id, c.parent_id,
           parent.author_id AS parent_author_id,
           c.state = 'LIVE' AND p.state = 'LIVE' AND (c.parent_id IS NULL OR parent.state = 'LIVE') AS stands
    FROM comments c
    JOIN posts p ON p.id = c.post_id
    LEFT JOIN comments parent ON parent.id = c.parent_id
    WHERE c.id = $1
"""
# What someone still says. $1 the comment that is answered, $2 who answers
REPLIES_BY = "SELECT FROM comments WHERE parent_id = $1 AND author_id = $2 AND state = 'LIVE' LIMIT 1"
# Of which the author of the post is told as such. $1 the post, $2 who says it, $3 the author of the post
SAID_TO_POST_BY = """
    SELECT FROM comments c LEFT JOIN comments parent ON parent.id = c.parent_id
    WHERE c.post_id = $1 AND c.author_id = $2 AND c.state = 'LIVE' AND parent.author_id IS DISTINCT FROM $3 LIMIT 1
"""
# $1 the one followed, $2 the follower
FOLLOW = "SELECT state, previous_state, version FROM follows WHERE followed_id = $1 AND follower_id = $2"

# $1 the post: who is named in it, as long as it is there
NAMED_IN_POST = "SELECT author_id, entities, media FROM posts WHERE id = $1 AND state = 'LIVE'"
