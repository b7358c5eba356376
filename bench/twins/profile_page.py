"""`bench/operations/profile_page.py` by hand."""

from itertools import chain
from typing import Any

from bench.twins.house import JSON, Caller, House, Record
from bench.twins.parts import (
    avatar,
    cursor,
    global_id,
    images,
    mentions,
    microseconds,
    page_info,
    people_around,
    relationship,
    shown_entities,
)
from bench.twins.sql import PERSON, count, is_there, lets_in, likes, saves
from media.signing import CachePolicy, Grant
from models.global_ids import NodeKind, encode_shortcode
from models.ids import created_at, shard_of_name
from models.reads.accounts import CLAIM
from models.tables import Counter

_POST = """
    p.id AS post_id, p.kind, p.caption, p.entities, p.hashtags, p.media, p.media_epoch, p.pinned_at, p.comments_enabled
"""
_COLUMNS = "id, kind, caption, entities, hashtags, media, media_epoch, pinned_at, comments_enabled"

# $1 whose, $2 the viewer, $3 how many posts. What is of the person stands in the first row alone.
PROFILE = f"""
    WITH owner AS MATERIALIZED (
        SELECT {PERSON}, u.bio, u.website, u.pronouns, u.is_private, f.state AS follow, {lets_in("$2")} AS is_open,
               {count(Counter.POSTS, "u.id")} AS posts, {count(Counter.FOLLOWERS, "u.id")} AS followers,
               {count(Counter.FOLLOWING, "u.id")} AS following
        FROM users u LEFT JOIN follows f ON f.followed_id = u.id AND f.follower_id = $2
        WHERE u.id = $1 AND {is_there("$2")}
    ), page AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY pinned_at DESC NULLS LAST, id DESC) AS place, * FROM (
            (SELECT {_COLUMNS} FROM posts
             WHERE author_id = $1 AND state = 'LIVE' AND pinned_at IS NOT NULL AND (SELECT is_open FROM owner))
            UNION ALL
            (SELECT {_COLUMNS} FROM posts
             WHERE author_id = $1 AND state = 'LIVE' AND pinned_at IS NULL AND (SELECT is_open FROM owner)
             ORDER BY id DESC LIMIT $3)
        ) parts ORDER BY 1 LIMIT $3
    )
    SELECT u.*, {_POST}, {likes("p.id", "$2")}, {saves("p.id", "$2")},
           {count(Counter.LIKES, "p.id")} AS like_count, {count(Counter.COMMENTS, "p.id")} AS comment_count
    FROM (SELECT 1 AS number, * FROM owner) u FULL JOIN page p ON p.place = u.number
    ORDER BY p.place
"""


async def answer(house: House, caller: Caller, sent: JSON) -> JSON:
    username, first = sent["variables"]["username"].lower(), sent["variables"]["first"]
    shards = house.backend.shards
    shard = shard_of_name(f"USERNAME:{username}", shards.logical_shards)
    claims = await house.on(shards.node_of(shard), CLAIM, shard, "USERNAME", username)
    if not claims or (user_id := claims[0]["owner_id"]) in caller.blocked:
        return {"user": None}
    rows = await house.on_node_of(user_id, PROFILE, user_id, caller.id, first + 1)
    if not rows or rows[0]["username"] != username:
        return {"user": None}
    owner, posts = rows[0], [row for row in rows if row["post_id"] is not None]
    mentioned = chain.from_iterable(mentions(post["entities"]) for post in posts[:first])
    people, own = await people_around(house, caller, [user_id, *mentioned])
    shown = [_post(house, owner, post, people) for post in posts[:first]]
    end = cursor(microseconds(posts[len(shown) - 1]["pinned_at"]), posts[len(shown) - 1]["post_id"]) if shown else None
    return {
        "user": {
            "id": global_id(NodeKind.USER, user_id),
            "username": username,
            "fullName": owner["full_name"],
            "bio": owner["bio"],
            "website": owner["website"],
            "pronouns": owner["pronouns"],
            "isPrivate": owner["is_private"],
            "isVerified": owner["is_verified"],
            "avatar": avatar(house, owner),
            "postCount": owner["posts"],
            "followerCount": owner["followers"],
            "followingCount": owner["following"],
            "viewerRelationship": relationship(caller, user_id, owner["follow"], own[user_id]),
            "posts": {"pageInfo": page_info(len(posts) > first, end), "nodes": shown},
        }
    }


def _post(house: House, owner: Record, post: Record, people: dict[int, Any]) -> JSON:
    policy = CachePolicy.PRIVATE if owner["is_private"] else CachePolicy.PUBLIC
    grant = Grant(owner["id"], max(owner["media_floor"], post["media_epoch"]), policy)
    return {
        "id": global_id(NodeKind.POST, post["post_id"]),
        "shortcode": encode_shortcode(post["post_id"]),
        "kind": post["kind"],
        "caption": post["caption"],
        "captionEntities": shown_entities(post["entities"], people),
        "hashtags": [{"id": global_id(NodeKind.HASHTAG, one["id"]), "name": one["name"]} for one in post["hashtags"]],
        "createdAt": created_at(post["post_id"]),
        "isPinned": post["pinned_at"] is not None,
        "likeCount": post["like_count"],
        "commentCount": post["comment_count"],
        "viewerHasLiked": post["liked"],
        "viewerHasSaved": post["saved"],
        "viewerCanComment": post["comments_enabled"],
        "media": images(house, post["media"], grant, with_text=True),
    }
