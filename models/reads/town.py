"""What a sowing of the demo town asks, to know what the ones before it did."""

# All that these people made by keys that begin like this, on one node. $1 ids of people, $2 a LIKE pattern
MADE_BY_KEY = """
    SELECT actor_id, operation, key, result_id FROM idempotency_keys WHERE actor_id = ANY($1) AND key LIKE $2
"""

# Who ever liked or saved the posts, and be it that they took it back. $1 ids of posts
LIKES_OF_POSTS = "SELECT user_id, subject_id AS post_id FROM likes WHERE subject_id = ANY($1)"
SAVES_OF_POSTS = "SELECT user_id, post_id FROM saves WHERE post_id = ANY($1)"
