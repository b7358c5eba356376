"""Plays a script on the real services beside the model, and looks at everything after every turn."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import RequestFault, UserFault
from models.global_ids import NodeKind
from models.ids import shard_of
from services.accounts.profile import ProfileChange, update_profile
from services.accounts.sessions import authenticate
from services.accounts.suspension import restore, suspend
from services.backend import Backend
from services.background import Background
from services.comments.delete import delete_comment
from services.likes import like, unlike
from services.posts.archive import archive_post, unarchive_post
from services.posts.delete import delete_post
from services.posts.share import NewShare, share_post
from services.relationships.blocks import block, unblock
from services.relationships.close_friends import add_close_friend, remove_close_friend
from services.relationships.follow import follow, unfollow
from services.relationships.mutes import mute, unmute
from services.relationships.requests import accept_request, decline_request, remove_follower
from services.saves import save, unsave
from services.viewer import ViewerIdentity
from tests.factories import Person, make_user
from tests.posting import links, make_comment, make_post
from tests.recount import differences as recounted
from tests.recount import misjudged
from tests.services.machine.looking import (
    Late,
    Names,
    Shown,
    adopted,
    all_follows,
    differences,
    look,
    settled_differences,
)
from tests.services.machine.model import (
    ABOUT_COMMENTS,
    ABOUT_POSTS,
    ANYBODY,
    GONE,
    OK,
    PENDING,
    Lateness,
    Operation,
    World,
    outcomes,
)
from tests.services.machine.outbox import Outbox, way
from tests.services.machine.script import PEOPLE, PLAIN, Do, Settle, Turn, Work, as_code


class Diverged(AssertionError):
    """The services and the model do not agree."""


@dataclass
class Play:
    backend: Backend
    outbox: Outbox
    names: Names
    worlds: list[World]
    viewers_at_once: int = PEOPLE + 1
    made: int = 0
    tally: Counter[str] = field(default_factory=Counter)

    @classmethod
    async def begun(cls, backend: Backend, *, viewers_at_once: int = PEOPLE + 1) -> "Play":
        """People on both nodes by turns; timelines of 8 posts, fan-outs by 2 followers."""
        few = backend.settings.model_copy(update={"timeline_length": 8, "fanout_chunk": 2})
        own = replace(backend, settings=few, background=Background())
        names = Names()
        while len(names.people) < PEOPLE:
            person = await make_user(own)
            if own.shards.node_of(shard_of(person.id)) == len(names.people) % own.shards.node_count:
                names.people.append(person)
        return cls(own, Outbox(own), names, [World(range(PEOPLE))], viewers_at_once)

    async def turn(self, parts: Turn) -> None:
        """Raises Diverged."""
        self.outbox.turn += 1
        if parts and isinstance(parts[0], Settle):
            await self.settle(parts[0].which)
            return
        doings = [(one, self.aimed(one)) for one in parts if isinstance(one, Do)]
        wanted = [(one, doing) for one, doing in doings if doing is not None]
        works = [one for one in parts if isinstance(one, Work)]
        alone = len(wanted) + len(works) == 1
        unheard = frozenset(self.names.pair(*ids) for ids in self.outbox.unheard_blocks())
        answering = [asyncio.create_task(self.answer(doing, one.way)) for one, doing in wanted]
        await asyncio.gather(*answering, *(self.outbox.work(one) for one in works))
        is_direct = alone and all(one.way == PLAIN and doing.action not in ("open", "unblock") for one, doing in wanted)
        await self.outbox.hear(is_direct=is_direct and not works)
        codes = tuple(task.result() for task in answering)
        self.tally["turns"] += 1
        self.tally["turns at once"] += not alone
        self.tally.update(codes)
        if wanted:
            late = not alone or any(one.way != PLAIN for one, _ in wanted)
            self.live_on([doing for _, doing in wanted], codes, Lateness(unheard, late), beside_jobs=bool(works))
        if not self.outbox.repairs_due():
            for world in self.worlds:
                world.unsure.clear()
        await self.look_at_everything()

    def live_on(
        self, doings: list[Operation], codes: tuple[str, ...], lateness: Lateness, *, beside_jobs: bool
    ) -> None:
        """Keeps the worlds in which this can be answered."""
        left: list[World] = []
        expected: set[tuple[str, ...]] = set()
        for begun in self.worlds:
            for world in _moved(begun) if beside_jobs else [begun]:
                for answer, after in outcomes(world, doings, lateness):
                    expected.add(answer)
                    if answer == codes and after not in left:
                        left.append(after)
        if not left:
            raise Diverged(f"{doings} were answered {codes}; the model says {sorted(expected)}")
        self.worlds = left

    async def look_at_everything(self, *, is_settled: bool = False) -> None:
        truth = await all_follows(self.backend, self.names)
        late = Late() if is_settled else Late.of(self.outbox, self.names)
        viewers = [ANYBODY, *range(PEOPLE)]
        turn = self.outbox.turn
        if not is_settled:
            viewers = [viewers[(turn + place) % len(viewers)] for place in range(self.viewers_at_once)]
        looks = (
            look(self.backend, self.names, viewer, self.worlds[0], deep=is_settled or viewer == turn % (PEOPLE + 1) - 1)
            for viewer in viewers
        )
        shown = dict(zip(viewers, await asyncio.gather(*looks), strict=True))
        self.tally["looks"] += len(shown)
        found = [await self.found(world, truth, shown, late, is_settled=is_settled) for world in self.worlds]
        if all(found):
            fewest = min(found, key=len)
            raise Diverged("\n".join(fewest))
        self.worlds = [world for world, some in zip(self.worlds, found, strict=True) if not some]

    async def found(
        self, world: World, truth: dict[tuple[int, int], str], shown: dict[int, Shown], late: Late, *, is_settled: bool
    ) -> list[str]:
        wrong = adopted(world, truth)
        if wrong:
            return [wrong]
        found = [line for viewer, some in shown.items() for line in differences(world, viewer, some, late)]
        return found + (await settled_differences(self.backend, self.names, world) if is_settled else [])

    async def settle(self, which: int = 0) -> None:
        """Does all jobs, and then everything has to be equal, and the recount has nothing to say. Raises Diverged."""
        await self.outbox.settle(random.Random(which))
        await self.backend.background.settled()
        for world in self.worlds:
            world.unsure.clear()
        await self.look_at_everything(is_settled=True)
        wrong = [await recounted(self.backend), await misjudged(self.backend)]
        if any(wrong):
            raise Diverged(f"recounted: {wrong[0]}; misjudged: {wrong[1]}")
        self.tally["settled"] += 1

    def aimed(self, one: Do) -> Operation | None:
        """What is done to what: mostly something that makes sense. None where there is nothing to do it to."""
        world = self.worlds[0]
        self.made += 1
        if len(world.suspended) > 1 and one.action == "suspend":
            one = replace(one, action="restore")
        elif len(world.blocks) > 3 and one.action == "block":
            one = replace(one, action="unblock")
        there: list[int] = []
        if one.action in ABOUT_POSTS | ABOUT_COMMENTS:
            there = list(world.posts if one.action in ABOUT_POSTS else world.comments)
            if not there:
                return None
        thing = there[-1 - one.thing % min(len(there), 12)] if there else 0
        who, whom = one.who, one.whom
        while who in world.suspended and one.thing % 4:
            who = (who + 1) % PEOPLE
        if one.who != one.whom:
            who, whom = _sensible(world, one, (who, whom), thing)
            if one.action in _UNDONE:
                who, whom, thing = _undoing(world, one, (who, whom, thing))
        return Operation(one.action, who, whom, thing, self.made)

    async def answer(self, doing: Operation, chosen: str) -> str:
        way.set(chosen)  # of this task alone
        person = self.names.people[doing.who]
        try:
            if doing.action in ("suspend", "restore"):
                await (suspend if doing.action == "suspend" else restore)(self.backend, person.id)
                return OK
            signed = links(self.backend)
            viewer = await authenticate(self.backend.settings, self.backend.reader(), signed, person.access_token)
            await self.do(doing, viewer, person)
        except UserFault as fault:
            return fault.code.value
        except RequestFault as fault:
            return fault.code.value
        return OK

    async def do(self, doing: Operation, viewer: ViewerIdentity, person: Person) -> None:
        backend, signed, names = self.backend, links(self.backend), self.names
        whom, thing = names.person(doing.whom), names.ids.get(doing.thing, 0)
        match doing.action:
            case "open" | "close":
                await update_profile(backend, viewer, ProfileChange(is_private=doing.action == "close"))
            case "post":
                names.name(doing.new, await make_post(backend, person))
            case "comment":
                names.name(doing.new, await make_comment(backend, person, thing))
            case "reply":
                post_id = names.ids[self.worlds[0].comments[doing.thing].post]
                names.name(doing.new, await make_comment(backend, person, post_id, parent_id=thing))
            case "uncomment":
                await delete_comment(backend, signed, viewer.id, thing)
            case "share":
                await share_post(backend, signed, viewer.id, NewShare(thing, [whom]))
            case "like" | "unlike" | "like_comment" | "unlike_comment":
                kind = NodeKind.COMMENT if doing.action.endswith("comment") else NodeKind.POST
                await (unlike if doing.action.startswith("un") else like)(backend, signed, viewer.id, kind, thing)
            case action if action in _TO_POSTS:
                await _TO_POSTS[action](backend, signed, viewer.id, thing)
            case action if action in _BY_VIEWER:
                await _BY_VIEWER[action](backend, signed, viewer.user, whom)
            case action:
                await _TO_PEOPLE[action](backend, signed, viewer.id, whom)


_Service = Callable[..., Awaitable[Any]]
_TO_POSTS: dict[str, _Service] = {
    "archive": archive_post, "unarchive": unarchive_post, "delete": delete_post, "save": save, "unsave": unsave
}  # fmt: skip
_BY_VIEWER: dict[str, _Service] = {
    "follow": follow, "accept": accept_request, "decline": decline_request, "remove": remove_follower, "block": block
}  # fmt: skip
_TO_PEOPLE: dict[str, _Service] = {
    "unfollow": unfollow, "unblock": unblock, "mute": mute, "unmute": unmute, "befriend": add_close_friend,
    "unfriend": remove_close_friend,
}  # fmt: skip


def _sensible(world: World, one: Do, pair: tuple[int, int], thing: int) -> tuple[int, int]:
    """Who does it to whom, where it is of use to few."""
    if one.action in ("archive", "unarchive", "delete"):
        return world.posts[thing].author, pair[1]
    if one.action == "restore" and world.suspended:
        return sorted(world.suspended)[one.thing % len(world.suspended)], pair[1]
    if one.action == "unblock" and world.blocks:
        return sorted(world.blocks)[one.thing % len(world.blocks)]
    asked = sorted(edge for edge in world.follows if world.follow(*edge) == PENDING)
    if one.action in ("accept", "decline") and asked:
        return asked[one.thing % len(asked)][::-1]
    return pair


_UNDONE = {"unlike": "like", "unlike_comment": "like", "unsave": "save", "unfollow": "follow"}


def _undoing(world: World, one: Do, aim: tuple[int, int, int]) -> tuple[int, int, int]:
    """Something that was done: of what may be withheld too long or not yet first."""
    who, whom, thing = aim
    kind = _UNDONE[one.action]
    if kind == "follow":
        follows = [pair for pair in sorted(world.follows) if world.follow(*pair) != GONE]
        known = [pair for pair in follows if (kind, *pair) in world.unsure] or follows
        return (*known[one.thing % len(known)], thing) if known else aim
    rows = sorted(world.saves if kind == "save" else world.likes)
    rows = [row for row in rows if (row[1] in world.comments) == (one.action == "unlike_comment")]
    known = [row for row in rows if (kind, *row) in world.unsure] or rows
    if known:
        who, thing = known[one.thing % len(known)]
    return who, whom, thing


def _moved(world: World) -> list[World]:
    """The world, and those in which jobs have done by now what was owed to follows."""
    worlds = [world]
    for pair, chain in world.follows.items():
        for place in range(1, len(chain)):
            for one in list(worlds):
                other = one.copy()
                other.follows[pair] = chain[place:]
                worlds.append(other)
    return worlds


async def play(play: Play, script: Sequence[Turn], *, told: Callable[[], None] = lambda: None) -> None:
    """The whole script, and a settlement at its end. Raises Diverged, with the script up to there as code."""
    done: list[Turn] = []
    try:
        for turn in script:
            if turn:
                done.append(turn)
                await play.turn(turn)
            told()
        done.append((Settle(),))
        await play.turn((Settle(),))
    except Exception as fault:
        raise Diverged(f"{type(fault).__name__}: {fault}\nturn {len(done)} of:\n{as_code(done)}") from fault
