"""People whom a viewer may want to follow."""

from models.reads.people import blocks_viewer

# Whom the viewer follows, the latest first. $1 id of the viewer, on whose shard it runs, $2 how many at most
LATEST_FOLLOWED = """
    SELECT followed_id FROM following WHERE follower_id = $1 AND state = 'ACCEPTED' AND withheld = 0
    ORDER BY since DESC, followed_id DESC LIMIT $2
"""

# Whom some people follow, and how many of them do: of each, the latest. $1 ids of the people, $2 how many of each
FOLLOWED_BY_SOME = """
    SELECT latest.followed_id AS user_id, count(*) AS number
    FROM unnest($1::bigint[]) AS person (id)
    CROSS JOIN LATERAL (
        SELECT followed_id FROM following WHERE follower_id = person.id AND state = 'ACCEPTED' AND withheld = 0
        ORDER BY since DESC, followed_id DESC LIMIT $2
    ) AS latest
    GROUP BY latest.followed_id
"""

# What visibility asks of accounts, and who of some people follows each. $1 ids of the accounts, $2 id of the viewer, $3
# ids of the people
FOLLOWERS_OF_EACH_AMONG = f"""
    SELECT u.id AS user_id, u.state AS user_state, u.is_private, {blocks_viewer("$2")}, f.state AS follow_state,
           ARRAY(
               SELECT e.follower_id FROM follows e
               WHERE e.followed_id = u.id AND e.follower_id = ANY($3::bigint[])
                 AND e.state = 'ACCEPTED' AND e.withheld = 0
               ORDER BY e.follower_id
           ) AS follower_ids
    FROM users u LEFT JOIN follows f ON f.followed_id = u.id AND f.follower_id = $2
    WHERE u.id = ANY($1)
"""  # noqa: S608  put together from constants
