"""What says whether a row is withheld, and the rows that say otherwise (`services/withholding.py`)."""

# $1 people on this node, $2 all people in question: who is suspended, and who of them blocks one of the others
TRUTH_OF_PEOPLE = """
    SELECT u.id AS user_id, u.state = 'SUSPENDED' AS is_suspended,
           EXISTS (SELECT FROM blocks WHERE blocker_id = u.id AND blocked_id = ANY($2) AND state = 'BLOCKED') AS blocks
    FROM users u WHERE u.id = ANY($1)
"""

# What a person did, ended or not, by the id of what it was done to (of a comment: its own). $1 the person, on whose
# shard it runs, $2 only above this id, $3 how many
LIKED_AFTER = """
    SELECT subject_id AS id FROM likes_given
    WHERE user_id = $1 AND subject_id > $2 ORDER BY subject_id LIMIT $3
"""
SAVED_AFTER = "SELECT post_id AS id FROM saves_made WHERE user_id = $1 AND post_id > $2 ORDER BY post_id LIMIT $3"
COMMENTED_AFTER = """
    SELECT comment_id AS id FROM comments_made
    WHERE user_id = $1 AND comment_id > $2 ORDER BY comment_id LIMIT $3
"""
FOLLOWED_AFTER = """
    SELECT followed_id AS id FROM following
    WHERE follower_id = $1 AND followed_id > $2 ORDER BY followed_id LIMIT $3
"""
FOLLOWERS_AFTER = """
    SELECT follower_id AS id FROM follows
    WHERE followed_id = $1 AND follower_id > $2 ORDER BY follower_id LIMIT $3
"""

# Whose it is. $1 the id of what was done something to (of a comment: its own), on whose shard it runs
OWNER_OF_SUBJECT = """
    SELECT author_id AS owner_id FROM posts WHERE id = $1
    UNION ALL SELECT author_id FROM comments WHERE id = $1
"""
OWNER_OF_POST = "SELECT author_id AS owner_id FROM posts WHERE id = $1"
OWNER_OF_COMMENTED = "SELECT p.author_id AS owner_id FROM comments c JOIN posts p ON p.id = c.post_id WHERE c.id = $1"

# Of what a person did, the rows of which `withheld` is not as it should be. $1 ids as above, $2 the person, $3 only
# what was done to things of this owner, or null, $4 the bits in question, $5 what they should be.
# `rows` is how many change with it
LIKES_AMISS = """
    SELECT l.subject_id AS id, 1 AS rows FROM likes l
    LEFT JOIN posts p ON p.id = l.subject_id LEFT JOIN comments c ON c.id = l.subject_id
    WHERE l.subject_id = ANY($1) AND l.user_id = $2 AND (l.withheld & $4::smallint) <> $5::smallint
      AND ($3::bigint IS NULL OR coalesce(p.author_id, c.author_id) = $3)
"""
SAVES_AMISS = """
    SELECT s.post_id AS id, 1 AS rows FROM saves s JOIN posts p ON p.id = s.post_id
    WHERE s.post_id = ANY($1) AND s.user_id = $2 AND (s.withheld & $4::smallint) <> $5::smallint
      AND ($3::bigint IS NULL OR p.author_id = $3)
"""
COMMENTS_AMISS = """
    SELECT c.id, 1 + (SELECT count(*) FROM comments r WHERE r.parent_id = c.id AND r.state = 'LIVE') AS rows
    FROM comments c JOIN posts p ON p.id = c.post_id LEFT JOIN comments q ON q.id = c.parent_id
    WHERE c.id = ANY($1) AND c.author_id = $2 AND ($3::bigint IS NULL OR p.author_id = $3)
      AND ((c.withheld & $4::smallint) <> $5::smallint
           OR (c.withheld & 4 <> 0) <> coalesce(q.withheld <> 0, false))
"""
FOLLOWS_AMISS = """
    SELECT followed_id AS id, 1 AS rows FROM follows
    WHERE followed_id = ANY($1) AND follower_id = $2 AND $3::bigint IS NULL
      AND (withheld & $4::smallint) <> $5::smallint
"""
FOLLOWING_AMISS = """
    SELECT follower_id AS id, 1 AS rows FROM following
    WHERE follower_id = ANY($1) AND followed_id = $2 AND $3::bigint IS NULL
      AND (withheld & $4::smallint) <> $5::smallint
"""
