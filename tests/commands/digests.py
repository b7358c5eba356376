"""All that stands in a store, in one number per table."""

from models.tables import Base
from services.backend import Backend

# Which of its parts a count stands in is changed by folding, at any time.
_FOLDED = {"counts", "count_deltas"}
_COUNTED = """
    SELECT object_id, counter, sum(value)::bigint AS value
    FROM (SELECT object_id, counter, value FROM counts
          UNION ALL SELECT object_id, counter, delta FROM count_deltas) AS told
    GROUP BY 1, 2
"""


async def digests(backend: Backend) -> dict[str, list[tuple[int, str]]]:
    """Rows, and an MD5 of their contents, on each node, by table."""
    rooms = {table.name: f"SELECT * FROM {table.name}" for table in Base.metadata.sorted_tables}
    rooms = {name: sql for name, sql in rooms.items() if name not in _FOLDED} | {"counted": _COUNTED}
    found = {}
    for name, sql in rooms.items():
        rows = await backend.reader().on_every_node(
            f"SELECT count(*) AS rows, md5(string_agg(t::text, '/' ORDER BY t::text)) AS digest FROM ({sql}) AS t"
        )
        found[name] = [(row["rows"], row["digest"]) for row in rows]
    return found
