"""The demo town: what is planned, what is sown of it, and that sowing it again changes nothing."""

import asyncio
import contextlib
import hashlib
import io
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from commands.town import joining, posting, sending, sowing
from commands.town.films import FILMS
from commands.town.people import PEOPLE
from commands.town.photographs import PHOTOGRAPHS, folder
from commands.town.pictures import PICTURES
from commands.town.plan import POSTS, Plan, Story, Take, plan
from core import clock
from core.embedded.faults import StartupError
from core.embedded.stack import Stack, environment
from core.settings import ROOT, Environment, Settings
from models.tables import UploadPurpose
from services.accounts.names import checked_username
from services.accounts.sessions import Origin
from services.accounts.sign_in import sign_in
from services.backend import Backend
from services.moderation import repeats
from services.moderation.profanity import profanity_filter
from services.visible import MediaLinks
from tests.commands.cli import cli
from tests.commands.digests import digests
from tests.empty_store import empty_store
from tests.factories import make_user
from tests.filming import small_film
from tests.pictures import small_photo
from tests.recount import differences
from tests.workers.town import Fleet

WORKERS = ("fast", "fanout", "media")
SOME_PEOPLE, SOME_POSTS = 30, 15
SOME_FILMS = (2, 8, 9)
SHORT_FILMS = tuple(replace(one, pan=replace(one.pan, seconds=0.5)) for one in FILMS)
END_SECONDS = 5.0
"""From a Ctrl-C to the end of the process."""


def a_part(whole: Plan, people: int, posts: int) -> Plan:
    """The first people, what they do among themselves, and some of their posts: a reel, a film between pictures and a
    GIF are the last three."""
    chosen: list[Story] = []
    some_films = [
        replace(story, author=0, likers=(), savers=(), remarks=())
        for story in whole.posts
        if any(isinstance(shot, Take) and shot.film in SOME_FILMS for shot in story.shots)
    ]
    for story in [one for one in whole.posts if one.number < POSTS]:
        if story.author < people and len(chosen) < posts - len(some_films):
            likers = tuple(one for one in story.likers if one < people)
            savers = tuple(one for one in story.savers if one < people)
            remarks = story.remarks if all(remark.author < people for remark in story.remarks) else ()
            chosen.append(replace(story, likers=likers, savers=savers, remarks=remarks))
    follows = [one for one in whole.follows if one.follower < people and one.followed < people]
    return Plan(whole.people[:people], follows, chosen + some_films)


def silent(_name: str, _total: int) -> Callable[[int], None]:
    return lambda _done: None


@pytest.fixture(scope="module")
async def store(stack: Stack) -> AsyncIterator[Backend]:
    async with empty_store(stack.settings, "demo_town", redis=12) as backend:
        await backend.storage.ensure_bucket()
        yield backend


@contextlib.asynccontextmanager
async def working(stack: Stack, store: Backend) -> AsyncIterator[None]:
    """The relay and a worker of each family, on that store."""
    fleet = Fleet(replace(stack, settings=store.settings))
    await fleet.start("town-relay", "workers.relay")
    for family in WORKERS:
        await fleet.start(f"town-{family}", "workers.run", family)
    try:
        yield
    finally:
        await stack.supervisor.stop(["town-relay", *(f"town-{family}" for family in WORKERS)])


@pytest.fixture
async def workers(stack: Stack, store: Backend) -> AsyncIterator[None]:
    async with working(stack, store):
        yield


def test_the_plan_is_the_same_each_time() -> None:
    assert plan() == plan()
    # Another one would be sown beside the one that is there: usernames, keys and texts are drawn in one order.
    assert hashlib.sha256(repr(plan()).encode()).hexdigest()[:16] == "14086bcc7e77e84c"
    # And a town that was sown before there were films is left as it is.
    whole = plan()
    without = Plan(whole.people, whole.follows, [one for one in whole.posts if one.number < POSTS])
    assert hashlib.sha256(repr(without).encode()).hexdigest()[:16] == "4358da8b33175781"


def test_people_are_many_and_few_of_them_are_followed_by_many() -> None:
    whole = plan()
    assert len(whole.people) == PEOPLE == 200
    assert len({one.username for one in whole.people}) == 200
    assert [checked_username(one.username) for one in whole.people] == [one.username for one in whole.people]
    assert sum(one.is_private for one in whole.people) == 14
    followers = Counter(edge.followed for edge in whole.follows)
    by_followers = sorted(followers.values(), reverse=True)
    assert len(set(whole.follows)) == len(whole.follows) == sum(by_followers)
    # A tenth of the people has more than two fifths of the followers; half have five or fewer.
    assert sum(by_followers[:20]) > 0.4 * sum(by_followers)
    assert sorted(followers[number] for number in range(200))[100] <= 5


def test_who_likes_or_comments_may_see_the_post() -> None:
    whole = plan()
    accepted = {(edge.follower, edge.followed) for edge in whole.follows if not edge.is_asked}
    assert len(whole.posts) == POSTS + len(FILMS) == 310
    for story in whole.posts:
        assert set(story.savers) <= set(story.likers)
        assert {(liker, story.author) for liker in story.likers} <= accepted
        for remark in story.remarks:
            assert remark.author == story.author or (remark.author, story.author) in accepted
            assert remark.answers is None or story.remarks[remark.answers].answers is None


def test_nothing_that_is_said_is_refused() -> None:
    """Neither for its words, nor for being said too often by one person."""
    remarks = [remark for story in plan().posts for remark in story.remarks]
    assert [text for text in {remark.text for remark in remarks} if profanity_filter().first_hit(text)] == []
    often = Counter((remark.author, repeats._folded(remark.text)) for remark in remarks)
    assert max(often.values()) <= Settings().repeats_max


def test_pictures_are_different_parts_of_photographs() -> None:
    """Looked at in docs/town.jpg; here: each can be cut, none is a flat surface, no two are the same part."""
    assert len(PICTURES) == 75
    assert {picture.photograph for picture in PICTURES} == set(PHOTOGRAPHS)
    assert len({(picture.photograph, picture.box) for picture in PICTURES}) == 75
    seen = set()
    for picture in PICTURES:
        with Image.open(io.BytesIO(picture.jpeg(folder(), 160))) as cut:
            assert cut.width == 160
            grey = cut.convert("L").tobytes()
            assert max(grey) - min(grey) > 80, picture.alt_text
            seen.add(cut.tobytes())
    assert len(seen) == 75


def test_the_readme_names_every_photograph_with_its_licence() -> None:
    told = (ROOT / "README.md").read_text()
    for photo in PHOTOGRAPHS.values():
        assert f"| `{photo.file}` | {photo.shows} | {photo.by} | {photo.licence} |\n" in told


async def test_where_no_worker_runs_it_says_so(store: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(sending, "FILM_PATIENCE_SECONDS", 2.0)
    owner = await make_user(store)
    sender = sending.Sender(store, MediaLinks(store.signer))
    with pytest.raises(StartupError) as refused:
        await sender.send(owner.id, UploadPurpose.POST, "a picture", sending.Sent(small_photo(), "A cup"))
    said = "The workers did not process a picture in 1 s: do they run? `make run` starts them."
    assert str(refused.value) == said
    film = sending.Sent(small_film(), "A tone", "video/mp4")
    with pytest.raises(StartupError) as refused:
        await sender.send(owner.id, UploadPurpose.REEL, "a film", film)
    assert str(refused.value) == said.replace("a picture in 1 s", "a film in 2 s")


@pytest.mark.timeout(300)
async def test_sown_once_it_is_as_planned_and_sown_twice_nothing_changes(
    store: Backend, workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = a_part(plan(), SOME_PEOPLE, SOME_POSTS)
    monkeypatch.setattr(sowing, "plan", lambda: part)
    monkeypatch.setattr(posting, "FILMS", SHORT_FILMS)
    town = await sowing.sow(store.settings, silent)
    assert town.is_settled
    assert town.people == SOME_PEOPLE
    assert [username for username, _, _ in town.sign_ins] == ["ada", "teo", "amara"]
    for username, full_name, password in town.sign_ins:
        answer = await sign_in(store, MediaLinks(store.signer), username, password, Origin())
        assert answer.viewer.user.full_name == full_name
    assert await planned(part) == await counted(store)
    assert await differences(store) == []

    before = await digests(store)
    assert sum(rows for rows, _ in before["posts"]) == SOME_POSTS
    again = await sowing.sow(store.settings, silent)
    assert again == town
    assert await digests(store) == before


async def planned(part: Plan) -> dict[str, int]:
    shots = sum(len(story.shots) for story in part.posts)
    portraits = sum(one.has_avatar for one in part.people)
    asked = sum(edge.is_asked for edge in part.follows)
    return {
        "followed": len(part.follows) - asked,
        "asked": asked,
        "private": sum(one.is_private for one in part.people),
        "portraits": portraits,
        "ready": shots + portraits,
        "posts": len(part.posts),
        **kinds(part),
        "likes": sum(len(story.likers) for story in part.posts),
        "saves": sum(len(story.savers) for story in part.posts),
        "comments": sum(len(story.remarks) for story in part.posts),
        "replies": sum(remark.answers is not None for story in part.posts for remark in story.remarks),
        "unused": 0,
        "left": 0,
    }


def kinds(part: Plan) -> dict[str, int]:
    films = [FILMS[shot.film] for story in part.posts for shot in story.shots if isinstance(shot, Take)]
    reels = sum(one.purpose is UploadPurpose.REEL for one in films)
    among = sum(one.is_among_pictures for one in films)
    return {
        "reels": reels,
        "videos": len(films) - reels - among,
        "carousels": sum(len(story.shots) > 1 for story in part.posts),
        "films": len(films),
        "loud": sum(one.pan.has_sound for one in films),
    }


async def counted(store: Backend) -> dict[str, int]:
    rows = await store.reader().on_every_node("""
        SELECT (SELECT count(*) FROM follows WHERE state = 'ACCEPTED') AS followed,
               (SELECT count(*) FROM follows WHERE state = 'PENDING') AS asked,
               (SELECT count(*) FROM users WHERE is_private) AS private,
               (SELECT count(*) FROM users WHERE avatar IS NOT NULL) AS portraits,
               (SELECT count(*) FROM uploads WHERE status = 'READY' AND attached_to IS NOT NULL) AS ready,
               (SELECT count(*) FROM posts) AS posts,
               (SELECT count(*) FROM posts WHERE kind = 'REEL') AS reels,
               (SELECT count(*) FROM posts WHERE kind = 'VIDEO') AS videos,
               (SELECT count(*) FROM posts WHERE kind = 'CAROUSEL') AS carousels,
               (SELECT count(*) FROM uploads WHERE attached_to IS NOT NULL AND result ->> 'kind' = 'VIDEO') AS films,
               (SELECT count(*) FROM uploads WHERE attached_to IS NOT NULL AND result ->> 'has_sound' = 'true') AS loud,
               (SELECT count(*) FROM likes) AS likes,
               (SELECT count(*) FROM saves) AS saves,
               (SELECT count(*) FROM comments) AS comments,
               (SELECT count(*) FROM comments WHERE parent_id IS NOT NULL) AS replies,
               (SELECT count(*) FROM uploads JOIN users ON users.id = owner_id
                WHERE attached_to IS NULL AND users.bio <> '') AS unused,
               (SELECT count(*) FROM deliveries WHERE state <> 'DONE') AS left
    """)
    return {name: sum(row[name] for row in rows) for name in rows[0].keys()}  # noqa: SIM118  a record is no mapping


@pytest.mark.timeout(300)
async def test_an_interrupted_sowing_goes_on_where_it_was(
    store: Backend, workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = a_part(plan(), SOME_PEOPLE, SOME_POSTS + 3)
    monkeypatch.setattr(sowing, "plan", lambda: whole)
    monkeypatch.setattr(posting, "FILMS", SHORT_FILMS)

    class Interrupted(Exception):
        pass

    def interrupting(name: str, _total: int) -> Callable[[int], None]:
        def show(done: int) -> None:
            if name == "posts" and done > SOME_POSTS:
                raise Interrupted

        return show

    with pytest.raises(Interrupted):
        await sowing.sow(store.settings, interrupting)
    assert (await sowing.sow(store.settings, silent)).is_settled
    assert await planned(whole) == await counted(store)


async def test_a_name_that_somebody_else_has_is_left_to_them(store: Backend) -> None:
    stranger = await make_user(store, "wanderer")
    resident = replace(plan().people[7], username="wanderer")
    links = MediaLinks(store.signer)
    joined = await joining.join(store, links, resident)
    assert (joined.username, joined.full_name) == ("wanderer_7", resident.full_name)
    assert joined.id != stranger.id
    again = await joining.join(store, links, resident)
    assert (again.id, again.username, again.bio) == (joined.id, "wanderer_7", resident.bio)


async def people(store: Backend) -> int:
    return len(await store.reader().on_every_node("SELECT id FROM users"))


async def writing(store: Backend) -> set[int]:
    """The connections of those who write to the store."""
    rows = await store.reader().on_every_node(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'heliograph-write'"
    )
    return {row["pid"] for row in rows}


@contextlib.asynccontextmanager
async def sowing_town(store: Backend) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "cli.py",
        "seed",
        cwd=ROOT,
        env={**os.environ, **environment(store.settings)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def interrupted(process: asyncio.subprocess.Process) -> None:
    """By one Ctrl-C: soon, and with one sentence."""
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(END_SECONDS):
        out, error = await process.communicate()
    assert (process.returncode, out) == (1, b"")
    assert error.decode().splitlines()[-1] == "Interrupted; `cli.py seed` goes on where it was."
    assert b"Traceback" not in error


async def test_ctrl_c_ends_it_with_one_sentence(store: Backend) -> None:
    before = await people(store)
    async with sowing_town(store) as process:
        async with asyncio.timeout(60):
            while await people(store) < before + 3:
                await asyncio.sleep(0.05)
        await interrupted(process)
    assert await people(store) >= before + 3


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_one_ctrl_c_ends_it_at_any_moment(stack: Stack) -> None:
    async with empty_store(stack.settings, "interrupted_town", redis=14) as store:
        await store.storage.ensure_bucket()
        there = 0
        for _ in range(20):
            before = await writing(store)
            async with sowing_town(store) as process:
                async with asyncio.timeout(60):
                    while await writing(store) <= before:
                        await asyncio.sleep(0.1)
                await asyncio.sleep(random.uniform(0, 1))
                await interrupted(process)
            there_before, there = there, await people(store)
            assert there >= there_before
        assert there > 0
        assert await differences(store) == []


async def test_no_stack_is_one_sentence(tmp_path: Path) -> None:
    nowhere = Settings(data=tmp_path, database_urls=[], redis_url="", queue_url="", s3_endpoint="")
    done = await cli(nowhere, "seed", "--data", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"No stack runs on the data folder {tmp_path}: start one with `make run`, or set HELIOGRAPH_DATABASE_URLS.\n"
    )


async def test_production_is_refused(stack: Stack) -> None:
    settings = stack.settings.model_copy(update={"env": Environment.PRODUCTION})
    done = await cli(settings, "seed")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The demo town has passwords that everybody knows: it is not sown in production.\n"


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_the_whole_town_by_command_twice(stack: Stack) -> None:
    async with empty_store(stack.settings, "whole_town", redis=14) as store, working(stack, store):
        await store.storage.ensure_bucket()
        told, seconds = await seeded(store)
        assert await planned(plan()) == await counted(store)
        assert await differences(store) == []
        before = await digests(store)
        told_again, seconds_again = await seeded(store)
        assert told_again == told
        assert await digests(store) == before
        print(f"\nsown in {seconds:.0f} s, again in {seconds_again:.1f} s\n{told}")  # noqa: T201  a drill tells what it measured


async def seeded(store: Backend) -> tuple[str, float]:
    began = clock.monotonic()
    done = await cli(store.settings, "seed")
    assert done.returncode == 0, done.stderr
    return done.stdout, clock.monotonic() - began
