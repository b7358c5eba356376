"""The home feed of `bench/operation.py` without GraphQL: Starlette, asyncpg, orjson; the same token and session, the
same timeline, one rich statement per node, the same JSON byte for byte.

`python -m bench.twins.home_feed --fd N`
"""

import argparse
import asyncio
import base64
import itertools
import socket
import struct
from typing import Any

import asyncpg
import orjson
import uvicorn
import uvloop
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.settings import Settings
from media.signing import CachePolicy, Grant, MediaSigner
from models.global_ids import NodeKind
from models.ids import MAX_ID, created_at, shard_of
from models.reads.accounts import VIEWER
from models.tables import Counter
from services.accounts.tokens import read_access_token
from services.feeds import scripts
from services.feeds.timeline import BUILD_SECONDS, key_of

_GLOBAL = struct.Struct(">BQ")
_ID = struct.Struct(">Q")
_COMMENTS = 2


def _count(counter: Counter, subject: str) -> str:
    return (
        f"(SELECT coalesce(sum(v), 0)::bigint FROM (SELECT value AS v FROM counts WHERE object_id = {subject}"
        f" AND counter = {int(counter)} UNION ALL SELECT delta FROM count_deltas WHERE object_id = {subject}"
        f" AND counter = {int(counter)}) t)"
    )


# $1 posts, $2 viewer: with the author, the viewer's marks, the counts and the top comments.
PAGE = f"""
    SELECT p.id, p.caption, p.media, u.id AS author_id, u.username, u.full_name, u.is_verified, u.avatar, u.is_private,
           u.media_floor, greatest(u.media_floor, p.media_epoch) AS media_epoch,
           f.state AS follow_state,
           EXISTS (SELECT FROM likes l WHERE l.subject_id = p.id AND l.user_id = $2 AND l.state = 'LIKED') AS liked,
           EXISTS (SELECT FROM saves s WHERE s.post_id = p.id AND s.user_id = $2 AND s.state = 'SAVED') AS saved,
           {_count(Counter.LIKES, "p.id")} AS like_count, {_count(Counter.COMMENTS, "p.id")} AS comment_count,
           m.comments
    FROM posts p
    JOIN users u ON u.id = p.author_id
    LEFT JOIN follows f ON f.followed_id = p.author_id AND f.follower_id = $2
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(c.id, c.author_id, c.text, {_count(Counter.LIKES, "c.id")})
                         ORDER BY c.score DESC, c.id DESC) AS comments
        FROM (SELECT id, author_id, text, score FROM comments
              WHERE post_id = p.id AND state = 'LIVE' AND parent_id IS NULL
              ORDER BY score DESC, id DESC LIMIT {_COMMENTS + 1}) c
    ) m
    WHERE p.id = ANY($1) AND p.state = 'LIVE' AND u.state = 'ACTIVE'
      AND (p.author_id = $2 OR f.state = 'ACCEPTED')
"""
NAMES = "SELECT id, username FROM users WHERE id = ANY($1) AND state = 'ACTIVE'"
FOLLOW_BACKS = "SELECT follower_id FROM follows WHERE followed_id = $1 AND follower_id = ANY($2) AND state = 'ACCEPTED'"


def global_id(kind: int, number: int) -> str:
    return base64.urlsafe_b64encode(_GLOBAL.pack(kind, number)).decode()


def cursor_of(post_id: int) -> str:
    return base64.urlsafe_b64encode(_ID.pack(post_id)).decode().rstrip("=")


class Twin:
    def __init__(self, settings: Settings, pools: list[asyncpg.Pool], nodes: list[int]) -> None:
        self.settings = settings
        self.pools = pools
        self.nodes = nodes
        self.redis = Redis.from_url(settings.redis_url)
        self.signer = MediaSigner(settings.secret_key.get_secret_value(), settings.media_url_seconds)
        self.lifetime = settings.timeline_days * 86_400_000

    async def answer(self, request: Request) -> Response:
        sent = orjson.loads(await request.body())
        token = read_access_token(self.settings, request.headers["authorization"][7:])
        viewer = await self.on(self.nodes[shard_of(token.user_id)], VIEWER, token.user_id, token.session_id)
        if not viewer or viewer[0]["user_state"] != "ACTIVE":
            return Response(status_code=401)
        body = await self.page(token.user_id, sent["variables"]["first"])
        return Response(orjson.dumps(body), media_type="application/json")

    async def on(self, node: int, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self.pools[node].acquire() as connection:
            return list(await connection.fetch(sql, *arguments))

    async def by_node(self, sql: str, ids: Any, *arguments: Any) -> list[asyncpg.Record]:
        owned: dict[int, list[int]] = {}
        for number in ids:
            owned.setdefault(self.nodes[shard_of(number)], []).append(number)
        found = await asyncio.gather(*(self.on(node, sql, some, *arguments) for node, some in owned.items()))
        return list(itertools.chain.from_iterable(found))

    async def page(self, viewer_id: int, first: int) -> dict[str, Any]:
        members = await self.redis.evalsha(
            scripts.READ.sha,
            1,
            key_of(viewer_id),
            b"(" + _ID.pack(MAX_ID),
            first + 1,
            self.lifetime,
            b"bench.bench.",
            BUILD_SECONDS * 1000,
        )
        ids = [_ID.unpack(member)[0] for member in members]
        rows = {row["id"]: row for row in await self.by_node(PAGE, ids, viewer_id)}
        posts = [rows[number] for number in ids[:first] if number in rows]
        commenters = {comment[1] for post in posts for comment in (post["comments"] or ())[:_COMMENTS]}
        names, backs = await asyncio.gather(
            self.by_node(NAMES, commenters),
            self.on(self.nodes[shard_of(viewer_id)], FOLLOW_BACKS, viewer_id, [post["author_id"] for post in posts]),
        )
        username = {row["id"]: row["username"] for row in names}
        followers = {row["follower_id"] for row in backs}
        edges = [self.edge(post, viewer_id, username, followers) for post in posts]
        info = {"hasNextPage": len(ids) > first, "endCursor": edges[-1]["cursor"] if edges else None}
        return {"data": {"viewer": {"homeFeed": {"pageInfo": info, "edges": edges}}}}

    def edge(self, post: Any, viewer_id: int, username: dict[int, str], followers: set[int]) -> dict[str, Any]:
        return {
            "cursor": cursor_of(post["id"]),
            "reason": "OWN" if post["author_id"] == viewer_id else "FOLLOWING",
            "node": {
                "id": global_id(NodeKind.POST, post["id"]),
                "caption": post["caption"],
                "createdAt": created_at(post["id"]).isoformat(),
                "likeCount": post["like_count"],
                "commentCount": post["comment_count"],
                "viewerHasLiked": post["liked"],
                "viewerHasSaved": post["saved"],
                "author": self.author(post, followers),
                "media": self.images(post),
                "comments": {
                    "nodes": [
                        {
                            "id": global_id(NodeKind.COMMENT, number),
                            "text": text,
                            "likeCount": likes,
                            "author": {"id": global_id(NodeKind.USER, author), "username": username[author]},
                        }
                        for number, author, text, likes in (post["comments"] or ())[:_COMMENTS]
                    ]
                },
            },
        }

    def author(self, post: Any, followers: set[int]) -> dict[str, Any]:
        fitting = next(v for v in post["avatar"]["variants"] if v["format"] == "JPEG" and v["width"] >= 150)
        grant = Grant(post["author_id"], post["media_floor"], CachePolicy.AVATAR)
        return {
            "id": global_id(NodeKind.USER, post["author_id"]),
            "username": post["username"],
            "fullName": post["full_name"],
            "isVerified": post["is_verified"],
            "avatar": {"url": self.url(fitting["key"], grant)},
            "viewerRelationship": {
                "isFollowing": post["follow_state"] == "ACCEPTED",
                "isFollowedBy": post["author_id"] in followers,
            },
        }

    def images(self, post: Any) -> list[dict[str, Any]]:
        policy = CachePolicy.PRIVATE if post["is_private"] else CachePolicy.PUBLIC
        grant = Grant(post["author_id"], post["media_epoch"], policy)
        return [self.image(image, grant) for image in post["media"]]

    def image(self, image: dict[str, Any], grant: Grant) -> dict[str, Any]:
        return {
            "id": global_id(NodeKind.IMAGE, image["id"]),
            "width": image["width"],
            "height": image["height"],
            "blurhash": image["blurhash"],
            "variants": [
                {"url": self.url(v["key"], grant), "width": v["width"], "format": v["format"]}
                for v in image["variants"]
            ],
        }

    def url(self, key: str, grant: Grant) -> str:
        return self.settings.public_url + self.signer.sign(key, grant)


async def _set_up(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads)


async def _keep(_connection: asyncpg.Connection) -> None:
    """Reads change no session state."""


async def serve(listening: socket.socket, settings: Settings) -> None:
    options: dict[str, Any] = {"min_size": 0, "max_size": 10, "init": _set_up, "reset": _keep}
    pools = [await asyncpg.create_pool(url, **options) for url in settings.database_urls]
    nodes = [row["node"] for row in await pools[0].fetch("SELECT node FROM shard_map ORDER BY shard")]
    twin = Twin(settings, pools, nodes)
    app = Starlette(
        routes=[Route("/graphql", twin.answer, methods=["POST"]), Route("/nothing", nothing, methods=["POST"])]
    )
    config = uvicorn.Config(app, http="httptools", ws="none", log_config=None, access_log=False, server_header=False)
    await uvicorn.Server(config).serve(sockets=[listening])


async def nothing(request: Request) -> Response:
    """A bare JSON route, beside which an operation that does nothing is measured."""
    orjson.loads(await request.body())
    return Response(orjson.dumps({"data": {"__typename": "Query"}}), media_type="application/json")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="Descriptor of a listening socket.")
    uvloop.run(serve(socket.socket(fileno=parser.parse_args().fd), Settings()))
