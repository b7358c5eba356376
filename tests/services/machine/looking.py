"""What a viewer is shown, by the services, beside what the model says: the differences in words."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import RequestFault
from models.reads.reader import Reader
from models.tables import Counter
from services import counts
from services.accounts.sessions import authenticate
from services.backend import Backend
from services.comments.pages import CommentOrder, comments_of_posts, replies_of_comments
from services.feeds.home import home_feed
from services.marks import marks_of
from services.pages import Page
from services.posts.pages import archived_posts, posts_of_authors
from services.relationships.pages import (
    OwnList,
    followers_of_users,
    following_of_users,
    likers_of_subjects,
    mutual_followers_of_users,
    own_people,
)
from services.visibility import visible_comments, visible_posts, visible_users
from services.visible import VisibleComment, VisiblePost, VisibleUser
from tests.factories import Person
from tests.posting import links
from tests.services.machine.model import ACCEPTED, ANYBODY, ARCHIVED, GONE, LIVE, PENDING, Pair, World
from tests.services.machine.outbox import Outbox

FOLLOWS = "SELECT follower_id, followed_id, state FROM follows"


@dataclass
class Names:
    """Which number of the model is which id."""

    people: list[Person] = field(default_factory=list)
    ids: dict[int, int] = field(default_factory=dict)
    keys: dict[int, int] = field(default_factory=dict)

    def name(self, key: int, made: int) -> None:
        self.ids[key], self.keys[made] = made, key

    def person(self, number: int) -> int:
        return 0 if number == ANYBODY else self.people[number].id

    def number(self, user_id: int) -> int:
        return next(number for number, person in enumerate(self.people) if person.id == user_id)

    def pair(self, one: int, other: int) -> Pair:
        return self.number(one), self.number(other)


@dataclass(frozen=True, slots=True)
class Late:
    """What may be missing, in numbers of the model."""

    follows: frozenset[Pair] = frozenset()
    posts: dict[int, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, outbox: Outbox, names: Names) -> "Late":
        posts = {names.keys[post_id]: own for post_id, own in outbox.late_posts().items()}
        return cls(frozenset(names.pair(*ids) for ids in outbox.late_follows()), posts)

    def feed(self, world: World, viewer: int, key: int) -> bool:
        author = world.posts[key].author
        if author == viewer:
            return self.posts.get(key, False)
        return key in self.posts or (viewer, author) in self.follows


async def all_follows(backend: Backend, names: Names) -> dict[Pair, str]:
    """As the truth has them."""
    rows = await backend.reader().on_every_node(FOLLOWS)
    return {names.pair(row["follower_id"], row["followed_id"]): row["state"] for row in rows}


_ALL: Any = {"first": 100, "after": None}
Shown = dict[str, Any]
"""What a viewer was shown, in numbers of the model."""


async def look(backend: Backend, names: Names, viewer: int, world: World, *, deep: bool) -> Shown:
    """`world` tells what there is to ask for. `deep`: also the lists."""
    viewer_id, signed, reader = names.person(viewer), links(backend), backend.reader()
    if viewer in world.suspended:
        return {"is signed in": await _is_signed_in(backend, names.people[viewer])}
    await marks_of(reader, viewer_id)
    users, posts, comments = await asyncio.gather(
        visible_users(reader, signed, viewer_id, [person.id for person in names.people]),
        visible_posts(reader, signed, viewer_id, [names.ids[key] for key in world.posts]),
        visible_comments(reader, signed, viewer_id, [names.ids[key] for key in world.comments]),
    )
    shown: Shown = {
        "users": {names.number(one) for one in users},
        "posts": {names.keys[one] for one in posts},
        "comments": {names.keys[one] for one in comments},
        "likes": {names.keys[post.id] for post in posts.values() if post.viewer_has_liked}
        | {names.keys[comment.id] for comment in comments.values() if comment.viewer_has_liked},
        "saves": {names.keys[post.id] for post in posts.values() if post.viewer_has_saved},
    }
    if viewer != ANYBODY:
        ids = await _feed(backend, reader, viewer_id)
        assert ids == sorted(set(ids), reverse=True), f"the feed of {viewer} is out of order or says something twice"
        shown["feed"] = {names.keys[one] for one in ids}
    if deep and viewer != ANYBODY:
        shown |= {"is signed in": await _is_signed_in(backend, names.people[viewer])}
        shown |= await _own_lists(backend, names, viewer)
    if deep:
        shown |= await _lists(backend, names, viewer, list(posts.values()), list(comments.values()))
    return shown


async def _is_signed_in(backend: Backend, person: Person) -> bool:
    try:
        await authenticate(backend.settings, backend.reader(), links(backend), person.access_token)
    except RequestFault:
        return False
    return True


async def _feed(backend: Backend, reader: Reader, viewer_id: int) -> list[int]:
    after: str | None = None
    ids: list[int] = []
    while True:
        page = await home_feed(backend, reader, links(backend), viewer_id, first=30, after=after)
        ids += [post.id for post in page.nodes]
        if not page.page_info.has_next_page:
            return ids
        after = page.page_info.end_cursor


async def _own_lists(backend: Backend, names: Names, viewer: int) -> Shown:
    reader, signed, viewer_id = backend.reader(), links(backend), names.person(viewer)
    shown: Shown = {}
    for which in OwnList:
        page = await own_people(reader, signed, viewer_id, which, first=100, after=None)
        shown[f"own {which.name}"] = {names.number(user.id) for user in page.nodes}
    page_of_posts = await archived_posts(reader, signed, viewer_id, first=100, after=None)
    return shown | {"archived": {names.keys[post.id] for post in page_of_posts.nodes}}


async def _lists(
    backend: Backend, names: Names, viewer: int, posts: Sequence[VisiblePost], comments: Sequence[VisibleComment]
) -> Shown:
    """Of everybody and everything, in batches as a request would."""
    reader, signed, viewer_id = backend.reader(), links(backend), names.person(viewer)
    everybody = [person.id for person in names.people]
    threads = [one for one in comments if one.parent_id is None]
    pages: dict[str, Awaitable[Mapping[int, Page[VisibleUser] | Page[VisiblePost] | Page[VisibleComment]]]] = {
        "followers": followers_of_users(reader, signed, viewer_id, everybody, query=None, **_ALL),
        "following": following_of_users(reader, signed, viewer_id, everybody, query=None, **_ALL),
        "mutual": mutual_followers_of_users(reader, signed, viewer_id, everybody, **_ALL),
        "posts of": posts_of_authors(reader, signed, viewer_id, everybody, kind=None, **_ALL),
        "likers": likers_of_subjects(
            reader, signed, viewer_id, [*(post.id for post in posts), *(comment.id for comment in comments)], **_ALL
        ),
        "threads": comments_of_posts(reader, signed, viewer_id, posts, order=CommentOrder.OLDEST, **_ALL),
        "replies": replies_of_comments(reader, signed, viewer_id, threads, **_ALL),
    }
    known = {person.id: number for number, person in enumerate(names.people)} | names.keys
    answers = await asyncio.gather(*pages.values())
    return {
        what: {(known[owner], known[node.id]) for owner, page in found.items() for node in page.nodes}
        for what, found in zip(pages, answers, strict=True)
    }


def differences(world: World, viewer: int, shown: Shown, late: Late) -> list[str]:
    """Of what was shown and what the model says."""
    found: list[str] = []

    def compare(what: str, must: Iterable[Any], may: Iterable[Any] = ()) -> None:
        if what not in shown:
            return
        missing, leaked = set(must) - shown[what], shown[what] - set(must) - set(may)
        if missing:
            found.append(f"{viewer} is not shown in {what}: {sorted(missing)}")
        if leaked:
            found.append(f"{viewer} is shown in {what}: {sorted(leaked)}")

    if shown.get("is signed in") is (viewer in world.suspended):
        found.append(f"{viewer} is signed in: {shown['is signed in']}")
    if viewer in world.suspended:
        return found
    people = [one for one in world.people if world.sees_user(viewer, one)]
    posts = [key for key in world.posts if world.sees_post(viewer, key)]
    sight = {key: world.sees_comment(viewer, key) for key in world.comments}
    comments = [key for key, seen in sight.items() if seen == {True}]
    maybe = [key for key, seen in sight.items() if len(seen) == 2]
    compare("users", people)
    compare("posts", posts)
    compare("comments", comments, maybe)
    liked = {what for who, what in world.likes if who == viewer}
    compare("likes", liked & {*posts, *comments}, liked & set(maybe))
    compare("saves", {what for who, what in world.saves if who == viewer} & set(posts))
    feed = world.feed(viewer)
    compare("feed", (key for key in feed if not late.feed(world, viewer, key)), feed)
    _compare_own(world, viewer, compare)
    _compare_people(world, viewer, late, compare)
    subjects = {*posts, *comments}
    likers = {(what, who) for who, what in world.likes if world.sees_user(viewer, who)}
    sure = {
        (what, who)
        for what, who in likers
        if ("like", who, what) not in world.unsure and not world.edge_withheld(who, what)
    }
    unsure = {(what, who) for what, who in likers if ("like", who, what) in world.unsure}
    compare("likers", {row for row in sure if row[0] in subjects}, {*unsure, *(r for r in sure if r[0] in maybe)})
    owners = {
        key: comment.post if comment.parent is None else comment.parent for key, comment in world.comments.items()
    }
    for what, is_reply in (("threads", False), ("replies", True)):
        rows = {(owners[key], key) for key in comments if (world.comments[key].parent is not None) is is_reply}
        either = {(owners[key], key) for key in maybe}
        compare(what, {row for row in rows if row[0] not in maybe}, rows | either)
    return found


def _compare_own(world: World, viewer: int, compare: Callable[..., None]) -> None:
    seen = {one for one in world.people if world.sees_user(viewer, one)}
    blocked = {whom for who, whom in world.blocks if who == viewer}
    compare("own BLOCKED", blocked - world.suspended)
    compare("own MUTED", {whom for who, whom in world.mutes if who == viewer} & seen)
    compare("own CLOSE_FRIENDS", {whom for who, whom in world.close if who == viewer} & seen)
    asking = {who for who in seen if world.follow(who, viewer) == PENDING}
    compare("own REQUESTS", {who for who in asking if ("follow", who, viewer) not in world.unsure}, asking)
    compare("archived", {k for k, post in world.posts.items() if (post.author, post.state) == (viewer, ARCHIVED)})


def _compare_people(world: World, viewer: int, late: Late, compare: Callable[..., None]) -> None:
    seen = {one for one in world.people if world.sees_user(viewer, one)}
    open_to = {one for one in world.people if world.sees_content(viewer, one)}
    posts = {(post.author, key) for key, post in world.posts.items() if post.state == LIVE and post.author in open_to}
    compare("posts of", posts)
    pairs = {pair for pair in world.follows if world.follow(*pair) == ACCEPTED}
    followers = {(whom, who) for who, whom in pairs if whom in open_to and who in seen}
    compare(
        "followers", {(whom, who) for whom, who in followers if ("follow", who, whom) not in world.unsure}, followers
    )
    mutual = {(whom, who) for whom, who in followers if world.follow(viewer, who) == ACCEPTED}
    sure = {
        (whom, who)
        for whom, who in mutual
        if ("follow", who, whom) not in world.unsure and (viewer, who) not in late.follows
    }
    compare("mutual", sure, mutual)
    following = {(who, whom) for who, whom in pairs if who in open_to and whom in seen}
    sure = {row for row in following if row not in late.follows and ("following", *row) not in world.unsure}
    compare("following", sure, {*following, *late.follows})


async def settled_differences(backend: Backend, names: Names, world: World) -> list[str]:
    """Mirrors and counts, where all jobs are done."""
    found = [f"the follow {pair} is owed {chain}" for pair, chain in world.follows.items() if len(chain) > 1]
    for what, must in _mirrors(world).items():
        sql, of_subject = _MIRRORS[what]
        rows = await backend.reader().on_every_node(sql)
        there = {(names.number(one), names.keys[other] if of_subject else names.number(other)) for one, other in rows}
        if there != must:
            found.append(f"{what}: missing {sorted(must - there)}, too many {sorted(there - must)}")
    truth = _counts(world)
    asked = {key for key, _ in truth}
    ids = {key: names.person(-2 - key) if key < ANYBODY else names.ids[key] for key in asked}
    told = await counts.read(backend.reader(), ids.values(), list(Counter))
    found += [
        f"{counter.name} of {key}: {told[ids[key], counter]} for {number}"
        for (key, counter), number in truth.items()
        if told[ids[key], counter] != number
    ]
    return found


_MIRRORS = {
    "following": ("SELECT follower_id, followed_id FROM following WHERE state = 'ACCEPTED'", False),
    "asked": ("SELECT follower_id, followed_id FROM following WHERE state = 'PENDING'", False),
    "likes_given": ("SELECT user_id, subject_id FROM likes_given WHERE state = 'LIKED'", True),
    "likes": ("SELECT user_id, subject_id FROM likes WHERE state = 'LIKED'", True),
    "saves_made": ("SELECT user_id, post_id FROM saves_made WHERE state = 'SAVED'", True),
    "saves": ("SELECT user_id, post_id FROM saves WHERE state = 'SAVED'", True),
    "comments_made": ("SELECT user_id, comment_id FROM comments_made WHERE state = 'LIVE'", True),
    "blocks_received": ("SELECT blocker_id, blocked_id FROM blocks_received WHERE state = 'BLOCKED'", False),
    "close_friends": ("SELECT user_id, friend_id FROM close_friends WHERE state = 'CLOSE'", False),
}


def _mirrors(world: World) -> dict[str, set[Pair]]:
    return {
        "following": {pair for pair in world.follows if world.follow(*pair) == ACCEPTED},
        "asked": {pair for pair in world.follows if world.follow(*pair) == PENDING},
        "likes_given": world.likes,
        "likes": world.likes,
        "saves_made": world.saves,
        "saves": world.saves,
        "comments_made": {(one.author, key) for key, one in world.comments.items() if one.live},
        "blocks_received": world.blocks,
        "close_friends": world.close,
    }


def _counts(world: World) -> dict[tuple[int, Counter], int]:
    """By key and counter; of a person the key is -2 and less."""
    found: dict[tuple[int, Counter], int] = {}
    withheld = world.withheld()

    def count(counter: Counter, key: int, rows: Iterable[tuple[str, int, int]]) -> None:
        found[key, counter] = sum(not withheld[row] for row in rows)

    for one in world.people:
        key = -2 - one
        follows = [pair for pair in world.follows if world.follow(*pair) == ACCEPTED]
        count(Counter.FOLLOWERS, key, (("follow", *pair) for pair in follows if pair[1] == one))
        count(Counter.FOLLOWING, key, (("following", *pair) for pair in follows if pair[0] == one))
        found[key, Counter.POSTS] = sum((post.author, post.state) == (one, LIVE) for post in world.posts.values())
    live = [("comment", one.author, key) for key, one in world.comments.items() if one.live]
    for key, post in world.posts.items():
        count(Counter.LIKES, key, (("like", *row) for row in world.likes if row[1] == key))
        count(Counter.SAVES, key, (("save", *row) for row in world.saves if row[1] == key))
        count(Counter.COMMENTS, key, (row for row in live if world.comments[row[2]].post == key))
        found[key, Counter.SHARES] = post.shares
    for key in world.comments:
        count(Counter.LIKES, key, (("like", *row) for row in world.likes if row[1] == key))
        count(Counter.REPLIES, key, (row for row in live if world.comments[row[2]].parent == key))
    return found


def adopted(world: World, truth: dict[Pair, str]) -> str | None:
    """Takes up what has become of follows that were owed something; says which one is what it cannot be."""
    for pair in {*world.follows, *truth}:
        chain, state = world.follows.get(pair, (GONE,)), truth.get(pair, GONE)
        if state not in chain:
            return f"the follow {pair} is {state} for {chain}"
        world.follows[pair] = chain[chain.index(state) :]
    return None
