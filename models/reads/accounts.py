"""What accounts ask: who holds a name, who signs in, who speaks with this session."""

from models.reads.people import USER_COLUMNS

# $1 the shard of the claim, $2 its kind, $3 the name as claimed.
CLAIM = """
    SELECT owner_id, attempt, state, state = 'PENDING' AND expires_at <= clock_now() AS is_expired
    FROM claims WHERE shard = $1 AND kind = $2 AND value = $3
"""

# Who holds these usernames. $1 the shard of each claim, $2 the username
USERNAMES = """
    SELECT c.value, c.owner_id FROM unnest($1::smallint[], $2::text[]) AS asked (shard, value)
    JOIN claims c ON c.shard = asked.shard AND c.kind = 'USERNAME' AND c.value = asked.value
"""

# $1 the most to give back, $2 the shards of the node: claims whose owner may never have come to be.
EXPIRED_CLAIMS = """
    SELECT kind, value, owner_id, attempt, state, true AS is_expired
    FROM claims WHERE state = 'PENDING' AND expires_at <= (SELECT clock_now()) AND shard = ANY($2) LIMIT $1
"""

# $1 an attempt: what became of it.
CLAIM_OUTCOME = "SELECT outcome FROM claim_outcomes WHERE attempt = $1"

# $1 a user: the names that the user goes by.
NAMES_OF_USER = """
    SELECT u.username, c.email FROM users u JOIN credentials c ON c.user_id = u.id WHERE u.id = $1
"""

# $1 a user: what signing in asks.
SIGN_IN = """
    SELECT u.id AS user_id, u.username, u.state AS user_state, c.email, c.password_hash
    FROM users u JOIN credentials c ON c.user_id = u.id WHERE u.id = $1
"""

# $1 a user, $2 a session: the viewer, if the session is the user's and alive, with the marks that the viewer has set.
VIEWER = f"""
    SELECT {USER_COLUMNS}, false AS blocks_viewer, s.id AS session_id, c.email, c.is_email_confirmed,
           c.password_hash IS NOT NULL AS has_password, u.feed_order,
           ARRAY(SELECT blocked_id FROM blocks WHERE blocker_id = u.id AND state = 'BLOCKED') AS blocked,
           ARRAY(SELECT muted_id FROM mutes WHERE muter_id = u.id AND state = 'MUTED') AS muted
    FROM users u
    JOIN credentials c ON c.user_id = u.id
    JOIN sessions s ON s.user_id = u.id AND s.id = $2
    WHERE u.id = $1 AND s.revoked_at IS NULL AND s.refresh_expires_at > clock_now()
"""  # noqa: S608  put together from constants

# $1 a session
LIVE_SESSION = """
    SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $1 AND s.revoked_at IS NULL AND s.refresh_expires_at > clock_now() AND u.state = 'ACTIVE'
"""

# $1 a shard
MINT_TWO = "SELECT mint_id($1) AS first, mint_id($1) AS second"
