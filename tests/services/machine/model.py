"""What people, follows, blocks, posts and comments have to be, in plain Python: it knows nothing of the code.

Where a job may still be owed, the model says what can be: a follow is a chain of the states to come, the present one
first; and of what may not be counted or shown for a while longer (`unsure`) it says either.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]
Code: TypeAlias = str
"""What an operation is answered: "OK" or the code of a refusal."""

OK, NOT_FOUND, NOT_ALLOWED, INVALID = "OK", "NOT_FOUND", "NOT_ALLOWED", "INVALID"
SIGNED_OUT = "UNAUTHENTICATED"
PENDING, ACCEPTED, GONE = "PENDING", "ACCEPTED", "GONE"
LIVE, ARCHIVED, DELETED = "LIVE", "ARCHIVED", "DELETED"
ANYBODY = -1
"""The anonymous viewer."""


@dataclass(frozen=True, slots=True)
class Post:
    author: int
    state: str = LIVE
    shares: int = 0


@dataclass(frozen=True, slots=True)
class Comment:
    post: int
    author: int
    parent: int | None = None
    live: bool = True


@dataclass(frozen=True, slots=True)
class Operation:
    """`who` does it to the person `whom` or to the post or comment `thing`; what it makes is called `new`."""

    action: str
    who: int
    whom: int = 0
    thing: int = 0
    new: int = 0


@dataclass(slots=True)
class World:
    people: range
    private: set[int] = field(default_factory=set)
    suspended: set[int] = field(default_factory=set)
    follows: dict[Pair, tuple[str, ...]] = field(default_factory=dict)
    blocks: set[Pair] = field(default_factory=set)
    mutes: set[Pair] = field(default_factory=set)
    close: set[Pair] = field(default_factory=set)
    posts: dict[int, Post] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    likes: set[Pair] = field(default_factory=set)
    saves: set[Pair] = field(default_factory=set)
    unsure: set[tuple[str, int, int]] = field(default_factory=set)
    """Likes, saves, comments and follows that became withheld, or are so no longer, and whose jobs may be late."""

    def copy(self) -> "World":
        return replace(
            self,
            private=set(self.private),
            suspended=set(self.suspended),
            follows=dict(self.follows),
            blocks=set(self.blocks),
            mutes=set(self.mutes),
            close=set(self.close),
            posts=dict(self.posts),
            comments=dict(self.comments),
            likes=set(self.likes),
            saves=set(self.saves),
            unsure=set(self.unsure),
        )

    # Who sees what.

    def follow(self, follower: int, followed: int) -> str:
        return self.follows.get((follower, followed), (GONE,))[0]

    def blocked(self, one: int, other: int) -> bool:
        return (one, other) in self.blocks or (other, one) in self.blocks

    def sees_user(self, viewer: int, person: int) -> bool:
        return person not in self.suspended and not self.blocked(viewer, person)

    def sees_content(self, viewer: int, person: int) -> bool:
        lets_in = viewer == person or person not in self.private or self.follow(viewer, person) == ACCEPTED
        return lets_in and self.sees_user(viewer, person)

    def sees_post(self, viewer: int, key: int) -> bool:
        post = self.posts[key]
        stands = post.state == LIVE or (post.state == ARCHIVED and post.author == viewer)
        return stands and self.sees_content(viewer, post.author)

    def sees_comment(self, viewer: int, key: int) -> set[bool]:
        """What may be: both where it, or what it answers, may be withheld too long or not yet."""
        may = self._may_see_comment(viewer, key)
        if not may:
            return {False}
        asked = [one for one in (key, self.comments[key].parent) if one is not None]
        if any(("comment", self.comments[one].author, one) in self.unsure for one in asked):
            return {True, False}
        return {not any(self.comment_withheld(one) for one in asked)}

    def _may_see_comment(self, viewer: int, key: int) -> bool:
        comment = self.comments[key]
        if not comment.live or not self.sees_post(viewer, comment.post):
            return False
        if comment.parent is not None:
            parent = self.comments[comment.parent]
            if not parent.live or not self.sees_user(viewer, parent.author):
                return False
        return self.sees_user(viewer, comment.author)

    def feed(self, viewer: int) -> set[int]:
        return {
            key
            for key, post in self.posts.items()
            if post.state == LIVE
            and self.sees_post(viewer, key)
            and (
                post.author == viewer
                or (self.follow(viewer, post.author) == ACCEPTED and (viewer, post.author) not in self.mutes)
            )
        }

    # What is withheld, and so not counted.

    def owner(self, subject: int) -> int:
        return self.posts[subject].author if subject in self.posts else self.comments[subject].author

    def edge_withheld(self, person: int, subject: int) -> bool:
        return person in self.suspended or self.blocked(person, self.owner(subject))

    def comment_withheld(self, key: int) -> bool:
        return self._own_withheld(key) or self._parent_withheld(key)

    def _own_withheld(self, key: int) -> bool:
        comment = self.comments[key]
        return comment.author in self.suspended or self.blocked(comment.author, self.posts[comment.post].author)

    def _parent_withheld(self, key: int) -> bool:
        parent = self.comments[key].parent
        return parent is not None and self._own_withheld(parent)

    def withheld(self) -> dict[tuple[str, int, int], bool]:
        """Of each row that stands: (what, who did it, to what or whom)."""
        found = {("like", who, what): self.edge_withheld(who, what) for who, what in self.likes}
        found |= {("save", who, what): self.edge_withheld(who, what) for who, what in self.saves}
        found |= {("comment", one.author, key): self.comment_withheld(key) for key, one in self.comments.items()}
        found |= {("follow", who, whom): who in self.suspended for who, whom in self.follows}
        return found | {("following", who, whom): whom in self.suspended for who, whom in self.follows}


@dataclass(frozen=True, slots=True)
class Lateness:
    """`unheard`: (blocker, blocked) whose block has ended without the blocked one's shard having heard of it. `late`:
    steps behind commits may be late, or other operations come between."""

    unheard: frozenset[Pair] = frozenset()
    late: bool = False


def allowed(world: World, doing: Operation) -> set[Code]:
    """What may be answered before anything is changed, OK standing for nothing yet."""
    if doing.who in world.suspended and doing.action not in ("suspend", "restore"):
        return {SIGNED_OUT}
    if doing.action in _OF_PEOPLE:
        return {_about_person(world, doing)}
    if doing.action in ABOUT_POSTS:
        return {_about_post(world, doing)}
    if doing.action in ABOUT_COMMENTS:
        return {_about_comment(world, doing, seen=seen) for seen in world.sees_comment(doing.who, doing.thing)}
    return {OK}


_OF_PEOPLE = {
    "follow", "unfollow", "accept", "decline", "remove", "block", "unblock", "mute", "unmute", "befriend", "unfriend"
}  # fmt: skip
_NOT_ONESELF = {"follow", "block", "mute", "befriend"}
ABOUT_POSTS = {"archive", "unarchive", "delete", "like", "unlike", "comment", "save", "unsave", "share"}
ABOUT_COMMENTS = {"reply", "uncomment", "like_comment", "unlike_comment"}


def _about_person(world: World, doing: Operation) -> Code:
    if doing.who == doing.whom:
        return INVALID if doing.action in _NOT_ONESELF else OK
    seen = world.sees_user(doing.who, doing.whom)
    if doing.action in ("block", "unblock") and (doing.who, doing.whom) in world.blocks:
        seen = doing.whom not in world.suspended
    return OK if seen else NOT_FOUND


def _about_post(world: World, doing: Operation) -> Code:
    if doing.action == "share" and doing.who == doing.whom:
        return INVALID
    if not world.sees_post(doing.who, doing.thing):
        return NOT_FOUND
    if doing.action in ("archive", "unarchive", "delete") and world.posts[doing.thing].author != doing.who:
        return NOT_ALLOWED
    if doing.action == "share" and not world.sees_user(doing.who, doing.whom):
        return NOT_FOUND
    return OK


def _about_comment(world: World, doing: Operation, *, seen: bool) -> Code:
    if not seen:
        return NOT_FOUND
    comment = world.comments[doing.thing]
    may_delete = doing.who in (comment.author, world.posts[comment.post].author)
    return NOT_ALLOWED if doing.action == "uncomment" and not may_delete else OK


def change(world: World, doing: Operation, lateness: Lateness) -> Iterator[tuple[Code, World]]:
    """What may become of it after it was allowed: each answer with a world of its own."""
    changed = world.copy()
    before = world.withheld()
    for code in sorted(_CHANGES[doing.action](changed, doing, lateness)):
        after = changed if code == OK else world.copy()
        now = after.withheld()
        after.unsure |= {row for row, is_withheld in now.items() if is_withheld != before.get(row, False)}
        yield code, after


def _follow(world: World, doing: Operation, lateness: Lateness) -> set[Code]:
    pair = (doing.who, doing.whom)
    if doing.whom in world.suspended or (doing.whom, doing.who) in world.blocks:
        return {NOT_FOUND}
    chain = world.follows.get(pair, (GONE,))
    if doing.whom in world.private:
        chain = (PENDING,) if chain[0] == GONE else chain
    elif chain[0] != ACCEPTED:
        chain = (ACCEPTED,)
    if pair in world.blocks:  # a moment ago: the other's shard may not have heard, and ends it when it does
        world.follows[pair] = (*chain, GONE)
        return {OK, NOT_FOUND}
    world.follows[pair] = chain
    return {OK, NOT_FOUND} if pair in lateness.unheard else {OK}


def _end(world: World, pair: Pair, *states: str) -> set[Code]:
    if world.follow(*pair) in states:
        world.follows[pair] = (GONE,)
    return {OK}


def _accept(world: World, doing: Operation, _: Lateness) -> set[Code]:
    pair = (doing.whom, doing.who)
    chain = world.follows.get(pair, (GONE,))
    if chain[0] == PENDING:
        world.follows[pair] = (ACCEPTED, GONE) if chain[-1] == GONE else (ACCEPTED,)
    return {OK}


def _block(world: World, doing: Operation, lateness: Lateness) -> set[Code]:
    who, whom = doing.who, doing.whom
    if (who, whom) in world.blocks:
        return {OK}
    world.blocks.add((who, whom))
    world.close -= {(who, whom), (whom, who)}
    _end(world, (whom, who), PENDING, ACCEPTED)
    chain = world.follows.get((who, whom), (GONE,))
    if chain[-1] != GONE:
        world.follows[who, whom] = (*chain, GONE) if lateness.late else (GONE,)
    return {OK}


def _unblock(world: World, doing: Operation, _: Lateness) -> set[Code]:
    if (doing.who, doing.whom) in world.blocks:
        world.blocks.remove((doing.who, doing.whom))
        world.follows[doing.who, doing.whom] = (GONE,)
    return {OK}


def _befriend(world: World, doing: Operation, lateness: Lateness) -> set[Code]:
    pair = (doing.who, doing.whom)
    if pair in world.blocks:
        return {NOT_FOUND}
    if (doing.whom, doing.who) in world.blocks:  # a moment ago
        return {OK, NOT_FOUND}
    world.close.add(pair)
    return {OK, NOT_FOUND} if (doing.whom, doing.who) in lateness.unheard else {OK}


def _open(world: World, doing: Operation, _: Lateness) -> set[Code]:
    """Who waits is accepted, the first at once, the others by a job."""
    if doing.who in world.private:
        world.private.remove(doing.who)
        for pair, chain in world.follows.items():
            if pair[1] == doing.who and chain[0] == PENDING:
                world.follows[pair] = (PENDING, ACCEPTED, GONE) if chain[-1] == GONE else (PENDING, ACCEPTED)
    return {OK}


def _member(rows: Callable[[World], set[Pair]], *, put: bool, subject: bool) -> Callable[..., set[Code]]:
    def work(world: World, doing: Operation, _: Lateness) -> set[Code]:
        row = (doing.who, doing.thing if subject else doing.whom)
        if put:
            rows(world).add(row)
        else:
            rows(world).discard(row)
        return {OK}

    return work


def _flag(rows: Callable[[World], set[int]], *, put: bool) -> Callable[..., set[Code]]:
    def work(world: World, doing: Operation, _: Lateness) -> set[Code]:
        if put:
            rows(world).add(doing.who)
        else:
            rows(world).discard(doing.who)
        return {OK}

    return work


def _set_post(state: str) -> Callable[..., set[Code]]:
    def work(world: World, doing: Operation, _: Lateness) -> set[Code]:
        post = world.posts[doing.thing]
        if post.state == DELETED:
            return {NOT_FOUND}
        world.posts[doing.thing] = replace(post, state=state)
        return {OK}

    return work


def _write_post(world: World, doing: Operation, _: Lateness) -> set[Code]:
    world.posts[doing.new] = Post(doing.who)
    return {OK}


def _share(world: World, doing: Operation, _: Lateness) -> set[Code]:
    post = world.posts[doing.thing]
    if post.state == LIVE:
        world.posts[doing.thing] = replace(post, shares=post.shares + 1)
        return {OK}
    return {NOT_FOUND if post.state == DELETED else NOT_ALLOWED}


def _say(world: World, doing: Operation, post_key: int, parent: int | None) -> set[Code]:
    post = world.posts[post_key]
    if post.state != LIVE:
        return {NOT_FOUND if post.state == DELETED else NOT_ALLOWED}
    if parent is not None and not world.comments[parent].live:
        return {NOT_FOUND}
    world.comments[doing.new] = Comment(post_key, doing.who, parent)
    return {OK}


def _comment(world: World, doing: Operation, _: Lateness) -> set[Code]:
    return _say(world, doing, doing.thing, None)


def _reply(world: World, doing: Operation, _: Lateness) -> set[Code]:
    """A reply to a reply joins its parent."""
    answered = world.comments[doing.thing]
    return _say(world, doing, answered.post, doing.thing if answered.parent is None else answered.parent)


def _uncomment(world: World, doing: Operation, _: Lateness) -> set[Code]:
    comment = world.comments[doing.thing]
    if not comment.live or world.posts[comment.post].state == DELETED:
        return {NOT_FOUND}
    for key, one in world.comments.items():
        if doing.thing in (key, one.parent):
            world.comments[key] = replace(one, live=False)
    return {OK}


def _likes(world: World) -> set[Pair]:
    return world.likes


_CHANGES: dict[str, Callable[[World, Operation, Lateness], Iterable[Code]]] = {
    "follow": _follow,
    "unfollow": lambda world, doing, _: _end(world, (doing.who, doing.whom), PENDING, ACCEPTED),
    "accept": _accept,
    "decline": lambda world, doing, _: _end(world, (doing.whom, doing.who), PENDING),
    "remove": lambda world, doing, _: _end(world, (doing.whom, doing.who), ACCEPTED),
    "block": _block,
    "unblock": _unblock,
    "mute": _member(lambda world: world.mutes, put=True, subject=False),
    "unmute": _member(lambda world: world.mutes, put=False, subject=False),
    "befriend": _befriend,
    "unfriend": _member(lambda world: world.close, put=False, subject=False),
    "close": _flag(lambda world: world.private, put=True),
    "open": _open,
    "suspend": _flag(lambda world: world.suspended, put=True),
    "restore": _flag(lambda world: world.suspended, put=False),
    "post": _write_post,
    "archive": _set_post(ARCHIVED),
    "unarchive": _set_post(LIVE),
    "delete": _set_post(DELETED),
    "like": _member(_likes, put=True, subject=True),
    "unlike": _member(_likes, put=False, subject=True),
    "like_comment": _member(_likes, put=True, subject=True),
    "unlike_comment": _member(_likes, put=False, subject=True),
    "save": _member(lambda world: world.saves, put=True, subject=True),
    "unsave": _member(lambda world: world.saves, put=False, subject=True),
    "comment": _comment,
    "reply": _reply,
    "uncomment": _uncomment,
    "share": _share,
}


def outcomes(world: World, doings: list[Operation], lateness: Lateness) -> Iterator[tuple[tuple[Code, ...], World]]:
    """What may be answered to one operation, or to two at once, each with the world that it leaves.

    Of two at once either comes first; and who comes second may have been allowed before the first changed anything.
    """
    if len(doings) == 1:
        for code in allowed(world, doings[0]):
            yield from _after(world, doings[0], code, lateness)
        return
    for first, second in ((0, 1), (1, 0)):
        for early in (False, True):
            for codes, left in _in_order(world, doings[first], doings[second], lateness, early=early):
                yield (codes if first == 0 else codes[::-1]), left


def _after(world: World, doing: Operation, code: Code, lateness: Lateness) -> Iterator[tuple[tuple[Code], World]]:
    if code != OK:
        yield (code,), world.copy()
        return
    for answer, left in change(world, doing, lateness):
        yield (answer,), left


def _in_order(
    world: World, first: Operation, second: Operation, lateness: Lateness, *, early: bool
) -> Iterator[tuple[tuple[Code, ...], World]]:
    for code in allowed(world, first):
        for (answer,), between in _after(world, first, code, lateness):
            for next_code in allowed(world if early else between, second):
                for (next_answer,), left in _after(between, second, next_code, lateness):
                    yield (answer, next_answer), left
