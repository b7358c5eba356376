"""`bench/operations/comments_page.py` by hand."""

from itertools import chain

from bench.twins.house import JSON, Caller, House, Record
from bench.twins.parts import avatar, cursor, global_id, mentions, number_of, page_info, people_by_id, shown_entities
from bench.twins.sql import count, likes, visible_post
from models.global_ids import NodeKind
from models.ids import MAX_ID, created_at
from models.tables import Counter

SLACK = 3
"""Read beyond a page, as some may be hidden."""

_PINS = (0, 0, 0)
_SHOWN = "state = 'LIVE' AND withheld = 0"
_COLUMNS = "id, parent_id, author_id, text, entities, pinned_at, score"

# $1 the post, $2 the viewer, $3 whom the viewer blocks, $4 how many comments, $5 how many replies of each. The first
# row is the post: its author, the count of comments, and the moment whose order the pages follow. Then come the pinned
# comments, the rest, and the replies.
COMMENTS = f"""
    WITH post AS MATERIALIZED (
        SELECT p.id, p.author_id, greatest(
            (SELECT max(id) FROM comments WHERE post_id = p.id AND state = 'LIVE' AND parent_id IS NULL),
            (SELECT max(score_since) FROM comments WHERE post_id = p.id AND state = 'LIVE' AND score_since > 0)
        ) AS horizon
        FROM posts p
        JOIN users u ON u.id = p.author_id
        LEFT JOIN follows f ON f.followed_id = u.id AND f.follower_id = $2
        WHERE p.id = $1 AND {visible_post("$2", "$3")}
    ), page AS MATERIALIZED (
        (SELECT {_COLUMNS} FROM comments
         WHERE post_id = (SELECT id FROM post) AND {_SHOWN} AND pinned_at IS NOT NULL LIMIT 3)
        UNION ALL
        (SELECT {_COLUMNS} FROM comments
         WHERE post_id = (SELECT id FROM post) AND parent_id IS NULL AND {_SHOWN} AND pinned_at IS NULL
         ORDER BY score DESC, id DESC LIMIT $4)
    ), thread AS (
        SELECT 1 AS depth, * FROM page
        UNION ALL
        SELECT 2, r.* FROM page CROSS JOIN LATERAL (
            SELECT {_COLUMNS} FROM comments
            WHERE parent_id = page.id AND {_SHOWN} ORDER BY id LIMIT $5
        ) r
    )
    SELECT 0 AS depth, id, NULL AS parent_id, author_id, NULL AS text, NULL AS entities, NULL AS pinned_at,
           horizon AS score, {count(Counter.COMMENTS, "post.id")} AS likes, 0 AS replies, false AS liked
    FROM post
    UNION ALL
    SELECT t.*, {count(Counter.LIKES, "t.id")}, {count(Counter.REPLIES, "t.id")}, {likes("t.id", "$2")} FROM thread t
    ORDER BY depth, pinned_at DESC NULLS LAST, score DESC, id DESC
"""


async def answer(house: House, caller: Caller, sent: JSON) -> JSON:
    post_id, first, replies = (sent["variables"][name] for name in ("id", "first", "replies"))
    return {"node": await _post(house, caller, number_of(post_id), first, replies)}


async def _post(house: House, caller: Caller, post_id: int, first: int, most_replies: int) -> JSON | None:
    slack = SLACK
    while True:
        limit, reply_limit = first + 1 + slack, most_replies + 1 + slack
        arguments = (post_id, caller.id, list(caller.blocked), limit, reply_limit)
        rows = await house.on_node_of(post_id, COMMENTS, *arguments)
        if not rows:
            return None
        behind = {row["author_id"] for row in rows[1:]}
        behind.update(chain.from_iterable(mentions(row["entities"]) for row in rows[1:]))
        people = await people_by_id(house, caller, behind)
        threads: dict[int, list[Record]] = {}
        read: dict[int, int] = {}
        for row in rows[1:]:
            under = row["parent_id"] or 0
            read[under] = read.get(under, 0) + 1
            if row["author_id"] in people:
                threads.setdefault(under, []).append(row)
        comments = threads.get(0, [])
        if _is_whole(comments, first, read.get(0, 0), limit) and all(
            _is_whole(threads.get(one["id"], []), most_replies, read.get(one["id"], 0), reply_limit)
            for one in comments[:first]
        ):
            break
        slack *= 4
    shown = _Shown(house, caller, rows[0]["author_id"], people)
    end = _end(rows[0]["score"], comments, comments[:first])
    return {
        "id": global_id(NodeKind.POST, post_id),
        "commentCount": rows[0]["likes"],
        "comments": {
            "pageInfo": page_info(len(comments) > first, end),
            "nodes": [shown.thread(row, threads.get(row["id"], [])[::-1], most_replies) for row in comments[:first]],
        },
    }


def _is_whole(shown: list[Record], first: int, read: int, limit: int) -> bool:
    """Whether nothing more has to be read for a page."""
    return len(shown) > first or read < limit


def _end(horizon: int, comments: list[Record], page: list[Record]) -> str | None:
    if not page:
        return None
    pins = [row["id"] for row in comments if row["pinned_at"] is not None]
    last = page[-1]["id"]
    place = (MAX_ID, len(_PINS) - pins.index(last)) if last in pins else (page[-1]["score"], last)
    return cursor(horizon, *place, *[*pins, *_PINS][: len(_PINS)])


class _Shown:
    def __init__(self, house: House, caller: Caller, post_author_id: int, people: dict[int, Record]) -> None:
        self._house = house
        self._caller = caller
        self._post_author_id = post_author_id
        self._people = people

    def thread(self, row: Record, replies: list[Record], most: int) -> JSON:
        page = replies[:most]
        info = page_info(len(replies) > most, cursor(page[-1]["id"]) if page else None)
        return {**self.comment(row), "replies": {"pageInfo": info, "nodes": [self.comment(one) for one in page]}}

    def comment(self, row: Record) -> JSON:
        return {
            "id": global_id(NodeKind.COMMENT, row["id"]),
            "text": row["text"],
            "entities": shown_entities(row["entities"], self._people),
            "createdAt": created_at(row["id"]),
            "isPinned": row["pinned_at"] is not None,
            "likeCount": row["likes"],
            "replyCount": row["replies"],
            "viewerHasLiked": row["liked"],
            "viewerCanDelete": self._caller.id in (row["author_id"], self._post_author_id),
            "author": self._author(self._people[row["author_id"]]),
        }

    def _author(self, person: Record) -> JSON | None:
        if person["state"] != "ACTIVE":
            return None
        user_id = global_id(NodeKind.USER, person["id"])
        return {"id": user_id, "username": person["username"], "avatar": avatar(self._house, person)}
