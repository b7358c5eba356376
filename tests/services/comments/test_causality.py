"""Nobody is shown a reply before what it answers, nor told of a like on what they cannot see: on every road, while
comments, replies, likes and deletions come and go."""

import asyncio
import random
from typing import Any

from core.errors import UserFault
from models.global_ids import NodeKind, encode
from services.backend import Backend
from services.comments.delete import delete_comment
from services.likes import like
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import links, make_block, make_comment, make_post
from tests.resolvers.posts import comment_of, post_of

REPLIES = "replies(first: 12) { nodes { id parent { id } viewerHasLiked likeCount } }"
ROADS = f"""
query ($post: ID!, $ids: [ID!]!) {{
    nodes(ids: $ids) {{ id ... on Comment {{ viewerHasLiked likeCount parent {{ id }} {REPLIES} }} }}
    TOP: node(id: $post) {{ ... on Post {{ comments(first: 15, order: TOP) {{ nodes {{ id {REPLIES} }} }} }} }}
    NEWEST: node(id: $post) {{ ... on Post {{ comments(first: 15, order: NEWEST) {{ nodes {{ id {REPLIES} }} }} }} }}
    OLDEST: node(id: $post) {{ ... on Post {{ comments(first: 15, order: OLDEST) {{ nodes {{ id {REPLIES} }} }} }} }}
}}
"""


class Town:
    def __init__(self, backend: Backend, people: list[Person], post_id: int) -> None:
        self.backend = backend
        self.people = people
        self.post_id = post_id
        self.dice = random.Random(17)
        self.parents: dict[int, int | None] = {}
        self.authors: dict[int, Person] = {}
        self.ending: set[int] = set()

    async def stir(self) -> None:
        person = self.dice.choice(self.people)
        some = list(self.parents)
        try:
            match self.dice.choice(["say", "answer", "answer", "answer", "like", "delete"]):
                case "say":
                    await self._say(person, None)
                case "answer" if some:
                    await self._say(person, self.dice.choice(some))
                case "like" if some:
                    subject = (NodeKind.COMMENT, self.dice.choice(some))
                    await like(self.backend, links(self.backend), person.id, *subject)
                case "delete" if some and self.dice.random() < 0.4:
                    comment_id = self.dice.choice(some)
                    author = self.authors[comment_id]
                    self.ending.add(comment_id)
                    await delete_comment(self.backend, links(self.backend), author.id, comment_id)
        except UserFault:  # what it was about is gone
            pass

    async def _say(self, person: Person, answered: int | None) -> None:
        number = await make_comment(self.backend, person, self.post_id, parent_id=answered)
        self.authors[number] = person
        self.parents[number] = answered if answered is None else self.parents[answered] or answered


def check(town: Town, asked: list[str], found: dict[str, Any]) -> int:
    """How many replies were shown, each by a parent that is shown too."""
    shown = 0
    for comment_id, node in zip(asked, found["nodes"], strict=True):
        if node is None:
            continue
        parent = next(town.parents[number] for number in town.parents if comment_of(number) == comment_id)
        # A parent that ends while the answer is made is missing from it; one that begins never is.
        if node["parent"] is not None or parent not in town.ending:
            assert node["parent"] == (None if parent is None else {"id": comment_of(parent)})
        assert node["likeCount"] >= node["viewerHasLiked"]
        shown += parent is not None
    for comment in (
        *(node for node in found["nodes"] if node),
        *(node for order in ("TOP", "NEWEST", "OLDEST") for node in found[order]["comments"]["nodes"]),
    ):
        replies = comment["replies"]["nodes"]
        assert all(reply["parent"] == {"id": comment["id"]} for reply in replies)
        shown += len(replies)
    return shown


async def test_no_reply_before_what_it_answers(api: Api, backend: Backend) -> None:
    people = [await make_user(backend) for _ in range(4)]
    town = Town(backend, people, await make_post(backend, people[0]))
    await town._say(people[1], None)
    done = asyncio.Event()
    shown = 0

    async def watch(viewer: Person) -> None:
        nonlocal shown
        while not done.is_set():
            latest = list(town.parents)[-20:]
            asked = [comment_of(number) for number in latest]
            variables = {"post": post_of(town.post_id), "ids": asked}
            shown += check(town, asked, await api.data(ROADS, variables, token=viewer.access_token))

    watching = [asyncio.create_task(watch(person)) for person in (people[0], people[3])]

    async def busy() -> None:
        for _ in range(40):
            await town.stir()

    try:
        await asyncio.gather(*(busy() for _ in range(3)))
    finally:
        done.set()
        await asyncio.gather(*watching)
    assert shown > 20


async def test_a_reply_whose_parent_may_not_be_seen_is_on_no_road(api: Api, backend: Backend) -> None:
    """Though its own author may: the one who blocks the parent's author sees neither."""
    author, writer, viewer = [await make_user(backend) for _ in range(3)]
    post_id = await make_post(backend, author)
    parent = await make_comment(backend, writer, post_id)
    reply = await make_comment(backend, author, post_id, parent_id=parent)
    await make_block(backend, viewer, writer)
    asked = {"post": post_of(post_id), "ids": [encode(NodeKind.COMMENT, number) for number in (parent, reply)]}
    found = await api.data(ROADS, asked, token=viewer.access_token)
    assert found["nodes"] == [None, None]
    assert [found[order]["comments"]["nodes"] for order in ("TOP", "NEWEST", "OLDEST")] == [[], [], []]
    seen = await api.data(ROADS, asked, token=author.access_token)
    assert [node["id"] for node in seen["nodes"]] == asked["ids"]
