"""Snapshots of ranked feeds, on the viewer's shard."""

# $1 id of the viewer, $2 the feed
LATEST_SNAPSHOT = """
    SELECT id, created_at, fingerprint, floor_id, cardinality(ids) AS length
    FROM feed_snapshots WHERE viewer_id = $1 AND feed = $2 ORDER BY id DESC LIMIT 1
"""

# Some of a snapshot's items. $1 id of the viewer, $2 the feed, $3 id of the snapshot, $4 how many stand before them, $5
# how many
SNAPSHOT_ITEMS = """
    SELECT floor_id, cardinality(ids) AS length,
           kinds[$4 + 1 : $4 + $5] AS kinds, ids[$4 + 1 : $4 + $5] AS ids,
           scores[$4 + 1 : $4 + $5] AS scores, reasons[$4 + 1 : $4 + $5] AS reasons
    FROM feed_snapshots WHERE viewer_id = $1 AND feed = $2 AND id = $3
"""
