"""What waits for a moderator, and what was removed by one."""

# $1 the id after which the page begins, $2 how many: of all shards of the node
REMOVED_AFTER = "SELECT id, sha256, hashes FROM removed_pictures WHERE id > $1 ORDER BY id LIMIT $2"

# $1 how many; oldest first
HELD_UPLOADS = """
    SELECT p.id, p.owner_id, u.username, p.nudity, p.result, u.media_epoch,
           extract(epoch FROM (SELECT clock_now()) - p.finished_at)::float AS seconds
    FROM uploads p JOIN users u ON u.id = p.owner_id
    WHERE p.status = 'HELD' ORDER BY p.id LIMIT $1
"""

# $1 id of a post
POST_TO_REMOVE = "SELECT author_id, state, media FROM posts WHERE id = $1"
