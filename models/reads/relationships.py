"""Edges between people, and the pages of people that they make."""

from models.reads.people import USER_COLUMNS, blocks_viewer

# What the viewer's follow of each of them is: the truth is theirs. $1 ids of users, $2 id of the viewer
FOLLOWS_BY_VIEWER = (
    "SELECT followed_id AS user_id, state, since FROM follows WHERE followed_id = ANY($1) AND follower_id = $2"
)

# What stands on the viewer's shard between the viewer and each of them. $1 id of the viewer, $2 ids of users
STANDING_WITH_VIEWER = """
    SELECT o.id AS user_id, f.state AS follow_state,
           b.state IS NOT DISTINCT FROM 'BLOCKED' AS is_blocking, m.state IS NOT DISTINCT FROM 'MUTED' AS is_muting,
           c.state IS NOT DISTINCT FROM 'CLOSE' AS is_close_friend,
           coalesce(a.posts, false) AS posts, coalesce(a.stories, false) AS stories,
           coalesce(a.reels, false) AS reels, coalesce(a.live, false) AS live
    FROM unnest($2::bigint[]) AS o(id)
    LEFT JOIN follows f ON f.followed_id = $1 AND f.follower_id = o.id
    LEFT JOIN blocks b ON b.blocker_id = $1 AND b.blocked_id = o.id
    LEFT JOIN mutes m ON m.muter_id = $1 AND m.muted_id = o.id
    LEFT JOIN close_friends c ON c.user_id = $1 AND c.friend_id = o.id
    LEFT JOIN author_alerts a ON a.user_id = $1 AND a.author_id = o.id
"""


def _people(table: str, owner: str, person: str, state: str, condition: str = "withheld = 0") -> str:
    """A page of people for each owner, the latest first. $1 ids of the owners on this node; $2 ids of all owners, and
    for each where its page begins: $3 microseconds since 1970, $4 id of a person; $5 how many of each."""
    return f"""
        SELECT * FROM {table}
        WHERE {owner} = start.owner AND state = '{state}' AND {condition}
          AND (since, {person}) < ('epoch'::timestamptz + start.since * interval '1 microsecond', start.person)
        ORDER BY since DESC, {person} DESC LIMIT $5
    """  # noqa: S608  put together from constants


_START = "unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS start(owner, since, person)"


def _of_users(table: str, owner: str, person: str, condition: str) -> str:
    """With the owner's columns, by which visibility decides: $6 id of the viewer."""
    page = _people(table, owner, person, "ACCEPTED", f"withheld = 0 AND {condition}")
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


def _begins(search: str) -> str:
    """$7 is a folded prefix of a word, or null."""
    return f"($7::text IS NULL OR strpos(' ' || {search}, ' ' || $7) > 0)"


FOLLOWERS_OF_USERS = _of_users("follows", "followed_id", "follower_id", _begins("follower_search"))
FOLLOWING_OF_USERS = _of_users("following", "follower_id", "followed_id", _begins("followed_search"))

# $7 ids of people
FOLLOWERS_AMONG = _of_users("follows", "followed_id", "follower_id", "follower_id = ANY($7::bigint[])")


def _plain(table: str, owner: str, person: str, state: str, condition: str = "withheld = 0") -> str:
    """Without the owner's columns: of what was proved before, or is the viewer's own."""
    return f"""
        SELECT start.owner AS page_of, e.{person} AS person_id, e.since
        FROM {_START}
        CROSS JOIN LATERAL ({_people(table, owner, person, state, condition)}) AS e
        WHERE start.owner = ANY($1::bigint[])
        ORDER BY e.since DESC, e.{person} DESC
    """  # noqa: S608  put together from constants


LIKERS_OF_SUBJECTS = _plain("likes", "subject_id", "user_id", "LIKED")
REQUESTS_TO_USERS = _plain("follows", "followed_id", "follower_id", "PENDING")
BLOCKED_BY_USERS = _plain("blocks", "blocker_id", "blocked_id", "BLOCKED", "true")
MUTED_BY_USERS = _plain("mutes", "muter_id", "muted_id", "MUTED", "true")
CLOSE_FRIENDS_OF_USERS = _plain("close_friends", "user_id", "friend_id", "CLOSE", "true")

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
