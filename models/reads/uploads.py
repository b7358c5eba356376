"""Uploads and what came of them: on their owner's shard, which their ids carry."""

_COLUMNS = """
    id, owner_id, status, progress, content_type, byte_size, object_key, alt_text, expires_at, finished_at,
    result, captured_at, camera, failure_reason, attached_to, multipart_id, part_size,
    (SELECT u.media_epoch FROM users u WHERE u.id = uploads.owner_id) AS owner_epoch
"""

# $1 ids of uploads, $2 id of their owner
UPLOADS_BY_ID = f"SELECT {_COLUMNS} FROM uploads WHERE id = ANY($1) AND owner_id = $2"  # noqa: S608  a constant

# $1 id of an upload: for the jobs that are about it
UPLOAD_FOR_JOB = f"SELECT {_COLUMNS}, recipe, purpose, sha256 FROM uploads WHERE id = $1"  # noqa: S608  a constant

# $1 id of the owner, $2 the id before which the page begins, $3 how many; newest first
UPLOADS_OF_OWNER = f"""
    SELECT {_COLUMNS} FROM uploads WHERE owner_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
"""  # noqa: S608  a constant

# $1 ids of images and films, which are those of the uploads that they came from
MEDIA_BY_ID = """
    SELECT id, owner_id, result, attached_to,
           (SELECT u.media_epoch FROM users u WHERE u.id = uploads.owner_id) AS owner_epoch
    FROM uploads
    WHERE id = ANY($1) AND status = 'READY'
"""

# $1 how many. A form is refused by the storage from `expires_at` on; what began before has ended after ten minutes.
UPLOADS_NEVER_SENT = """
    SELECT id, owner_id FROM uploads
    WHERE status = 'UPLOADING' AND objects_removed_at IS NULL
      AND expires_at < (SELECT clock_now()) - interval '10 minutes'
    ORDER BY expires_at LIMIT $1
"""

UPLOADS_TO_EMPTY = """
    SELECT id, owner_id, object_key, multipart_id, result FROM uploads
    WHERE status IN ('CANCELLED', 'FAILED') AND objects_removed_at IS NULL
      AND expires_at < (SELECT clock_now()) - interval '10 minutes'
    ORDER BY expires_at LIMIT $1
"""

# $1 how many, $2 days for which the files of what was refused are kept
UPLOADS_LONG_REJECTED = """
    SELECT id, owner_id, object_key, multipart_id, result FROM uploads
    WHERE status = 'REJECTED' AND objects_removed_at IS NULL
      AND rejected_at < (SELECT clock_now()) - make_interval(days => $2)
    ORDER BY rejected_at LIMIT $1
"""

# $1 how many: uploads whose processing was given up
UPLOADS_GIVEN_UP = """
    SELECT u.id, u.owner_id FROM deliveries d
    JOIN events e ON e.id = d.event_id
    JOIN uploads u ON u.id = (e.payload->>'upload_id')::bigint
    WHERE d.state = 'DEAD' AND d.handler IN ('process_upload', 'process_film') AND u.status = 'PROCESSING'
    LIMIT $1
"""

# $1 keys of originals: those that belong to an upload of which not all was removed
ORIGINALS_KNOWN = "SELECT object_key FROM uploads WHERE object_key = ANY($1) AND objects_removed_at IS NULL"

# $1 keys of originals: those that belong to an upload whose parts may be sent, with the storage's name for these
MULTIPARTS_KNOWN = """
    SELECT object_key, multipart_id FROM uploads
    WHERE object_key = ANY($1) AND multipart_id IS NOT NULL AND objects_removed_at IS NULL
"""

# $1 renditions: those that an upload has come to, and those that a job which is not over may be writing. One that was
# given up writes no more; where it gets another life, it writes all anew.
RENDITIONS_KNOWN = """
    SELECT split_part(result #>> '{variants,0,key}', '/', 2) AS rendition FROM uploads
    WHERE split_part(result #>> '{variants,0,key}', '/', 2) = ANY($1)
    UNION
    SELECT progress ->> 'rendition' FROM deliveries
    WHERE state IN ('PENDING', 'ENQUEUED') AND progress ->> 'rendition' = ANY($1)
"""

# $1 ids of uploads: those of which something was made that is kept, with what an event says that has it made anew
UPLOADS_TO_REWORK = """
    SELECT id, owner_id, byte_size, object_key, result, status FROM uploads
    WHERE id = ANY($1) AND status IN ('READY', 'HELD') AND result IS NOT NULL
"""

# $1 ids of uploads of one shard, $2 the shard: the events by which they are being made anew
REWORKS_UNDER_WAY = """
    SELECT (e.payload ->> 'upload_id')::bigint AS upload_id, e.id AS event_id
    FROM deliveries d JOIN events e ON e.id = d.event_id
    WHERE d.shard = $2 AND d.state IN ('PENDING', 'ENQUEUED') AND d.handler = 'rework_upload'
      AND (e.payload ->> 'upload_id')::bigint = ANY($1)
"""

# $1 ids of events
REWORKS_BY_STATE = """
    SELECT state, count(*) AS deliveries FROM deliveries
    WHERE event_id = ANY($1) AND handler = 'rework_upload' GROUP BY state
"""

# $1 the id after which the page begins, $2 how many
UPLOADS_WITH_RESULTS = """
    SELECT id, owner_id, status, object_key, result FROM uploads
    WHERE id > $1 AND status IN ('READY', 'HELD') AND result IS NOT NULL ORDER BY id LIMIT $2
"""
