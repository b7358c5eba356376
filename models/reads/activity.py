"""What people did lately, and what happened on posts: candidates of an activity feed, and the truth of each.

An event is a `moment` (microseconds since 1970), a `verb` (a number of `services.feeds.activity.events`), a
`subject_id` and an `actor_id`; these four, in this order, are the order of the feed.
"""

from core.clock import EPOCH_MS
from models.ids import MAX_ID, TIME_SHIFT

_MOMENT = "(extract(epoch FROM since) * 1000000)::bigint AS moment"
_MOMENT_OF_ID = f"((id >> {TIME_SHIFT}) + {EPOCH_MS}) * 1000 AS moment"
_LATEST_FIRST = "moment DESC, subject_id DESC, actor_id DESC"


def _at(moment: str) -> str:
    return f"'epoch'::timestamptz + {moment}::bigint * interval '1 microsecond'"


def _newest(verb: int, among: str, rows: str, begin: str, behind: str) -> str:
    """The newest $11 events of many lists, by steps of one row, each the next of its list by its index: how long a list
    is makes no difference. `rows` are a list's, `begin` is where it begins, and `behind` what stands behind an event of
    it, `w`.

    The first row is read of all lists, and those go on whose row is among the newest $11 of these. Of at most half as
    many lists the second row can still be among the newest $11 events, of a third as many the third, and so on.
    """
    first = rows.format(of="list.id", place=begin.format(of="list.id"))
    further = rows.format(of="w.list", place=behind)
    return f"""
        (WITH RECURSIVE walk AS (
            (SELECT list.id AS list, 1::bigint AS depth, e.*
             FROM unnest({among}::bigint[]) AS list(id) CROSS JOIN LATERAL ({first}) AS e
             ORDER BY {_LATEST_FIRST} LIMIT $11::bigint)
            UNION ALL
            SELECT w.list, w.depth + 1, e.*
            FROM (SELECT *, row_number() OVER (ORDER BY {_LATEST_FIRST}) AS number FROM walk) AS w
            CROSS JOIN LATERAL ({further}) AS e
            WHERE w.number <= $11::bigint / w.depth
         )
         SELECT moment, {verb} AS verb, subject_id, actor_id FROM walk ORDER BY {_LATEST_FIRST} LIMIT $11::bigint)
    """  # noqa: S608  put together from constants


_POSTED = _newest(
    1,
    "$1",
    f"""
    SELECT {_MOMENT_OF_ID}, id AS subject_id, author_id AS actor_id FROM posts
    WHERE author_id = {{of}} AND state = 'LIVE' AND id >= $10 AND id < {{place}} ORDER BY id DESC LIMIT 1
    """,  # noqa: S608  a constant
    begin="$3",
    behind="w.subject_id",
)
_LIKED = _newest(
    2,
    "$1",
    f"""
    SELECT {_MOMENT}, subject_id, user_id AS actor_id FROM likes_given
    WHERE user_id = {{of}} AND subject_kind = 'POST' AND state = 'LIKED' AND since >= {_at("$9")}
      AND (since, subject_id) < ({{place}}) ORDER BY since DESC, subject_id DESC LIMIT 1
    """,  # noqa: S608  a constant
    begin=f"{_at('$2')}, $4::bigint + ({{of}} < $5::bigint)::int",
    behind=f"{_at('w.moment')}, w.subject_id",
)
_COMMENTED = _newest(
    3,
    "$1",
    f"""
    SELECT {_MOMENT_OF_ID.replace("id >>", "comment_id >>")}, comment_id AS subject_id, user_id AS actor_id
    FROM comments_made
    WHERE user_id = {{of}} AND state = 'LIVE' AND comment_id >= $10 AND comment_id < {{place}}
    ORDER BY comment_id DESC LIMIT 1
    """,  # noqa: S608  a constant
    begin="$6",
    behind="w.subject_id",
)
_FOLLOWED = _newest(
    4,
    "$1",
    f"""
    SELECT {_MOMENT}, followed_id AS subject_id, follower_id AS actor_id FROM following
    WHERE follower_id = {{of}} AND state = 'ACCEPTED' AND withheld = 0 AND since >= {_at("$9")}
      AND (since, followed_id) < ({{place}}) ORDER BY since DESC, followed_id DESC LIMIT 1
    """,  # noqa: S608  a constant
    begin=f"{_at('$2')}, $7::bigint + ({{of}} < $8::bigint)::int",
    behind=f"{_at('w.moment')}, w.subject_id",
)
_LIKES_OF_POSTS = _newest(
    2,
    "$13",
    f"""
    SELECT {_MOMENT}, subject_id, user_id AS actor_id FROM likes
    WHERE subject_id = {{of}} AND state = 'LIKED' AND withheld = 0 AND user_id <> $12 AND since >= {_at("$9")}
      AND (since, user_id) < ({{place}}) ORDER BY since DESC, user_id DESC LIMIT 1
    """,  # noqa: S608  a constant
    begin=f"{_at('$2')}, CASE WHEN {{of}} < $4 THEN {MAX_ID} WHEN {{of}} = $4 THEN $5 ELSE 0 END",
    behind=f"{_at('w.moment')}, w.actor_id",
)
_COMMENTS_OF_POSTS = _newest(
    3,
    "$13",
    f"""
    SELECT {_MOMENT_OF_ID}, id AS subject_id, author_id AS actor_id FROM comments
    WHERE post_id = {{of}} AND state = 'LIVE' AND withheld = 0 AND author_id <> $12 AND id >= $10 AND id < {{place}}
    ORDER BY id DESC LIMIT 1
    """,  # noqa: S608  a constant
    begin="$6",
    behind="w.subject_id",
)

# $1 people on this node, whose posts, likes, comments and follows are read: mirrors, for the most part; $13 posts, of
# which the likes and comments are read, by anybody but $12, the viewer. The newest $11 events that stand in the order
# of the feed before a place, which is at the moment $2, and at that very moment: of posts before the id $3, of likes
# before the post $4 and the person $5, of comments before the id $6, of follows before the one followed $7 and the
# follower $8. None from before the moment $9, and of what has its moment from its id, none before the id $10.
EVENTS_BEFORE = f"""
    {_POSTED} UNION {_LIKED} UNION {_COMMENTED} UNION {_FOLLOWED} UNION {_LIKES_OF_POSTS} UNION {_COMMENTS_OF_POSTS}
    ORDER BY moment DESC, verb DESC, subject_id DESC, actor_id DESC LIMIT $11::bigint
"""

# The newest posts of some people: $1 people on this node, $2 only posts before this id, $3 and none before this one,
# $4 how many of each, $5 how many of all. Only authors whose newest post is among the newest $5 of these can have one
# of them: one post is read of each author, and more of few.
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
