"""Walks the roads as somebody, and says what should not have been seen there."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from models.global_ids import encode_shortcode
from services.notifications.cursors import cursor_of, sequence_of
from services.streams import Stream, cursor_in
from tests.api import Api, subscriber
from tests.sweep.cast import KINDS, ROLES, Cast, Thing
from tests.sweep.roads import PAGE, Road, Roads, ids_in, types_in
from tests.sweep.world import World

AT_ONCE = {"User": 2, "Post": 4, "Hashtag": 10, "Place": 10}
"""Of which one has many roads; else more. The limit on what an operation costs."""
NODE_FIELDS = 50
TO_THE_END = ("activityFeed",)
"""Lists of the viewer's that hold more than a page and are walked to their end: what is hidden may stand anywhere."""
SEES_BLOCKED = {("Viewer", "blockedUsers")}
"""The one list that shows whom the viewer blocks."""


@dataclass(slots=True)
class Findings:
    """`walked`: (type, road, viewer) that was gone. `shown`: roads by which somebody saw something, with whom.
    `types`: what of unions and interfaces came, by its name."""

    leaks: list[str] = field(default_factory=list)
    walked: set[tuple[str, str, str]] = field(default_factory=set)
    shown: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    types: set[str] = field(default_factory=set)


class Leaked(Exception):
    """The first leak, where one is enough."""


class Sweep:
    def __init__(self, world: World, roads: Roads, api: Api, socket_url: str, *, stop_at_first: bool = False) -> None:
        self.cast: Cast = world.cast
        self.roads = roads
        self.api = api
        self.socket_url = socket_url
        self.stop_at_first = stop_at_first
        self.findings = Findings()
        self.by_id = {(thing.type, thing.id): thing for thing in self.cast.things}
        self.markers = [thing for thing in self.cast.things if thing.marker]
        self.hidden_markers = {
            viewer: [(one.marker, one) for one in self.markers if not self._is_marked_by_another(viewer, one)]
            for viewer in ROLES
        }

    def _is_marked_by_another(self, viewer: str, thing: Thing) -> bool:
        """Whether the viewer may see a thing with this marker."""
        return any(self.cast.may_see(viewer, one) for one in self.markers if one.marker == thing.marker)

    def token(self, viewer: str) -> str | None:
        return None if viewer == "anonymous" else self.cast.souls[viewer].person.access_token

    async def everything(self) -> Findings:
        for viewer in ROLES:
            await self.roots(viewer)
            for type_name in self.roads.node_types:
                await self.from_things(viewer, type_name)
            await self.one_by_one(viewer)
            await self.subscriptions(viewer)
        return self.findings

    async def ask(self, viewer: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The data; empty where the token is not good."""
        answer = await self.api(query, variables, token=self.token(viewer))
        for error in answer.get("errors", ()):
            code = error["extensions"]["code"]
            assert code == "UNAUTHENTICATED", (viewer, query, error)
        data: dict[str, Any] = answer.get("data") or {}
        return data

    async def from_things(self, viewer: str, type_name: str) -> None:
        """`nodes` of all things of a type, and every road that begins at them."""
        roads = self.roads.of(type_name)
        behind = " ".join(road.selection for road in roads)
        query = (
            "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename"
            f" ... on {type_name} {{ {self.roads.plain_fields(type_name)} {behind} }} }} }}"
        )
        things = self.cast.of_type(type_name)
        at_once = AT_ONCE.get(type_name, 25)
        for begin in range(0, len(things), at_once):
            chunk = things[begin : begin + at_once]
            found = (await self.ask(viewer, query, {"ids": [thing.id for thing in chunk]})).get("nodes")
            for thing, one in zip(chunk, found or [None] * len(chunk), strict=True):
                plain = None if one is None else {key: value for key, value in one.items() if not is_composite(value)}
                self.look(viewer, "Query.nodes", plain)
                if one is None and self.cast.may_see(viewer, thing):
                    self.findings.missing.append(f"{viewer} does not find {thing.name}")
                for road in roads:
                    self.behind(viewer, thing, road, (one or {}).get(road.key))
        self.walked(type_name, "Query.nodes", viewer)

    async def one_by_one(self, viewer: str) -> None:
        """`node` of everything."""
        things = self.cast.things
        for begin in range(0, len(things), NODE_FIELDS):
            chunk = things[begin : begin + NODE_FIELDS]
            fields = " ".join(
                f'n{number}: node(id: "{thing.id}") {{ __typename id }}' for number, thing in enumerate(chunk)
            )
            self.look(viewer, "Query.node", await self.ask(viewer, f"{{ {fields} }}"))
        for name in self.roads.node_types:
            self.walked(name, "Query.node", viewer)

    def behind(self, viewer: str, thing: Thing, road: Road, answer: Any) -> None:
        self.look(viewer, road.name, answer)
        self.walked(thing.type, road.name, viewer)
        if not self.cast.may_walk(viewer, thing, road.field) and list(ids_in(answer)):
            self.leak(f"{viewer} comes from {thing.name} by {road.name} to {list(ids_in(answer))[:2]}")

    async def roots(self, viewer: str) -> None:
        """Every field of Query: what needs arguments by those of the cast, and all that hangs on the viewer."""
        for name in self.roads.with_arguments("Query"):
            if name in ("node", "nodes"):
                continue
            arguments = ROOT_ARGUMENTS[name]
            selection = self.roads.selection_of(arguments.type)
            asked = [arguments.value_of(self.cast, thing) for thing in self.cast.of_type(arguments.type)]
            for begin in range(0, len(asked), NODE_FIELDS):
                fields = " ".join(
                    f'q{number}: {name}({arguments.name}: "{value}") {{ {selection} }}'
                    for number, value in enumerate(asked[begin : begin + NODE_FIELDS])
                )
                self.look(viewer, f"Query.{name}", await self.ask(viewer, f"{{ {fields} }}"))
            self.walked(arguments.type, f"Query.{name}", viewer)
        own = " ".join(road.selection for road in self.roads.of("Viewer"))
        found = (await self.ask(viewer, f"{{ viewer {{ {own} }} }}")).get("viewer") or {}
        for road in self.roads.of("Viewer"):
            shows = (road.begin, road.field) in SEES_BLOCKED
            self.look(viewer, road.name, found.get(road.key), sees_blocked=shows)
            self.walked("Viewer", road.name, viewer)
            if road.field in TO_THE_END:
                await self.to_the_end(viewer, road)

    async def to_the_end(self, viewer: str, road: Road) -> int:
        """How many pages a list of the viewer's has."""
        arguments, pages = "first: 20", 0
        while True:
            selection = road.selection.replace(f"first: {PAGE}", arguments, 1)
            found = (await self.ask(viewer, f"{{ viewer {{ {selection} }} }}")).get("viewer") or {}
            self.look(viewer, road.name, found)
            pages += 1
            page_info = found[road.key]["pageInfo"] if found else {"hasNextPage": False}
            if not page_info["hasNextPage"]:
                return pages
            arguments = f'first: 20 after: "{page_info["endCursor"]}"'

    async def subscriptions(self, viewer: str) -> None:
        for name in self.roads.of_subscriptions():
            async for event in SUBSCRIPTIONS[name](self, viewer):
                self.look(viewer, f"Subscription.{name}", event)
            self.walked("Subscription", f"Subscription.{name}", viewer)

    def walked(self, type_name: str, road: str, viewer: str) -> None:
        self.findings.walked.add((type_name, road, viewer))

    def look(self, viewer: str, road: str, answer: Any, *, sees_blocked: bool = False) -> None:
        """Holds what came against the model: ids, and markers that stand in any text."""
        self.findings.types.update(types_in(answer))
        for type_name, number in ids_in(answer):
            thing = self.by_id.get((type_name, number))
            if thing is None:
                self.leak(f"{viewer} comes by {road} to a {type_name} that the cast does not know")
            elif self.cast.may_see(viewer, thing) or (sees_blocked and self._blocks(viewer, thing)):
                self.findings.shown[road] += 1
            else:
                self.leak(f"{viewer} comes by {road} to {thing.name}")
        if answer and not sees_blocked:
            text = orjson.dumps(answer).decode()
            for marker, thing in self.hidden_markers[viewer]:
                if marker in text:
                    self.leak(f"{viewer} reads by {road} what {thing.name} says")

    def _blocks(self, viewer: str, thing: Thing) -> bool:
        return (viewer, thing.owner) in self.cast.blocks and self.cast.souls[thing.owner].state == "ACTIVE"

    def leak(self, what: str) -> None:
        self.findings.leaks.append(what)
        if self.stop_at_first:
            raise Leaked(what)


def is_composite(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


@dataclass(frozen=True, slots=True)
class RootArgument:
    type: str
    name: str
    value_of: Callable[[Cast, Thing], str]


ROOT_ARGUMENTS = {
    "user": RootArgument("User", "username", lambda cast, thing: cast.souls[thing.owner].person.username),
    "post": RootArgument("Post", "shortcode", lambda _cast, thing: encode_shortcode(thing.number)),
    "hashtag": RootArgument("Hashtag", "name", lambda _cast, thing: thing.marker),
}
"""What a field of Query is given, for each thing of a type."""


async def _notifications(sweep: Sweep, viewer: str) -> AsyncIterator[dict[str, Any]]:
    """From the beginning: all that there ever was, as it comes to somebody who was away."""
    if not sweep.cast.speaks(viewer) or viewer == "anonymous":
        return
    selection = sweep.roads.selection_of("NotificationEvent")
    behind = " ".join(road.selection for road in sweep.roads.of("Notification"))
    query = f"subscription ($after: String) {{ notifications(after: $after) {{ {selection}"
    query += f" notification {{ {sweep.roads.plain_fields('Notification')} __typename {behind} }} }} }}"
    newest = "{ viewer { notifications(first: 1) { edges { cursor } } } }"
    first = await sweep.api.data(newest, token=sweep.token(viewer))
    cursor = first["viewer"]["notifications"]["edges"][0]["cursor"]
    number = sweep.cast.souls[viewer].person.id
    beginning = cursor_of(number, 0)
    last = sequence_of(number, cursor)
    async with subscriber(sweep.socket_url, sweep.token(viewer)) as client:
        await client.subscribe(query, {"after": beginning})
        while True:
            event = await client.event()
            yield event
            if sequence_of(number, event["notifications"]["cursor"]) >= last:
                return


async def _home_feed(sweep: Sweep, viewer: str) -> AsyncIterator[dict[str, Any]]:
    """From the beginning of time, to the last one that is in the feed."""
    if not sweep.cast.speaks(viewer) or viewer == "anonymous":
        return
    query = "subscription ($after: String) { homeFeed(after: $after) { cursor newPostCount post { "
    query += f"{sweep.roads.selection_of('Post')} }} }} }}"
    number = sweep.cast.souls[viewer].person.id
    feed = "{ viewer { homeFeed(first: 100, order: CHRONOLOGICAL) { nodes { ... on Post { id } } } } }"
    seen = await sweep.api.data(feed, token=sweep.token(viewer))
    awaited = {node["id"] for node in seen["viewer"]["homeFeed"]["nodes"]}
    async with subscriber(sweep.socket_url, sweep.token(viewer)) as client:
        await client.subscribe(query, {"after": cursor_in(Stream.HOME_FEED, number, 0)})
        while awaited:
            event = await client.event()
            yield event
            awaited.discard(event["homeFeed"]["post"]["id"])


async def _upload(sweep: Sweep, viewer: str) -> AsyncIterator[dict[str, Any]]:
    query = f"subscription ($id: ID!) {{ upload(id: $id) {{ {sweep.roads.selection_of('Upload')} }} }}"
    for thing in sweep.cast.of_type("Upload"):
        if thing.owner not in (viewer, "private"):
            continue
        if not sweep.cast.speaks(viewer):
            return
        async with subscriber(sweep.socket_url, sweep.token(viewer)) as client:
            await client.subscribe(query, {"id": thing.id})
            message = await client.next()
            if message["type"] == "next" and message["payload"].get("data"):
                yield message["payload"]["data"]


SUBSCRIPTIONS: dict[str, Callable[[Sweep, str], AsyncIterator[dict[str, Any]]]] = {
    "homeFeed": _home_feed,
    "notifications": _notifications,
    "upload": _upload,
}


def what_is_unknown(roads: Roads, cast: Cast) -> list[str]:
    """Everything that the schema has and the sweep has nothing for."""
    unknown = [name for name in roads.node_types if name not in KINDS or not cast.of_type(name)]
    known = (*ROOT_ARGUMENTS, "node", "nodes")
    unknown += [f"Query.{name}" for name in roads.with_arguments("Query") if name not in known]
    unknown += [f"Subscription.{name}" for name in roads.of_subscriptions() if name not in SUBSCRIPTIONS]
    for name in roads.node_types:
        unknown += [f"{name}.{field}" for field in roads.with_arguments(name) if field != "url"]
    return unknown
