"""People by id, with what visibility needs to know of them."""

from models.reads.counts import counts_join
from models.tables.counts import Counter

USER_COLUMNS = (
    "u.id AS user_id, u.username, u.full_name, u.bio, u.website, u.pronouns, u.avatar, u.is_private, u.is_verified,"
    " u.state AS user_state, u.name_version, u.media_floor"
)


def blocks_viewer(viewer: str) -> str:
    """A column that says whether the user `u` blocks the viewer, whose id is the parameter `viewer`: the truth stands
    on the user's own shard."""
    return (
        "EXISTS (SELECT FROM blocks WHERE blocker_id = u.id"
        f" AND blocked_id = {viewer} AND state = 'BLOCKED') AS blocks_viewer"
    )


# $1 ids of users, $2 id of the viewer (0: anonymous)
USERS_BY_ID = f"SELECT {USER_COLUMNS}, {blocks_viewer('$2')} FROM users u WHERE u.id = ANY($1)"  # noqa: S608  put together from constants

# What the viewer has set about people that every page asks. $1 id of the viewer, on whose shard it runs
SET_BY_VIEWER = """
    SELECT ARRAY(SELECT blocked_id FROM blocks WHERE blocker_id = $1 AND state = 'BLOCKED') AS blocked,
           ARRAY(SELECT muted_id FROM mutes WHERE muter_id = $1 AND state = 'MUTED') AS muted
"""

# Those of some people of whose block the viewer's shard has heard: a mirror, of which only less is ever shown. $1 id of
# the viewer, on whose shard it runs, $2 ids of people
BLOCKS_HEARD_OF = """
    SELECT blocker_id FROM blocks_received WHERE blocked_id = $1 AND blocker_id = ANY($2) AND state = 'BLOCKED'
"""

# $1 ids of users, on whose shards it runs: their names alone
NAMES_BY_ID = """
    SELECT u.id AS user_id, u.username, u.full_name, u.name_version FROM users u WHERE u.id = ANY($1)
"""

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
