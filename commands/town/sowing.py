"""Makes the town happen, by the services that everyone uses. What happened before does not happen again."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from commands.town.joining import PASSWORD, change_profile, join
from commands.town.memory import if_still_there, look_back
from commands.town.people import SIGN_INS, Resident
from commands.town.photographs import folder
from commands.town.plan import Plan, plan
from commands.town.posting import Posting
from core import clock
from core.embedded.faults import StartupError
from core.errors import ShardUnavailable
from core.settings import Settings
from media.errors import StorageUnavailable
from services.backend import Backend
from services.dead_letters import Standing, standings
from services.relationships.follow import follow
from services.relationships.states import follows_by
from services.visible import MediaLinks, VisibleUser

AT_ONCE = 6
"""Things that happen at once, so that the API beside them stays quick."""
SETTLE_SECONDS = 90.0

Item = TypeVar("Item")
Track = Callable[[str, int], Callable[[int], None]]
"""Begins a bar with a name and a number of steps; the answer is told how many are done."""


@dataclass(frozen=True, slots=True)
class Town:
    """What to tell of it. `sign_ins` are username, full name and password; `is_settled` is false where the workers
    have not done all that follows."""

    people: int
    sign_ins: list[tuple[str, str, str]]
    is_settled: bool


async def sow(settings: Settings, track: Track) -> Town:
    """Raises StartupError."""
    try:
        backend = await Backend.open(settings)
        try:
            people = await Sower(backend, plan(), track).run()
            is_settled = await _settled(backend, track)
        finally:
            await backend.close()
    except (ShardUnavailable, StorageUnavailable, OSError) as fault:
        raise StartupError(f"A server of the stack went away ({fault}); `cli.py seed` goes on where it was.") from fault
    return Town(len(people), [(user.username, user.full_name, PASSWORD) for user in people[:SIGN_INS]], is_settled)


class Sower:
    """`run` once. `track` shows how far it is."""

    def __init__(self, backend: Backend, plan: Plan, track: Track) -> None:
        self._backend = backend
        self._links = MediaLinks(backend.signer)
        self._plan = plan
        self._track = track
        self._photographs = folder()
        self._people: dict[int, VisibleUser] = {}

    async def run(self) -> list[VisibleUser]:
        """The people, in the order of the plan. Raises StartupError, ShardUnavailable, StorageUnavailable."""
        plan, people = self._plan, self._people
        await self._each("people", plan.people, self._join)
        memory = await look_back(self._backend, [user.id for user in people.values()])
        posting = Posting(self._backend, self._links, self._photographs, people, memory)
        await self._each("follows", self._follows(is_asked=False).items(), self._follow)
        # An account is closed only now, so that it has followers: nobody is there yet to accept them.
        await self._each("privacy", [one for one in plan.people if one.is_private], self._close)
        await self._each("requests", self._follows(is_asked=True).items(), self._follow)
        await self._each("portraits", [one for one in plan.people if one.has_avatar], posting.portray)
        await self._each("posts", plan.posts, posting.post)
        return [people[one.number] for one in plan.people]

    async def _each(self, name: str, items: Iterable[Item], act: Callable[[Item], Awaitable[None]]) -> None:
        """Acts on all, few at once, begun in their order; the first failure ends it."""
        todo = list(items)
        show = self._track(name, len(todo))
        coming, done = iter(todo), 0

        async def work() -> None:
            nonlocal done
            for item in coming:
                await act(item)
                done += 1
                show(done)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(work())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed

    async def _join(self, resident: Resident) -> None:
        self._people[resident.number] = await join(self._backend, self._links, resident)

    async def _close(self, resident: Resident) -> None:
        user = self._people[resident.number]
        if not user.is_private:
            await change_profile(self._backend, user, {"is_private": True})

    def _follows(self, *, is_asked: bool) -> dict[int, list[int]]:
        grouped: dict[int, list[int]] = defaultdict(list)
        for edge in self._plan.follows:
            if edge.is_asked is is_asked:
                grouped[edge.follower].append(edge.followed)
        return grouped

    async def _follow(self, one: tuple[int, list[int]]) -> None:
        viewer = self._people[one[0]]
        wanted = [self._people[number].id for number in one[1]]
        there = await follows_by(self._backend.reader(), viewer.id, wanted)
        for user_id in wanted:
            if user_id not in there:
                await if_still_there(follow(self._backend, self._links, viewer, user_id))


async def _settled(backend: Backend, track: Track) -> bool:
    """Waits until the workers have done what follows from all that happened until now; False if they take too long."""
    began = clock.monotonic()
    most, show = 0, None
    while (elapsed := clock.monotonic() - began) < SETTLE_SECONDS:
        found, unavailable = await standings(backend)
        left = sum(_unfinished(one) for one in found if one.oldest_seconds > elapsed)
        if not left and not unavailable:
            if show:
                show(most)
            return True
        most = max(most, left)
        show = show or track("notifications", most)
        show(most - left)
        await asyncio.sleep(0.2)
    return False


def _unfinished(one: Standing) -> int:
    return one.pending + one.enqueued + one.running + one.failed
