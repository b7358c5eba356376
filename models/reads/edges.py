"""One edge, as its truth has it: what a mirror is repaired from. `author_id` and `post_kind` are of what it was done
to."""

# $1 id of what is liked, on whose shard it runs, $2 id of the user
LIKE = """
    SELECT l.state AS after, l.version, l.since, coalesce(p.author_id, c.author_id, 0) AS author_id, p.kind AS post_kind
    FROM likes l LEFT JOIN posts p ON p.id = l.subject_id LEFT JOIN comments c ON c.id = l.subject_id
    WHERE l.subject_id = $1 AND l.user_id = $2
"""

# $1 id of the post, on whose shard it runs, $2 id of the user
SAVE = """
    SELECT s.state AS after, s.version, s.since, coalesce(p.author_id, 0) AS author_id, p.kind AS post_kind
    FROM saves s LEFT JOIN posts p ON p.id = s.post_id WHERE s.post_id = $1 AND s.user_id = $2
"""

# $1 id of the comment, on whose shard it runs
COMMENT = """
    SELECT c.author_id, c.state, c.version, p.author_id AS post_author_id, p.kind AS post_kind
    FROM comments c JOIN posts p ON p.id = c.post_id WHERE c.id = $1
"""

# With the names of the one followed, for the mirror. $1 id of the one followed, on whose shard it runs, $2 of the
# follower
FOLLOW = """
    SELECT f.state AS after, f.version, f.since, u.username, u.full_name, u.name_version
    FROM follows f JOIN users u ON u.id = f.followed_id
    WHERE f.followed_id = $1 AND f.follower_id = $2
"""

# $1 id of the blocker, on whose shard it runs, $2 id of the one blocked
BLOCK = "SELECT state AS after, version, since FROM blocks WHERE blocker_id = $1 AND blocked_id = $2"

# Reservations of follows that are so old that nobody is at work on them. $1 how old, in seconds
_OLD_RESERVATIONS = """
    SELECT follower_id, followed_id, attempt, reserved_at FROM follow_reservations
    WHERE reserved_at < (SELECT clock_now()) - make_interval(secs => $1)
"""
# $2 how many, of the whole node
OLD_RESERVATIONS = f"{_OLD_RESERVATIONS} ORDER BY reserved_at LIMIT $2"
# $2 id of the follower, on whose shard it runs
OLD_RESERVATIONS_OF = f"{_OLD_RESERVATIONS} AND follower_id = $2"
