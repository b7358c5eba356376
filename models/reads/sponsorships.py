"""Sponsorships, on the shards of their posts."""

_COLUMNS = "s.id, s.post_id, s.label, s.begins_at, s.ends_at"

# Those that are under way, or have not begun yet.
SPONSORSHIPS_NOT_OVER = f"SELECT {_COLUMNS} FROM sponsorships s WHERE s.ends_at > (SELECT clock_now())"  # noqa: S608  put together from constants

# Those of some that are under way. $1 their ids
SPONSORSHIPS_UNDER_WAY = f"""
    SELECT {_COLUMNS} FROM sponsorships s
    WHERE s.id = ANY($1) AND s.begins_at <= clock_now() AND clock_now() < s.ends_at
"""  # noqa: S608  put together from constants

# All that there ever were, the newest first, with whose post it is.
SPONSORSHIPS_EVER = f"""
    SELECT {_COLUMNS}, u.username FROM sponsorships s
    JOIN posts p ON p.id = s.post_id JOIN users u ON u.id = p.author_id ORDER BY s.id DESC
"""  # noqa: S608  put together from constants

# What is asked of a post before it is sponsored. $1 its id, on whose shard it runs
POST_TO_SPONSOR = """
    SELECT p.state, u.username, u.is_private, u.state AS user_state
    FROM posts p JOIN users u ON u.id = p.author_id WHERE p.id = $1
"""
