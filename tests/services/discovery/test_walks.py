"""A walk through TOP, page by page to the end, while people like, post, archive and ask for the page: what was listed
when it began and may be seen throughout comes once, in the order of its beginning."""

import asyncio
import itertools
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.global_ids import NodeKind
from services.backend import Backend
from services.discovery import tops as module
from services.likes import like, unlike
from services.posts.archive import archive_post, unarchive_post
from tests.factories import Person, make_user
from tests.posting import change, links, make_post
from tests.services.discovery.town import TOP, hashtag_id, new_name, page, shown

TURNS = st.lists(
    st.tuples(st.sampled_from(["like", "unlike", "post", "archive", "unarchive", "anew", "page"]), st.integers(0, 40)),
    max_size=25,
)
POSTS = 14


@dataclass
class Town:
    backend: Backend
    author: Person
    fans: list[Person]
    name: str
    page_id: int
    posts: list[int] = field(default_factory=list)
    archived: set[int] = field(default_factory=set)


@pytest.fixture(scope="module")
async def town(backend: Backend) -> Town:
    name = new_name()
    author, *fans = [await make_user(backend) for _ in range(4)]
    made = Town(backend, author, fans, name, await hashtag_id(backend, name))
    made.posts += [await make_post(backend, author, caption=f"#{name}") for _ in range(POSTS)]
    return made


async def play(town: Town, turn: str, number: int) -> None:
    backend, post_id = town.backend, town.posts[number % len(town.posts)]
    fan = town.fans[number % len(town.fans)]
    if turn in ("like", "unlike") and post_id not in town.archived:
        work = like if turn == "like" else unlike
        await work(backend, links(backend), fan.id, NodeKind.POST, post_id)
    elif turn == "post" and len(town.posts) < 60:
        town.posts.append(await make_post(backend, town.author, caption=f"#{town.name}"))
    elif turn == "archive":
        await archive_post(backend, links(backend), town.author.id, post_id)
        town.archived.add(post_id)
    elif turn == "unarchive" and post_id in town.archived:
        await unarchive_post(backend, links(backend), town.author.id, post_id)
        town.archived.discard(post_id)
    elif turn == "anew":
        sql = "UPDATE page_tops SET created_at = created_at - CAST(:age AS interval) WHERE page_id = :id"
        await change(backend, town.page_id, sql, id=town.page_id, age=timedelta(minutes=2))
        await shown(backend, town.page_id, TOP)


async def walk(town: Town, turns: list[tuple[str, int]], first: int) -> None:
    backend = town.backend
    await change(backend, town.page_id, "DELETE FROM page_tops WHERE page_id = :id", id=town.page_id)
    expected = await shown(backend, town.page_id, TOP)
    assert set(expected) == set(town.posts) - town.archived
    touched: set[int] = set(town.archived)
    found = await page(backend, town.page_id, TOP, first=first)
    seen = [post.id for post in found.nodes]
    for turn, number in itertools.chain(turns, itertools.repeat(("page", 0))):
        if turn == "page":
            if not found.page_info.has_next_page:
                break
            found = await page(backend, town.page_id, TOP, first=first, after=found.page_info.end_cursor)
            seen += [post.id for post in found.nodes]
        else:
            await play(town, turn, number)
            touched |= town.archived
    assert len(seen) == len(set(seen))
    kept = [post_id for post_id in expected if post_id not in touched]
    assert [post_id for post_id in seen if post_id not in touched] == kept


@pytest.mark.timeout(300)
async def test_every_post_once_while_likes_come(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    walks = 0

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(turns=TURNS, first=st.integers(1, 6), length=st.sampled_from([3, 7, 1_000]))
    def agree(turns: list[tuple[str, int]], first: int, length: int) -> None:
        nonlocal walks
        monkeypatch.setattr(module, "LENGTH", length)
        asyncio.run_coroutine_threadsafe(walk(town, turns, first), loop).result(60)
        walks += 1

    await asyncio.to_thread(agree)
    assert walks >= 25
