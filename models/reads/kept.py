"""Lists of posts that somebody keeps: what was liked or saved, what is in a collection. The posts live elsewhere."""


def posts_of_lists(table: str, owner: str, post: str, condition: str) -> str:
    """A page of each list, the latest first. $1 ids of the lists on this node; $2 ids of all lists, and for each where
    its page begins: $3 microseconds since 1970, $4 id of a post; $5 how many of each."""
    return f"""
        SELECT start.owner AS page_of, kept.post_id, kept.since
        FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS start(owner, since, post)
        CROSS JOIN LATERAL (
            SELECT {post} AS post_id, since FROM {table}
            WHERE {owner} = start.owner AND {condition}
              AND (since, {post}) < ('epoch'::timestamptz + start.since * interval '1 microsecond', start.post)
            ORDER BY since DESC, {post} DESC LIMIT $5
        ) AS kept
        WHERE start.owner = ANY($1::bigint[])
        ORDER BY kept.since DESC, kept.post_id DESC
    """  # noqa: S608  put together from constants


LIKED_BY_USERS = posts_of_lists("likes_given", "user_id", "subject_id", "subject_kind = 'POST' AND state = 'LIKED'")
