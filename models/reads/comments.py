"""Comments by id and by page. Whether their post may be seen is asked for itself; their authors live elsewhere."""

from models.reads.counts import counts_join
from models.tables.counts import Counter

_COLUMNS = """
    m.id, m.post_id, m.author_id, m.parent_id, m.text, m.entities, m.state, m.withheld, m.pinned_at, m.score,
    q.state AS parent_state, q.author_id AS parent_author_id, q.withheld AS parent_withheld,
    l.state AS like_state, c.like_count, c.reply_count
"""

# $2 is the id of the viewer (0: anonymous).
_JOINS = f"""
    LEFT JOIN comments q ON q.id = m.parent_id
    LEFT JOIN likes l ON l.subject_id = m.id AND l.user_id = $2
    {counts_join("m.id", "c", like_count=Counter.LIKES, reply_count=Counter.REPLIES)}
"""

# $1 ids of comments, $2 id of the viewer
COMMENTS_BY_ID = f"SELECT {_COLUMNS} FROM comments m {_JOINS} WHERE m.id = ANY($1)"  # noqa: S608  put together from constants


_SHOWN = "state = 'LIVE' AND withheld = 0"


def _page(parent: str, condition: str, order: str) -> str:
    """$1 ids of the parents on this node; $2 id of the viewer; $3 ids of all parents, and $4 for each the id behind
    which its page begins; $5 how many of each."""
    return f"""
        SELECT start.parent AS page_of, {_COLUMNS}
        FROM unnest($3::bigint[], $4::bigint[]) AS start(parent, id)
        CROSS JOIN LATERAL (
            SELECT * FROM comments
            WHERE {parent} = start.parent AND {_SHOWN} AND {condition}
            ORDER BY {order} LIMIT $5
        ) AS m
        {_JOINS}
        WHERE start.parent = ANY($1::bigint[])
        ORDER BY m.{order}
    """  # noqa: S608  put together from constants


NEWEST_OF_POSTS = _page("post_id", "parent_id IS NULL AND id < start.id", "id DESC")
OLDEST_OF_POSTS = _page("post_id", "parent_id IS NULL AND id > start.id", "id ASC")
REPLIES_OF_COMMENTS = _page("parent_id", "parent_id IS NOT NULL AND id > start.id", "id ASC")

# The best first, as they stood when the first page was read: at `horizon`, the highest id of the comments and changes
# of scores that were there; what comes later has a higher one. What was pinned then comes first, as `pins`, then what
# has the most likes. A comment whose score has changed since stands where its old score is kept (`comment_scores`), or
# where it is now if that is kept no longer. `rank` and `tie` are where it stands; a pin's rank is above all.
#
# $1 ids of the posts on this node; $2 id of the viewer; $3 ids of all posts, and for each where its page begins: $4
# horizon, $5 rank, $6 tie, $7 to $9 the pins; $10 how many of each. The horizon of a first page is $11, MAX_ID; its
# pins are not asked for.
TOP_OF_POSTS = f"""
    WITH start AS MATERIALIZED (
        SELECT parent, rank, tie,
               CASE WHEN horizon < $11 THEN horizon ELSE greatest(
                   (SELECT max(id) FROM comments
                    WHERE post_id = parent AND state = 'LIVE' AND parent_id IS NULL),
                   (SELECT max(score_since) FROM comments
                    WHERE post_id = parent AND state = 'LIVE' AND score_since > 0)
               ) END AS horizon,
               CASE WHEN horizon < $11 THEN ARRAY[pin_1, pin_2, pin_3] ELSE ARRAY(
                   SELECT id FROM comments
                   WHERE post_id = parent AND {_SHOWN} AND pinned_at IS NOT NULL
                   ORDER BY pinned_at DESC, id DESC LIMIT 3
               ) END AS pins
        FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
             AS asked(parent, horizon, rank, tie, pin_1, pin_2, pin_3)
        WHERE parent = ANY($1::bigint[])
    )
    SELECT start.parent AS page_of, start.horizon, start.pins, place.rank, place.tie, {_COLUMNS}
    FROM start
    CROSS JOIN LATERAL (
        (SELECT $11 AS rank, 4 - pin.number AS tie, id
         FROM unnest(start.pins) WITH ORDINALITY AS pin(id, number) JOIN comments USING (id)
         WHERE post_id = start.parent AND parent_id IS NULL AND {_SHOWN}
           AND ($11, 4 - pin.number) < (start.rank, start.tie))
        UNION ALL
        (SELECT score, id, id FROM comments
         WHERE post_id = start.parent AND parent_id IS NULL AND {_SHOWN}
           AND (score, id) < (start.rank, start.tie) AND id <= start.horizon AND id <> ALL(start.pins)
           AND (score_since <= start.horizon OR NOT EXISTS (
               SELECT FROM comment_scores past
               WHERE past.comment_id = comments.id AND past.since <= start.horizon AND past.until > start.horizon))
         ORDER BY score DESC, id DESC LIMIT $10)
        UNION ALL
        (SELECT past.score, past.comment_id, past.comment_id
         FROM comment_scores past JOIN comments ON id = past.comment_id
         WHERE past.post_id = start.parent AND parent_id IS NULL AND {_SHOWN}
           AND (past.score, past.comment_id) < (start.rank, start.tie) AND id <= start.horizon AND id <> ALL(start.pins)
           AND past.since <= start.horizon AND past.until > start.horizon
         ORDER BY past.score DESC, past.comment_id DESC LIMIT $10)
        ORDER BY 1 DESC, 2 DESC LIMIT $10
    ) AS place
    JOIN comments m ON m.id = place.id
    {_JOINS}
    ORDER BY place.rank DESC, place.tie DESC
"""  # noqa: S608  put together from constants

# All that ever answered a comment, deleted or not. $1 id of the comment, $2 only above this id, $3 how many
WITH_REPLIES_AFTER = """
    SELECT c.id, c.author_id, c.state, c.version, p.author_id AS post_author_id, p.kind AS post_kind
    FROM comments c JOIN posts p ON p.id = c.post_id
    WHERE c.parent_id = $1 AND c.id > $2 ORDER BY c.id LIMIT $3
"""
