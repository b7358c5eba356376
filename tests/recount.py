"""Every counter, counted anew from what it counts, and what is withheld, judged anew from what says so."""

from typing import Any

from models.tables import Withheld
from services.backend import Backend

_TRUTHS = """
    SELECT followed_id AS object_id, 1 AS counter, count(*) AS value FROM follows
        WHERE state = 'ACCEPTED' AND withheld = 0 GROUP BY 1
    UNION ALL SELECT follower_id, 2, count(*) FROM following WHERE state = 'ACCEPTED' AND withheld = 0 GROUP BY 1
    UNION ALL SELECT author_id, 3, count(*) FROM posts WHERE state = 'LIVE' GROUP BY 1
    UNION ALL SELECT subject_id, 4, count(*) FROM likes WHERE state = 'LIKED' AND withheld = 0 GROUP BY 1
    UNION ALL SELECT post_id, 5, count(*) FROM comments WHERE state = 'LIVE' AND withheld = 0 GROUP BY 1
    UNION ALL SELECT post_id, 6, count(*) FROM shares GROUP BY 1
    UNION ALL SELECT hashtag_id, 3, count(*) FROM hashtag_posts WHERE state = 'LISTED' GROUP BY 1
    UNION ALL SELECT place_id, 3, count(*) FROM place_posts WHERE state = 'LISTED' GROUP BY 1
    UNION ALL SELECT collection_id, 3, count(*) FROM collection_posts WHERE state = 'IN' GROUP BY 1
    UNION ALL SELECT post_id, 7, count(*) FROM saves WHERE state = 'SAVED' AND withheld = 0 GROUP BY 1
    UNION ALL SELECT parent_id, 8, count(*) FROM comments
        WHERE state = 'LIVE' AND withheld = 0 AND parent_id IS NOT NULL GROUP BY 1
"""
_DIFFERENCES = f"""
    WITH truth AS ({_TRUTHS}),
         tally AS (SELECT object_id, counter, sum(value) AS value
                   FROM (SELECT object_id, counter, value FROM counts
                         UNION ALL SELECT object_id, counter, delta FROM count_deltas) AS told
                   GROUP BY 1, 2)
    SELECT object_id, counter, coalesce(truth.value, 0)::bigint, coalesce(tally.value, 0)::bigint
    FROM truth FULL JOIN tally USING (object_id, counter)
    WHERE coalesce(truth.value, 0) <> coalesce(tally.value, 0)
"""


async def differences(backend: Backend, object_ids: set[int] | None = None) -> list[tuple[Any, ...]]:
    """(object, counter, what is there, what is told) of each counter that is wrong, of these objects or of all."""
    found = [tuple(row) for row in await backend.reader().on_every_node(_DIFFERENCES)]
    return [one for one in found if object_ids is None or one[0] in object_ids]


# What was done, by whom, to what and whose; of a reply its parent. A deleted comment never comes back.
_DONE = """
    SELECT 'likes' AS done, l.user_id AS person_id, l.subject_id AS id, coalesce(p.author_id, c.author_id) AS owner_id,
           NULL::bigint AS parent_id, l.withheld
    FROM likes l LEFT JOIN posts p ON p.id = l.subject_id LEFT JOIN comments c ON c.id = l.subject_id
    UNION ALL SELECT 'saves', s.user_id, s.post_id, p.author_id, NULL, s.withheld
    FROM saves s JOIN posts p ON p.id = s.post_id
    UNION ALL SELECT 'comments', c.author_id, c.id, p.author_id, c.parent_id, c.withheld
    FROM comments c JOIN posts p ON p.id = c.post_id WHERE c.state = 'LIVE' OR c.parent_id IS NULL
    UNION ALL SELECT 'follows', follower_id, followed_id, NULL, NULL, withheld FROM follows
    UNION ALL SELECT 'following', followed_id, follower_id, NULL, NULL, withheld FROM following
"""
_SUSPENDED = "SELECT id FROM users WHERE state = 'SUSPENDED'"
_BLOCKS = "SELECT blocker_id, blocked_id FROM blocks WHERE state = 'BLOCKED'"


async def misjudged(backend: Backend, people: set[int] | None = None) -> list[tuple[Any, ...]]:
    """(table, person, id, what withholds it, what is stored) of each row whose `withheld` is wrong, of these people or
    of all. Right only where all jobs are done."""
    reader = backend.reader()
    suspended = {row["id"] for row in await reader.on_every_node(_SUSPENDED)}
    blocks = {frozenset(row) for row in await reader.on_every_node(_BLOCKS)}
    rows = await reader.on_every_node(_DONE)

    def own(row: Any) -> int:
        blocked = frozenset((row["person_id"], row["owner_id"])) in blocks
        return blocked * Withheld.BLOCK | (row["person_id"] in suspended) * Withheld.SUSPENSION

    withheld_parents = {row["id"] for row in rows if row["done"] == "comments" and own(row)}
    judged = [(row, own(row) | (row["parent_id"] in withheld_parents) * Withheld.PARENT) for row in rows]
    return [
        (row["done"], row["person_id"], row["id"], int(bits), row["withheld"])
        for row, bits in judged
        if bits != row["withheld"] and (people is None or row["person_id"] in people)
    ]
