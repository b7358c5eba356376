"""People by id, with what visibility needs to know of them."""

USER_COLUMNS = (
    "u.id AS user_id, u.username, u.full_name, u.bio, u.website, u.pronouns, u.avatar, u.is_private, u.is_verified,"
    " u.state AS user_state, u.name_version"
)

# $1 ids of users
USERS_BY_ID = f"SELECT {USER_COLUMNS} FROM users u WHERE u.id = ANY($1)"  # noqa: S608  put together from constants

# $1 the shard of the claim, $2 the name as claimed: who holds it.
HOLDER_OF_USERNAME = (
    "SELECT owner_id FROM claims WHERE shard = $1 AND kind = 'USERNAME' AND value = $2 AND state = 'CONFIRMED'"
)
