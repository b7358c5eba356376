"""Every counter, counted anew from what it counts."""

from typing import Any

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
