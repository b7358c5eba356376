"""Counts: the base and the deltas that are not folded yet, added in one statement."""

from collections.abc import Mapping

COUNTS_OF = """
    LEFT JOIN LATERAL (
        SELECT {columns}
        FROM (SELECT counter, value FROM counts WHERE object_id = {object}
              UNION ALL
              SELECT counter, delta FROM count_deltas WHERE object_id = {object}) AS tally
    ) AS {alias} ON true
"""


def counts_join(object_id: str, alias: str, **counters: int) -> str:
    """A LATERAL join that gives one column per counter, named by its keyword: never null."""
    return COUNTS_OF.format(columns=_columns(counters), object=object_id, alias=alias)


def counts_of_all(**counters: int) -> str:
    """The same of the objects $1, as a query that gives the `object_id` too: for many, of which each is read once. What
    was never counted has no row."""
    return f"""
        SELECT object_id, {_columns(counters)}
        FROM (SELECT object_id, counter, value FROM counts WHERE object_id = ANY($1)
              UNION ALL
              SELECT object_id, counter, delta FROM count_deltas WHERE object_id = ANY($1)) AS tally
        GROUP BY object_id
    """  # noqa: S608  put together from constants


def _columns(counters: Mapping[str, int]) -> str:
    return ", ".join(
        f"coalesce(sum(value) FILTER (WHERE counter = {int(counter)}), 0)::bigint AS {name}"
        for name, counter in counters.items()
    )


# $1 ids of objects, $2 numbers of counters. What was never counted has no row.
COUNTS_BY_ID = """
    SELECT object_id, counter, sum(value)::bigint AS value
    FROM (SELECT object_id, counter, value FROM counts WHERE object_id = ANY($1) AND counter = ANY($2)
          UNION ALL
          SELECT object_id, counter, delta FROM count_deltas WHERE object_id = ANY($1) AND counter = ANY($2)) AS tally
    GROUP BY object_id, counter
"""
