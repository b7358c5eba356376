"""`bench/operations/home_feed.py` by hand, from the same timeline."""

import struct
from dataclasses import dataclass
from typing import Any

from bench.twins.house import JSON, Caller, House, Record
from bench.twins.parts import avatar, cursor, global_id, images, people_by_id
from bench.twins.sql import NAMES, count, is_there, likes, saves
from media.signing import CachePolicy, Grant
from models.global_ids import NodeKind
from models.ids import MAX_ID, created_at
from models.tables import Counter
from services.feeds import scripts
from services.feeds.timeline import BUILD_SECONDS, key_of

_ID = struct.Struct(">Q")
_COMMENTS = 2
_REFILL = 100
_SHOWN = "state = 'LIVE' AND withheld = 0"
_COLUMNS = "id, author_id, text, score, pinned_at"

# $1 posts, $2 viewer, $3 whom the viewer blocks or mutes, $4 how many comments: with the author, the viewer's marks,
# the counts and the top comments.
PAGE = f"""
    SELECT p.id AS post_id, p.caption, p.media, u.id, u.username, u.full_name, u.is_verified, u.avatar, u.is_private,
           u.media_floor, greatest(u.media_floor, p.media_epoch) AS media_epoch, f.state AS follow_state,
           {likes("p.id", "$2")}, {saves("p.id", "$2")},
           {count(Counter.LIKES, "p.id")} AS like_count, {count(Counter.COMMENTS, "p.id")} AS comment_count,
           m.comments
    FROM posts p
    JOIN users u ON u.id = p.author_id
    LEFT JOIN follows f ON f.followed_id = p.author_id AND f.follower_id = $2
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(c.id, c.author_id, c.text, {count(Counter.LIKES, "c.id")})
                         ORDER BY c.pinned_at DESC NULLS LAST, c.score DESC, c.id DESC) AS comments
        FROM ((SELECT {_COLUMNS} FROM comments
               WHERE post_id = p.id AND {_SHOWN} AND pinned_at IS NOT NULL LIMIT 3)
              UNION ALL
              (SELECT {_COLUMNS} FROM comments
               WHERE post_id = p.id AND {_SHOWN} AND parent_id IS NULL AND pinned_at IS NULL
               ORDER BY score DESC, id DESC LIMIT $4)) c
    ) m
    WHERE p.id = ANY($1) AND p.state = 'LIVE' AND {is_there("$2")}
      AND (p.author_id = $2 OR (f.state = 'ACCEPTED' AND u.id <> ALL($3::bigint[])))
"""
FOLLOW_BACKS = "SELECT follower_id FROM follows WHERE followed_id = $1 AND follower_id = ANY($2) AND state = 'ACCEPTED'"


@dataclass(slots=True)
class _Post:
    row: Record
    comments: list[Any]


async def answer(house: House, caller: Caller, sent: JSON) -> JSON:
    first = sent["variables"]["first"]
    found: list[_Post] = []
    people: dict[int, Record] = {}
    below, wanted, ended = MAX_ID, first + 1, False
    while len(found) <= first and not ended:
        ids = await _timeline(house, caller, below, wanted)
        ended = len(ids) < wanted
        found += await _posts(house, caller, ids, people, _COMMENTS + 1)
        below, wanted = (ids[-1] if ids else 0), _REFILL
    page = found[:first]
    backs = await house.on_node_of(caller.id, FOLLOW_BACKS, caller.id, [post.row["id"] for post in page])
    followers = {row["follower_id"] for row in backs}
    edges = [_edge(house, caller, post, people, followers) for post in page]
    info = {"hasNextPage": len(found) > first, "endCursor": edges[-1]["cursor"] if edges else None}
    return {"viewer": {"homeFeed": {"pageInfo": info, "edges": edges}}}


async def _timeline(house: House, caller: Caller, below: int, wanted: int) -> list[int]:
    """Ends at the floor, to which no viewer of the bench comes."""
    members = await house.redis.evalsha(
        scripts.READ.sha,
        1,
        key_of(caller.id),
        b"(" + _ID.pack(below),
        wanted,
        house.settings.timeline_days * 86_400_000,
        b"bench.bench.",
        BUILD_SECONDS * 1000,
    )
    return [_ID.unpack(member)[0] for member in members if len(member) == _ID.size]


async def _posts(house: House, caller: Caller, ids: list[int], people: dict[int, Record], most: int) -> list[_Post]:
    """Those to be shown, and into `people` who speaks. Where comments are hidden of which there are more, anew."""
    hidden = list(caller.blocked | caller.muted)
    rows = {row["post_id"]: row for row in await house.by_node(PAGE, ids, caller.id, hidden, most)}
    speakers = {one[1] for row in rows.values() for one in row["comments"] or ()}
    people |= await people_by_id(house, caller, speakers, NAMES)
    posts = [
        _Post(rows[number], [one for one in rows[number]["comments"] or () if one[1] in people])
        for number in ids
        if number in rows
    ]
    if any(len(post.comments) < _COMMENTS and len(post.row["comments"] or ()) == most for post in posts):
        return await _posts(house, caller, ids, people, most * 8)
    return posts


def _edge(house: House, caller: Caller, post: _Post, people: dict[int, Record], followers: set[int]) -> JSON:
    row = post.row
    policy = CachePolicy.PRIVATE if row["is_private"] else CachePolicy.PUBLIC
    return {
        "cursor": cursor(row["post_id"]),
        "reason": "OWN" if row["id"] == caller.id else "FOLLOWING",
        "node": {
            "id": global_id(NodeKind.POST, row["post_id"]),
            "caption": row["caption"],
            "createdAt": created_at(row["post_id"]),
            "likeCount": row["like_count"],
            "commentCount": row["comment_count"],
            "viewerHasLiked": row["liked"],
            "viewerHasSaved": row["saved"],
            "author": {
                "id": global_id(NodeKind.USER, row["id"]),
                "username": row["username"],
                "fullName": row["full_name"],
                "isVerified": row["is_verified"],
                "avatar": avatar(house, row),
                "viewerRelationship": {
                    "isFollowing": row["follow_state"] == "ACCEPTED",
                    "isFollowedBy": row["id"] in followers,
                },
            },
            "media": images(house, row["media"], Grant(row["id"], row["media_epoch"], policy), with_text=False),
            "comments": {"nodes": [_comment(people, *comment) for comment in post.comments[:_COMMENTS]]},
        },
    }


def _comment(people: dict[int, Record], number: int, author_id: int, text: str, like_count: int) -> JSON:
    person = people[author_id]
    author = {"id": global_id(NodeKind.USER, author_id), "username": person["username"]}
    return {
        "id": global_id(NodeKind.COMMENT, number),
        "text": text,
        "likeCount": like_count,
        "author": author if person["state"] == "ACTIVE" else None,
    }
