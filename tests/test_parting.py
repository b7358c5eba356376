"""An account goes private, and one person blocks another, while pages are open, cursors in hand, URLs of pictures given
out, and a subscription running: what each shows, and after how long nothing."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from core import clock
from core.embedded.stack import Stack
from models.global_ids import NodeKind, encode
from services.backend import Backend
from services.likes import like
from tests.api import Api, Subscriber, subscriber
from tests.factories import Person, make_user
from tests.posting import links, make_comment, make_follow, make_post
from tests.routes.test_dead_urls import stored_post
from tests.workers.town import Fleet, clear_outbox

POSTS = 30
WALKS_BEHIND = 5
Json = dict[str, Any]
Road = Callable[[], Awaitable[bool]]
"""Whether something of the author is still shown."""


@pytest.fixture(scope="module")
async def workers(stack: Stack, backend: Backend) -> AsyncIterator[None]:
    await backend.storage.ensure_bucket()
    await clear_outbox(backend)
    fleet = Fleet(stack)
    await fleet.start_relay()
    for family in ("fast", "fanout"):
        await fleet.start(f"worker-{family}", "workers.run", family)
    yield
    await stack.supervisor.stop(["relay", "worker-fast", "worker-fanout"])


@dataclass(slots=True)
class Meeting:
    """An author with posts, someone who reads them page by page, and someone else under whose post both have said
    something."""

    api: Api
    backend: Backend
    author: Person
    reader: Person
    third: Person
    post_id: int = 0
    comment_id: int = 0
    third_post_id: int = 0
    cursors: dict[str, str] = field(default_factory=dict)
    url: str = ""

    async def ask(self, query: str, **variables: Any) -> Json:
        return await self.api.data(query, variables, token=self.reader.access_token)

    async def open_pages(self) -> None:
        """The first page of everything, with the cursor at which the next one begins."""
        for name in ("posts", "followers", "feed", "comments", "on_third", "likers"):
            assert await self.page(name), name
            self.cursors[name] = (await self.connection(name, None))["pageInfo"]["endCursor"]
        media = "query ($id: ID!) { node(id: $id) { ... on Post { media { ... on Image { variants { url } } } } } }"
        found = await self.ask(media, id=encode(NodeKind.POST, self.post_id))
        self.url = found["node"]["media"][0]["variants"][0]["url"]
        assert await self.sees_picture()

    async def connection(self, name: str, after: str | None) -> Json:
        page = "nodes { id } pageInfo { endCursor }"
        ids = {
            "posts": encode(NodeKind.USER, self.author.id),
            "followers": encode(NodeKind.USER, self.author.id),
            "comments": encode(NodeKind.POST, self.post_id),
            "likers": encode(NodeKind.POST, self.post_id),
            "on_third": encode(NodeKind.POST, self.third_post_id),
        }
        of_node = {
            "posts": f"... on User {{ page: posts(first: 5, after: $after) {{ {page} }} }}",
            "followers": f"... on User {{ page: followers(first: 1, after: $after) {{ {page} }} }}",
            "comments": f"... on Post {{ page: comments(first: 1, after: $after) {{ {page} }} }}",
            "likers": f"... on Post {{ page: likers(first: 1, after: $after) {{ {page} }} }}",
            "on_third": "... on Post { page: comments(first: 5, after: $after) { nodes { id author { id } }"
            " pageInfo { endCursor } } }",
        }
        if name == "feed":
            feed = "nodes { ... on Post { id author { id } } } pageInfo { endCursor }"
            query = f"query ($after: String) {{ viewer {{ page: homeFeed(first: 5, after: $after) {{ {feed} }} }} }}"
            return dict((await self.ask(query, after=after))["viewer"]["page"])
        query = f"query ($id: ID!, $after: String) {{ node(id: $id) {{ {of_node[name]} }} }}"
        node = (await self.ask(query, id=ids[name], after=after))["node"]
        return dict(node["page"]) if node else {"nodes": [], "pageInfo": {}}

    async def page(self, name: str, after: str | None = None) -> bool:
        """Whether anything of the author stands on it."""
        nodes = (await self.connection(name, after))["nodes"]
        if name in ("feed", "on_third"):
            return any(node["author"]["id"] == encode(NodeKind.USER, self.author.id) for node in nodes)
        return bool(nodes)

    async def sees_picture(self) -> bool:
        return (await self.api.client.get(self.url)).status_code == 200

    async def node(self, kind: NodeKind, number: int) -> bool:
        return bool((await self.ask("query ($id: ID!) { node(id: $id) { id } }", id=encode(kind, number)))["node"])

    async def by_name(self) -> bool:
        query = "query ($name: String!) { user(username: $name) { id } }"
        return bool((await self.ask(query, name=self.author.username))["user"])

    def roads(self) -> dict[str, Road]:
        """Every page anew and from where it was left, and everything by its id."""
        found: dict[str, Road] = {
            "Query.node of the post": lambda: self.node(NodeKind.POST, self.post_id),
            "Query.node of a comment on it": lambda: self.node(NodeKind.COMMENT, self.comment_id),
            "Query.node of the author": lambda: self.node(NodeKind.USER, self.author.id),
            "Query.user": self.by_name,
            "the URL of a picture": self.sees_picture,
        }
        for name, cursor in self.cursors.items():
            found[f"{name}, anew"] = lambda name=name: self.page(name)  # type: ignore[misc]
            found[f"{name}, next page"] = lambda name=name, cursor=cursor: self.page(name, cursor)  # type: ignore[misc]
        return found


@pytest.fixture
async def meeting(api: Api, backend: Backend, workers: None) -> Meeting:
    author, reader, third = [await make_user(backend) for _ in range(3)]
    made = Meeting(api, backend, author, reader, third)
    for follower in (third, *[await make_user(backend) for _ in range(2)]):
        await make_follow(backend, follower, author)
    for _ in range(POSTS - 1):
        await make_post(backend, author)
    made.post_id = await stored_post(backend, author)
    made.third_post_id = await make_post(backend, third)
    made.comment_id = await make_comment(backend, third, made.post_id)
    for number in range(3):
        await make_comment(backend, author, made.post_id, f"Number {number} of mine")
        await make_comment(backend, author, made.third_post_id, f"Number {number} of mine here")
    for person in (author, third):
        await like(backend, links(backend), person.id, NodeKind.POST, made.post_id)
    await make_follow(backend, reader, author)
    return made


async def last_shown(roads: dict[str, Road], work: Awaitable[Any]) -> dict[str, float]:
    """Walks all roads over and over while the work is done, which begins when each was walked once, and a few times
    afterwards: for each road, how long behind the answer to the work the last request that was still shown something
    had begun (negative: before it)."""
    ended = asyncio.get_running_loop().create_future()
    walked = dict.fromkeys(roads, 0)
    shown: dict[str, float] = {}

    async def walk(name: str, road: Road) -> None:
        behind = 0
        while behind < WALKS_BEHIND:
            behind += ended.done()
            began = clock.monotonic()
            if await road():
                shown[name] = began
            walked[name] += 1

    walking = [asyncio.create_task(walk(name, road)) for name, road in roads.items()]
    async with asyncio.timeout(30):
        while not all(walked.values()):
            await asyncio.sleep(0.05)
    await work
    answered = clock.monotonic()
    ended.set_result(None)
    await asyncio.gather(*walking)
    return {name: began - answered for name, began in shown.items()}


def report(what: str, shown: dict[str, float]) -> None:
    sys.stderr.write(f"\n{what}\n" + "".join(f"  {seconds:+.3f} s  {name}\n" for name, seconds in shown.items()))


async def change(meeting: Meeting, mutation: str) -> None:
    answer = await meeting.api.data(f"mutation {{ {mutation} }}", token=meeting.author.access_token)
    [payload] = answer.values()
    assert payload["userErrors"] == []


@pytest.mark.timeout(120)
async def test_going_private(meeting: Meeting) -> None:
    """The reader does not follow: then the account and its people are still known by name, and nothing else is."""
    unfollow = "mutation ($id: ID!) { unfollow(input: {userId: $id}) { userErrors { code } } }"
    await meeting.open_pages()
    await meeting.api.data(unfollow, {"id": meeting.author.global_id}, token=meeting.reader.access_token)
    roads = meeting.roads()
    still = {"Query.node of the author", "Query.user", "on_third, anew"}
    for name in ("feed, anew", "feed, next page", "on_third, next page"):
        del roads[name]  # of an account that is not followed nothing stands there
    going = change(meeting, "updateProfile(input: {isPrivate: true}) { userErrors { code } }")
    shown = await last_shown(roads, going)
    report("Going private: the last request that was shown something, beside the answer", shown)
    assert {name for name, began in shown.items() if began > 0} == still
    assert roads.keys() - still <= shown.keys(), "a road by which nothing was ever shown proves nothing"


@pytest.mark.timeout(120)
async def test_blocking(meeting: Meeting, socket_url: str) -> None:
    """Nothing of the author is left but what everybody may fetch by a URL that was given out: a public picture."""
    await meeting.open_pages()
    roads = meeting.roads()
    async with subscriber(socket_url, meeting.reader.access_token) as client:
        await client.subscribe("subscription { notifications { notification { text actors { id } } } }")
        await told(meeting, client, "before")
        blocking = change(
            meeting, f'block(input: {{userId: "{meeting.reader.global_id}"}}) {{ userErrors {{ code }} }}'
        )
        shown = await last_shown(roads, blocking)
        report("Blocking: the last request that was shown something, beside the answer", shown)
        assert {name for name, began in shown.items() if began > 0} == {"the URL of a picture"}
        assert roads.keys() - {"on_third, next page"} <= shown.keys()
        await told(meeting, client, "after", by_author=False)


async def told(meeting: Meeting, client: Subscriber, when: str, *, by_author: bool = True) -> None:
    """Somebody likes something of the reader's: the subscription tells of them, and of nobody else."""
    post_id = await make_post(meeting.backend, meeting.reader, caption=when)
    fan = meeting.author if by_author else meeting.third
    await like(meeting.backend, links(meeting.backend), fan.id, NodeKind.POST, post_id)
    while not (actors := (await client.event(20))["notifications"]["notification"]["actors"]):
        pass  # a welcome
    assert [actor["id"] for actor in actors] == [fan.global_id]
    await client.nothing(0.5)
