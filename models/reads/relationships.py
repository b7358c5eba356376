"""Edges between people, and the pages of people that they make."""

from models.reads.people import USER_COLUMNS, blocks_viewer

# What the viewer's follow of each of them is: the truth is theirs. $1 ids of users, $2 id of the viewer
FOLLOWS_BY_VIEWER = (
    "SELECT followed_id AS user_id, state, since FROM follows WHERE followed_id = ANY($1) AND follower_id = $2"
)

# What their follows of the viewer are. $1 id of the viewer, $2 ids of users
FOLLOWS_OF_VIEWER = (
    "SELECT follower_id AS user_id, state, since FROM follows WHERE followed_id = $1 AND follower_id = ANY($2)"
)


def _people(table: str, owner: str, person: str, state: str, condition: str = "true") -> str:
    """A page of people for each owner, the latest first. $1 ids of the owners on this node; $2 ids of all owners, and
    for each where its page begins: $3 microseconds since 1970, $4 id of a person; $5 how many of each."""
    return f"""
        SELECT * FROM {table}
        WHERE {owner} = start.owner AND state = '{state}' AND withheld = 0 AND {condition}
          AND (since, {person}) < ('epoch'::timestamptz + start.since * interval '1 microsecond', start.person)
        ORDER BY since DESC, {person} DESC LIMIT $5
    """  # noqa: S608  put together from constants


_START = "unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS start(owner, since, person)"


def _of_users(table: str, owner: str, person: str, search: str) -> str:
    """With the owner's columns, by which visibility decides: $6 id of the viewer. $7 is a folded prefix, or null."""
    page = _people(table, owner, person, "ACCEPTED", f"($7::text IS NULL OR strpos(' ' || {search}, ' ' || $7) > 0)")
    return f"""
        SELECT start.owner AS page_of, e.{person} AS person_id, e.since, {USER_COLUMNS}, {blocks_viewer("$6")},
               f.state AS follow_state
        FROM {_START}
        JOIN users u ON u.id = start.owner
        LEFT JOIN follows f ON f.followed_id = u.id AND f.follower_id = $6
        CROSS JOIN LATERAL ({page}) AS e
        WHERE start.owner = ANY($1::bigint[])
        ORDER BY e.since DESC, e.{person} DESC
    """  # noqa: S608  put together from constants


FOLLOWERS_OF_USERS = _of_users("follows", "followed_id", "follower_id", "follower_search")
FOLLOWING_OF_USERS = _of_users("following", "follower_id", "followed_id", "followed_search")

LIKERS_OF_SUBJECTS = f"""
    SELECT start.owner AS page_of, e.user_id AS person_id, e.since
    FROM {_START}
    CROSS JOIN LATERAL ({_people("likes", "subject_id", "user_id", "LIKED")}) AS e
    WHERE start.owner = ANY($1::bigint[])
    ORDER BY e.since DESC, e.user_id DESC
"""  # noqa: S608  put together from constants

# All edges of a user by the other's id, ended ones too: whoever follows again has the present names. $1 id of the user,
# on whose shard it runs, $2 only people above this id, $3 how many
FOLLOWED_AFTER = """
    SELECT followed_id AS person_id FROM following
    WHERE follower_id = $1 AND followed_id > $2 ORDER BY followed_id LIMIT $3
"""
FOLLOWERS_AFTER = """
    SELECT follower_id AS person_id FROM follows
    WHERE followed_id = $1 AND follower_id > $2 ORDER BY follower_id LIMIT $3
"""
