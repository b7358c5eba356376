"""What people did lately, and what happened on posts: candidates of an activity feed, and the truth of each.

An event is a `moment` (microseconds since 1970), a `verb` (a number of `services.feeds.activity.events`), a
`subject_id` and an `actor_id`; these four, in this order, are the order of the feed.
"""

from core.clock import EPOCH_MS
from models.ids import MAX_ID, TIME_SHIFT

_MOMENT = "(extract(epoch FROM since) * 1000000)::bigint AS moment"
_MOMENT_OF_ID = f"((id >> {TIME_SHIFT}) + {EPOCH_MS}) * 1000 AS moment"
_BEFORE = "'epoch'::timestamptz + $2::bigint * interval '1 microsecond'"
_NOT_BEFORE = "'epoch'::timestamptz + $9::bigint * interval '1 microsecond'"


def _newest(verb: int, among: str, rows: str) -> str:
    """The newest $11 events of many lists. Only the lists whose own newest is among the newest $11 of those can have
    one of them, so one row is read of each list, and more of few."""
    one, more = (rows.format(of=of, limit=limit) for of, limit in (("list.id", "1"), ("hot.id", "$11")))
    return f"""
        (SELECT e.moment, {verb} AS verb, e.subject_id, e.actor_id
         FROM (SELECT list.id FROM unnest({among}::bigint[]) AS list(id) CROSS JOIN LATERAL ({one}) AS latest
               ORDER BY latest.moment DESC, latest.subject_id DESC, latest.actor_id DESC LIMIT $11) AS hot
         CROSS JOIN LATERAL ({more}) AS e
         ORDER BY e.moment DESC, e.subject_id DESC, e.actor_id DESC LIMIT $11)
    """  # noqa: S608  put together from constants


_POSTED = f"""
    SELECT {_MOMENT_OF_ID}, id AS subject_id, author_id AS actor_id FROM posts
    WHERE author_id = {{of}} AND state = 'LIVE' AND id >= $10 AND id < $3
    ORDER BY id DESC LIMIT {{limit}}
"""  # noqa: S608  a constant
_LIKED = f"""
    SELECT {_MOMENT}, subject_id, user_id AS actor_id FROM likes_given
    WHERE user_id = {{of}} AND subject_kind = 'POST' AND state = 'LIKED' AND since >= {_NOT_BEFORE}
      AND (since, subject_id) < ({_BEFORE}, $4::bigint + ({{of}} < $5::bigint)::int)
    ORDER BY since DESC, subject_id DESC LIMIT {{limit}}
"""  # noqa: S608  a constant
_COMMENTED = f"""
    SELECT {_MOMENT_OF_ID.replace("id >>", "comment_id >>")}, comment_id AS subject_id, user_id AS actor_id
    FROM comments_made
    WHERE user_id = {{of}} AND state = 'LIVE' AND comment_id >= $10 AND comment_id < $6
    ORDER BY comment_id DESC LIMIT {{limit}}
"""  # noqa: S608  a constant
_FOLLOWED = f"""
    SELECT {_MOMENT}, followed_id AS subject_id, follower_id AS actor_id FROM following
    WHERE follower_id = {{of}} AND state = 'ACCEPTED' AND withheld = 0 AND since >= {_NOT_BEFORE}
      AND (since, followed_id) < ({_BEFORE}, $7::bigint + ({{of}} < $8::bigint)::int)
    ORDER BY since DESC, followed_id DESC LIMIT {{limit}}
"""  # noqa: S608  a constant
_LIKES_OF_POST = f"""
    SELECT {_MOMENT}, subject_id, user_id AS actor_id FROM likes
    WHERE subject_id = {{of}} AND state = 'LIKED' AND withheld = 0 AND user_id <> $12 AND since >= {_NOT_BEFORE}
      AND (since, user_id) < ({_BEFORE}, CASE WHEN {{of}} < $4 THEN {MAX_ID} WHEN {{of}} = $4 THEN $5 ELSE 0 END)
    ORDER BY since DESC, user_id DESC LIMIT {{limit}}
"""  # noqa: S608  a constant
_COMMENTS_OF_POST = f"""
    SELECT {_MOMENT_OF_ID}, id AS subject_id, author_id AS actor_id FROM comments
    WHERE post_id = {{of}} AND state = 'LIVE' AND withheld = 0 AND author_id <> $12 AND id >= $10 AND id < $6
    ORDER BY id DESC LIMIT {{limit}}
"""  # noqa: S608  a constant

# $1 people on this node, whose posts, likes, comments and follows are read: mirrors, for the most part; $13 posts, of
# which the likes and comments are read, by anybody but $12, the viewer. The newest $11 events that stand in the order
# of the feed before a place, which is at the moment $2, and at that very moment: of posts before the id $3, of likes
# before the post $4 and the person $5, of comments before the id $6, of follows before the one followed $7 and the
# follower $8. None from before the moment $9, and of what has its moment from its id, none before the id $10.
EVENTS_BEFORE = f"""
    {_newest(1, "$1", _POSTED)}
    UNION {_newest(2, "$1", _LIKED)}
    UNION {_newest(3, "$1", _COMMENTED)}
    UNION {_newest(4, "$1", _FOLLOWED)}
    UNION {_newest(2, "$13", _LIKES_OF_POST)}
    UNION {_newest(3, "$13", _COMMENTS_OF_POST)}
    ORDER BY moment DESC, verb DESC, subject_id DESC, actor_id DESC LIMIT $11
"""

# The newest posts of some people: $1 people on this node, $2 only posts before this id, $3 and none before this one,
# $4 how many of each, $5 how many of all. As above, one is read of each, and more of few.
_POSTS_OF = """
    SELECT id FROM posts WHERE author_id = {of} AND state = 'LIVE' AND id >= $3 AND id < $2
    ORDER BY id DESC LIMIT {limit}
"""
LATEST_POSTS = f"""
    SELECT post.id
    FROM (SELECT author.id FROM unnest($1::bigint[]) AS author(id)
          CROSS JOIN LATERAL ({_POSTS_OF.format(of="author.id", limit="1")}) AS latest
          ORDER BY latest.id DESC LIMIT $5) AS hot
    CROSS JOIN LATERAL ({_POSTS_OF.format(of="hot.id", limit="$4")}) AS post
    ORDER BY post.id DESC LIMIT $5
"""  # noqa: S608  put together from constants


def _standing(table: str, subject: str, actor: str, state: str) -> str:
    """Edges as their truth has them. $1 subjects on this node; $2 all subjects, and $3 for each the actor."""
    return f"""
        SELECT {_MOMENT}, e.{subject} AS subject_id, e.{actor} AS actor_id
        FROM unnest($2::bigint[], $3::bigint[]) AS asked(subject_id, actor_id)
        JOIN {table} e ON e.{subject} = asked.subject_id AND e.{actor} = asked.actor_id
        WHERE asked.subject_id = ANY($1::bigint[]) AND e.state = '{state}' AND e.withheld = 0
    """  # noqa: S608  put together from constants


LIKES_THAT_STAND = _standing("likes", "subject_id", "user_id", "LIKED")
FOLLOWS_THAT_STAND = _standing("follows", "followed_id", "follower_id", "ACCEPTED")
