"""People by id, with what visibility needs to know of them."""

from models.reads.counts import counts_join
from models.tables.counts import Counter

USER_COLUMNS = (
    "u.id AS user_id, u.username, u.full_name, u.bio, u.website, u.pronouns, u.avatar, u.is_private, u.is_verified,"
    " u.state AS user_state, u.name_version"
)

# $1 ids of users
USERS_BY_ID = f"SELECT {USER_COLUMNS} FROM users u WHERE u.id = ANY($1)"  # noqa: S608  put together from constants

# $1 ids of users
USER_COUNTS = f"""
    SELECT u.id AS user_id, c.post_count, c.follower_count, c.following_count
    FROM unnest($1::bigint[]) AS u(id)
    {
    counts_join(
        "u.id", "c", post_count=Counter.POSTS, follower_count=Counter.FOLLOWERS, following_count=Counter.FOLLOWING
    )
}
"""  # noqa: S608  put together from constants
