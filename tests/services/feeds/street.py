"""A random street: people who follow, block, mute, post, like and comment, as rows, and beside them what an activity
feed of theirs must be, by plain rules over plain objects that know nothing of the code under test."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from core import clock
from models.ids import SHARD_SHIFT, TIME_SHIFT, shard_of
from models.tables import (
    Base,
    Block,
    Comment,
    CommentMade,
    Follow,
    Following,
    Like,
    LikeGiven,
    Mute,
    Post,
    User,
)
from services.backend import Backend

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NAMES = {"username": "", "name": "", "name_version": 1, "search": ""}
ORDER = {"POSTED": 1, "LIKED": 2, "COMMENTED": 3, "FOLLOWED": 4}

Item = tuple[int, str, int, int]
"""Microseconds since 1970, the verb, the subject, the actor."""


@dataclass(slots=True)
class Person:
    id: int
    is_private: bool = False
    state: str = "ACTIVE"


@dataclass(slots=True)
class Edge:
    """A like or a follow: its truth, and what the mirror says of it."""

    actor: int
    subject: int
    stands: bool
    moment: int
    withheld: int = 0
    mirror_stands: bool = True
    mirror_moment: int = 0
    mirror_withheld: int = 0


@dataclass(slots=True)
class Entry:
    """A post. `moment` is that of the id."""

    id: int
    author: int
    state: str


@dataclass(slots=True)
class Saying:
    """A comment."""

    id: int
    author: int
    post: int
    parent: int | None
    is_live: bool
    withheld: int
    mirror_is_live: bool


@dataclass
class Street:
    backend: Backend
    chance: random.Random
    now_ms: int = field(default_factory=clock.now_ms)
    people: dict[int, Person] = field(default_factory=dict)
    posts: dict[int, Entry] = field(default_factory=dict)
    comments: dict[int, Saying] = field(default_factory=dict)
    likes: list[Edge] = field(default_factory=list)
    follows: dict[tuple[int, int], Edge] = field(default_factory=dict)
    blocks: set[tuple[int, int]] = field(default_factory=set)
    mutes: set[tuple[int, int]] = field(default_factory=set)
    pending: set[tuple[int, int]] = field(default_factory=set)
    posts_of_all: int = 1000

    # Making it.

    def new_id(self, shard: int, milliseconds: int) -> int:
        since = milliseconds - clock.EPOCH_MS
        return since << TIME_SHIFT | shard << SHARD_SHIFT | self.chance.randrange(1024)

    def moment(self) -> int:
        """In the last 40 days, of few days the very same, in milliseconds; none that becomes too old meanwhile."""
        chance = self.chance
        age = chance.randrange(1000, 40 * DAY_MS)
        if chance.random() < 0.2:
            age = chance.randrange(1, 40) * DAY_MS
        return self.now_ms - age - (2 * HOUR_MS if 0 <= 30 * DAY_MS - age <= HOUR_MS else 0)

    def settle(self, count: int) -> None:
        chance, shards = self.chance, self.backend.shards
        homes = [shard for node in (0, 1) for shard in shards.shards_on(node)[:2]]
        for number in range(count):
            made = self.new_id(homes[number % 4], self.now_ms - chance.randrange(50 * DAY_MS, 300 * DAY_MS))
            state = chance.choices(["ACTIVE", "SUSPENDED", "DELETED"], [90, 6, 4])[0]
            self.people[made] = Person(made, chance.random() < 0.3, state)
        ids = list(self.people)
        for one in ids:
            for other in ids:
                if one != other:
                    self._tie(one, other)
        for one in ids:  # whom each does not follow any more, and the own shard has not heard of it
            edges = [edge for (follower, _), edge in self.follows.items() if follower == one]
            for edge in edges[:2]:
                edge.stands, edge.mirror_stands = False, True
        for number, author in enumerate(ids):
            for _ in range(30 if number % 10 == 0 else chance.randrange(6)):
                post = self.new_id(shard_of(author), self.moment())
                self.posts[post] = Entry(post, author, chance.choices(["LIVE", "ARCHIVED", "DELETED"], [85, 10, 5])[0])
        for post in list(self.posts):
            self._happens_on(post, ids)

    def _tie(self, one: int, other: int) -> None:
        chance = self.chance
        if chance.random() < 0.3:
            self.follows[one, other] = self._edge(one, other)
            if chance.random() < 0.1:
                self.pending.add((one, other))
        if chance.random() < 0.03:
            self.blocks.add((one, other))
        if chance.random() < 0.05:
            self.mutes.add((one, other))

    def _edge(self, actor: int, subject: int) -> Edge:
        chance = self.chance
        moment = self.moment() * 1000 + (chance.randrange(1000) if chance.random() < 0.2 else 0)
        edge = Edge(actor, subject, chance.random() < 0.9, moment)
        edge.withheld = chance.choices([0, 1, 2], [92, 4, 4])[0]
        edge.mirror_stands, edge.mirror_moment = edge.stands, edge.moment
        if chance.random() < 0.1:  # the mirror has not heard of the last change
            edge.mirror_stands = chance.random() < 0.7
            edge.mirror_moment = moment - chance.randrange(2) * 5_000_000
        edge.mirror_withheld = chance.choices([0, 2], [95, 5])[0]
        return edge

    def _happens_on(self, post: int, ids: list[int]) -> None:
        chance = self.chance
        self.likes += [self._edge(one, post) for one in ids if chance.random() < 0.12]
        said: list[int] = []
        for one in ids:
            if chance.random() < 0.06:
                number = self.new_id(shard_of(post), self.moment())
                parent = chance.choice(said) if said and chance.random() < 0.4 else None
                live, hidden = chance.random() < 0.88, chance.choices([0, 1, 2], [92, 4, 4])[0]
                mirror = live if chance.random() < 0.93 else not live
                self.comments[number] = Saying(number, one, post, parent, live, hidden, mirror)
                if parent is None:
                    said.append(number)

    def rows(self) -> Iterable[tuple[type[Base], int, dict[str, Any]]]:
        """Each with its table and the id whose shard it is on."""
        for one in self.people.values():
            yield (
                User,
                one.id,
                {"username": f"u{one.id}", "is_private": one.is_private, "state": one.state} | {"id": one.id},
            )
        for post in self.posts.values():
            columns = {"id": post.id, "author_id": post.author, "kind": "PHOTO", "media": [], "state": post.state}
            yield Post, post.id, columns
        for like in self.likes:
            truth = {"subject_id": like.subject, "user_id": like.actor}
            yield Like, like.subject, truth | _edge(like.stands, "LIKED", like.moment) | {"withheld": like.withheld}
            yield LikeGiven, like.actor, truth | _edge(like.mirror_stands, "LIKED", like.mirror_moment)
        for pair, follow in self.follows.items():
            key = {"follower_id": follow.actor, "followed_id": follow.subject}
            word = "PENDING" if pair in self.pending else "ACCEPTED"
            truth = _edge(follow.stands, word, follow.moment) | {"withheld": follow.withheld}
            yield Follow, follow.subject, key | truth | {f"follower_{name}": one for name, one in NAMES.items()}
            mirror = _edge(follow.mirror_stands, word, follow.mirror_moment) | {"withheld": follow.mirror_withheld}
            yield Following, follow.actor, key | mirror | {f"followed_{name}": one for name, one in NAMES.items()}
        for blocker, blocked in self.blocks:
            columns = {"blocker_id": blocker, "blocked_id": blocked}
            yield Block, blocker, columns | _edge(True, "BLOCKED", 0)
        for muter, muted in self.mutes:
            yield Mute, muter, {"muter_id": muter, "muted_id": muted} | _edge(True, "MUTED", 0)
        for said in self.comments.values():
            columns = {"id": said.id, "post_id": said.post, "author_id": said.author, "parent_id": said.parent}
            columns |= {"text": "Well", "state": "LIVE" if said.is_live else "DELETED", "withheld": said.withheld}
            yield Comment, said.id, columns
            columns = {"user_id": said.author, "comment_id": said.id, "version": 1, "since": _at(moment_of(said.id))}
            yield CommentMade, said.author, columns | {"state": "LIVE" if said.mirror_is_live else "DELETED"}

    async def store(self) -> None:
        grouped: dict[tuple[int, type[Base]], list[dict[str, Any]]] = defaultdict(list)
        for table, where, columns in self.rows():
            grouped[shard_of(where), table].append(columns)
        for (shard, table), made in grouped.items():
            async with self.backend.transaction(shard) as transaction:
                await transaction.session.execute(insert(table), made)

    # What must be seen.

    def feed(self, viewer: int) -> list[Item]:
        """The latest first."""
        since = (self.now_ms - 30 * DAY_MS) * 1000
        watched = self._watched(viewer, since)
        items = {*self._posted(viewer), *self._liked(viewer, watched), *self._said(viewer, watched)}
        shown = [one for one in items | {*self._followed(viewer)} if one[0] >= since]
        shown = [one for one in shown if self._is_somebody(viewer, one[3])]
        return sorted(shown, key=lambda one: (one[0], ORDER[one[1]], one[2], one[3]), reverse=True)

    def _posted(self, viewer: int) -> Iterator[Item]:
        for post in self.posts.values():
            if self._asked(viewer, post.author) and self._follows(viewer, post.author) and self._may(viewer, post):
                yield moment_of(post.id), "POSTED", post.id, post.author

    def _liked(self, viewer: int, watched: set[int]) -> Iterator[Item]:
        for like in self.likes:
            mirrored = like.mirror_stands and like.mirror_moment == like.moment and self._asked(viewer, like.actor)
            found = like.stands and not like.withheld and (mirrored or like.subject in watched)
            if found and self._is_news(viewer, like.actor, self.posts[like.subject]):
                yield like.moment, "LIKED", like.subject, like.actor

    def _said(self, viewer: int, watched: set[int]) -> Iterator[Item]:
        for said in self.comments.values():
            mirrored = said.mirror_is_live and self._asked(viewer, said.author)
            found = (mirrored or said.post in watched) and self._reads(viewer, said)
            if found and self._is_news(viewer, said.author, self.posts[said.post]):
                yield moment_of(said.id), "COMMENTED", said.id, said.author

    def _followed(self, viewer: int) -> Iterator[Item]:
        for follow in self.follows.values():
            mirrored = follow.mirror_stands and not follow.mirror_withheld and follow.mirror_moment == follow.moment
            stands = mirrored and self._stands(follow) and not follow.withheld
            asked = self._asked(viewer, follow.actor) and self._follows(viewer, follow.actor)
            if stands and asked and self._sees(viewer, follow.subject) and (viewer, follow.subject) not in self.mutes:
                yield follow.moment, "FOLLOWED", follow.subject, follow.actor

    def _watched(self, viewer: int, since: int) -> set[int]:
        """The posts on which it is looked what happened."""
        newest: list[int] = []
        for author in self.people:
            if self._asked(viewer, author):
                live = [p.id for p in self.posts.values() if p.author == author and p.state == "LIVE"]
                newest += sorted((p for p in live if moment_of(p) >= since), reverse=True)[:20]
        return set(sorted(newest, reverse=True)[: self.posts_of_all])

    def _stands(self, follow: Edge) -> bool:
        return follow.stands and (follow.actor, follow.subject) not in self.pending

    def _asked(self, viewer: int, other: int) -> bool:
        """Whether the viewer's own shard says that the viewer follows the other."""
        edge = self.follows.get((viewer, other))
        is_pending = (viewer, other) in self.pending
        return edge is not None and edge.mirror_stands and not is_pending and (viewer, other) not in self.mutes

    def _follows(self, viewer: int, other: int) -> bool:
        edge = self.follows.get((viewer, other))
        return edge is not None and self._stands(edge)

    def _sees(self, viewer: int, other: int) -> bool:
        parted = {(viewer, other), (other, viewer)} & self.blocks
        return self.people[other].state == "ACTIVE" and not parted

    def _is_somebody(self, viewer: int, actor: int) -> bool:
        return actor != viewer and self._sees(viewer, actor) and (viewer, actor) not in self.mutes

    def _may(self, viewer: int, post: Entry) -> bool:
        open_to = viewer == post.author or not self.people[post.author].is_private or self._follows(viewer, post.author)
        return post.state == "LIVE" and open_to and self._sees(viewer, post.author)

    def _is_news(self, viewer: int, actor: int, post: Entry) -> bool:
        concerns = self._follows(viewer, actor) or self._follows(viewer, post.author)
        return concerns and self._may(viewer, post) and (viewer, post.author) not in self.mutes

    def _reads(self, viewer: int, said: Saying) -> bool:
        above = self.comments[said.parent] if said.parent else None
        if not said.is_live or said.withheld:
            return False
        if above is None:
            return True
        parted = {(viewer, above.author), (above.author, viewer)} & self.blocks
        is_gone = self.people[above.author].state == "DELETED" and not parted
        return above.is_live and not above.withheld and (is_gone or self._sees(viewer, above.author))


def moment_of(number: int) -> int:
    return ((number >> TIME_SHIFT) + clock.EPOCH_MS) * 1000


def _at(microseconds: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)


def _edge(stands: bool, word: str, moment: int) -> dict[str, Any]:  # noqa: FBT001
    return {"state": word if stands else "GONE", "version": 1, "since": _at(moment)}
