"""Everything at once, then every counter counted anew."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from core.errors import UserFault
from models.global_ids import NodeKind
from services import counts
from services.backend import Backend
from services.likes import like, unlike
from services.posts.delete import delete_post
from services.relationships.follow import unfollow
from services.saves import save, unsave
from tests.factories import Person, make_user
from tests.posting import links, make_comment, make_follow, make_post
from tests.recount import differences


class Crowd:
    """People who do whatever comes to their minds."""

    def __init__(self, backend: Backend, people: list[Person], chance: random.Random) -> None:
        self.backend = backend
        self.people = people
        self.chance = chance
        self.posts: list[tuple[Person, int]] = []
        self.comments: list[tuple[int, int]] = []
        self.refused = 0

    async def post(self, person: Person) -> None:
        self.posts.append((person, await make_post(self.backend, person)))

    async def delete(self, _: Person) -> None:
        author, post_id = self.chance.choice(self.posts)
        await delete_post(self.backend, links(self.backend), author.id, post_id)

    async def comment(self, person: Person) -> None:
        _, post_id = self.chance.choice(self.posts)
        here = [comment_id for of, comment_id in self.comments if of == post_id]
        parent_id = self.chance.choice([None, *here])
        self.comments.append((post_id, await make_comment(self.backend, person, post_id, parent_id=parent_id)))

    async def like(self, person: Person) -> None:
        subjects = [(NodeKind.POST, post_id) for _, post_id in self.posts]
        subjects += [(NodeKind.COMMENT, comment_id) for _, comment_id in self.comments]
        work = self.chance.choice([like, like, unlike])
        await work(self.backend, links(self.backend), person.id, *self.chance.choice(subjects))

    async def save(self, person: Person) -> None:
        work = self.chance.choice([save, save, unsave])
        await work(self.backend, links(self.backend), person.id, self.chance.choice(self.posts)[1])

    async def follow(self, person: Person) -> None:
        other = self.chance.choice(self.people)
        if self.chance.random() < 0.6:
            await make_follow(self.backend, person, other)
        else:
            await unfollow(self.backend, links(self.backend), person.id, other.id)

    async def fold(self, _: Person) -> None:
        await counts.fold(self.backend, self.chance.choice(list(self.counted())))

    async def anything(self) -> None:
        work: Callable[[Person], Awaitable[None]] = self.chance.choices(
            [self.post, self.delete, self.comment, self.like, self.save, self.follow, self.fold],
            [2, 1, 5, 8, 4, 4, 2],
        )[0]
        try:
            await work(self.chance.choice(self.people))
        except UserFault:
            self.refused += 1

    def counted(self) -> set[int]:
        return {
            *(person.id for person in self.people),
            *(post_id for _, post_id in self.posts),
            *(comment_id for _, comment_id in self.comments),
        }


async def _everything(backend: Backend, people: int, times: int) -> None:
    crowd = Crowd(backend, [await make_user(backend) for _ in range(people)], random.Random(3))
    for person in crowd.people:
        await crowd.post(person)
    gate = asyncio.Semaphore(16)

    async def one() -> None:
        async with gate:
            await crowd.anything()

    await asyncio.gather(*(one() for _ in range(times)))
    assert crowd.refused < times / 2
    assert await differences(backend, crowd.counted()) == []


async def test_a_recount_finds_no_difference(backend: Backend) -> None:
    await _everything(backend, people=6, times=200)


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_a_recount_after_thousands_of_doings_finds_no_difference(backend: Backend) -> None:
    await _everything(backend, people=40, times=5000)
