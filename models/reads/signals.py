"""What viewers have shown an interest in by looking."""

# Which of some posts were shown to a viewer. $1 id of the viewer, on whose shard it runs, $2 ids of posts
SEEN_POSTS = """
    SELECT seen.id FROM unnest($2::bigint[]) AS seen (id)
    WHERE EXISTS (SELECT FROM impressions WHERE viewer_id = $1 AND subject_id = seen.id AND subject_kind = 'POST')
"""
