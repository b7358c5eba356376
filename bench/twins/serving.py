"""`python -m bench.twins.serving --fd N`: all twins in one process, each at its name."""

import argparse
import gc
import socket

import orjson
import uvicorn
import uvloop
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.twins import add_comment, comments_page, create_post, home_feed, like, profile_page, users_page
from bench.twins.house import Answer, House
from core.settings import Settings
from services.backend import Backend

TWINS: dict[str, Answer] = {
    "home_feed": home_feed.answer,
    "users_page": users_page.answer,
    "profile_page": profile_page.answer,
    "comments_page": comments_page.answer,
    "like": like.answer,
    "add_comment": add_comment.answer,
    "create_post": create_post.answer,
}


def route(house: House, name: str, answer: Answer) -> Route:
    async def respond(request: Request) -> Response:
        sent = orjson.loads(await request.body())
        caller = await house.caller(request)
        if caller is None:
            return Response(status_code=401)
        data = await answer(house, caller, sent)
        return Response(orjson.dumps({"data": data}), media_type="application/json")

    return Route(f"/{name}", respond, methods=["POST"])


async def nothing(request: Request) -> Response:
    """A bare JSON route, beside which an operation that does nothing is measured."""
    orjson.loads(await request.body())
    return Response(orjson.dumps({"data": {"__typename": "Query"}}), media_type="application/json")


async def serve(listening: socket.socket, settings: Settings) -> None:
    house = House(settings, await Backend.open(settings), Redis.from_url(settings.redis_url))
    routes = [route(house, name, answer) for name, answer in TWINS.items()]
    app = Starlette(routes=[*routes, Route("/nothing", nothing, methods=["POST"])])
    config = uvicorn.Config(app, http="httptools", ws="none", log_config=None, access_log=False, server_header=False)
    await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="Descriptor of a listening socket.")
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    uvloop.run(serve(socket.socket(fileno=parser.parse_args().fd), Settings()))
