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


def _page(parent: str, condition: str, order: str) -> str:
    """$1 ids of the parents on this node; $2 id of the viewer; $3 ids of all parents, and for each where its page
    begins: $4 score, $5 id; $6 how many of each."""
    return f"""
        SELECT start.parent AS page_of, {_COLUMNS}
        FROM unnest($3::bigint[], $4::bigint[], $5::bigint[]) AS start(parent, score, id)
        CROSS JOIN LATERAL (
            SELECT * FROM comments
            WHERE {parent} = start.parent AND state = 'LIVE' AND withheld = 0 AND {condition}
            ORDER BY {order} LIMIT $6
        ) AS m
        {_JOINS}
        WHERE start.parent = ANY($1::bigint[])
        ORDER BY {order.replace("score", "m.score").replace("id", "m.id")}
    """  # noqa: S608  put together from constants


TOP_OF_POSTS = _page("post_id", "parent_id IS NULL AND (score, id) < (start.score, start.id)", "score DESC, id DESC")
NEWEST_OF_POSTS = _page("post_id", "parent_id IS NULL AND id < start.id", "id DESC")
OLDEST_OF_POSTS = _page("post_id", "parent_id IS NULL AND id > start.id", "id ASC")
REPLIES_OF_COMMENTS = _page("parent_id", "parent_id IS NOT NULL AND id > start.id", "id ASC")
