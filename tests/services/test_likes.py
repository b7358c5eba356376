import asyncio
import random

import pytest

from core.errors import UserErrorCode, UserFault
from models.global_ids import NodeKind
from models.tables import Counter
from services import counts
from services.backend import Backend
from services.consequences import EventKind
from services.likes import like, repair_like, unlike
from services.visibility import visible_comments, visible_posts
from tests.factories import Person, make_user
from tests.posting import (
    change,
    count_of,
    events_about,
    fingerprint,
    job_of,
    links,
    make_comment,
    make_post,
    rows,
    set_post_state,
)
from tests.recount import differences

GIVEN = "SELECT state, version FROM likes_given WHERE user_id = $1 AND subject_id = $2"


async def given(backend: Backend, person: Person, subject_id: int) -> list[tuple[object, ...]]:
    return await rows(backend, person.id, GIVEN, person.id, subject_id)


async def test_a_like_is_counted_once_and_taken_back(backend: Backend) -> None:
    author, fan = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    subject = (NodeKind.POST, post_id)
    for work, liked, version in ((like, True, 1), (like, True, 1), (unlike, False, 2), (unlike, False, 2)):
        await work(backend, links(backend), fan.id, *subject)
        [post] = (await visible_posts(backend.reader(), links(backend), fan.id, [post_id])).values()
        assert (post.viewer_has_liked, post.like_count) == (liked, int(liked))
        assert await given(backend, fan, post_id) == [("LIKED" if liked else "GONE", version)]
    told = {"subject_kind": "POST", "subject_id": post_id, "user_id": fan.id, "owner_id": author.id}
    for kind, version in ((EventKind.LIKED, 1), (EventKind.UNLIKED, 2)):
        assert await events_about(backend, post_id, kind, subject_id=post_id) == [{**told, "version": version}]


async def test_a_comment_is_liked_alike(backend: Backend) -> None:
    author, writer, fan = [await make_user(backend) for _ in range(3)]
    comment_id = await make_comment(backend, writer, await make_post(backend, author))
    await like(backend, links(backend), fan.id, NodeKind.COMMENT, comment_id)
    found = await visible_comments(backend.reader(), links(backend), fan.id, [comment_id])
    assert (found[comment_id].viewer_has_liked, found[comment_id].like_count) == (True, 1)
    [event] = await events_about(backend, comment_id, EventKind.LIKED, subject_id=comment_id)
    assert (event["subject_kind"], event["owner_id"]) == ("COMMENT", writer.id)


async def test_what_cannot_be_seen_cannot_be_liked(backend: Backend) -> None:
    hidden, stranger = await make_user(backend, is_private=True), await make_user(backend)
    post_id, deleted = await make_post(backend, hidden), await make_post(backend, stranger)
    comment_id = await make_comment(backend, hidden, post_id)
    await set_post_state(backend, deleted, "DELETED")
    subjects = [
        (NodeKind.POST, post_id),
        (NodeKind.COMMENT, comment_id),
        (NodeKind.POST, deleted),
        (NodeKind.POST, stranger.id),
        (NodeKind.USER, stranger.id),
        (NodeKind.POST, (1 << 62) | (8191 << 10)),
    ]
    before = await fingerprint(backend)
    for work in (like, unlike):
        for subject in subjects:
            with pytest.raises(UserFault) as raised:
                await work(backend, links(backend), stranger.id, *subject)
            assert (raised.value.code, raised.value.field) == (UserErrorCode.NOT_FOUND, ("subjectId",))
    assert await fingerprint(backend) == before


async def test_the_handler_repairs_the_mirror(backend: Backend) -> None:
    author, fan = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    await like(backend, links(backend), fan.id, NodeKind.POST, post_id)
    await change(
        backend,
        fan.id,
        "DELETE FROM likes_given WHERE user_id = :user AND subject_id = :subject",
        user=fan.id,
        subject=post_id,
    )
    job = job_of(backend, EventKind.LIKED, {"subject_kind": "POST", "subject_id": post_id, "user_id": fan.id})
    for _ in range(2):
        await repair_like(job)
        assert await given(backend, fan, post_id) == [("LIKED", 1)]
    await unlike(backend, links(backend), fan.id, NodeKind.POST, post_id)
    await repair_like(job)
    assert await given(backend, fan, post_id) == [("GONE", 2)]


async def _storm(backend: Backend, people: int, times: int) -> None:
    """All like and unlike one post and one comment at once; counts, rows and mirrors say the same afterwards."""
    author = await make_user(backend)
    fans = list(await asyncio.gather(*(make_user(backend) for _ in range(people))))
    post_id = await make_post(backend, author)
    comment_id = await make_comment(backend, author, post_id)
    chance = random.Random(5)
    gate = asyncio.Semaphore(32)

    async def one() -> None:
        subject = chance.choice([(NodeKind.POST, post_id), (NodeKind.COMMENT, comment_id)])
        async with gate:
            await chance.choice([like, like, unlike])(backend, links(backend), chance.choice(fans).id, *subject)
            if chance.random() < 0.02:
                await counts.fold(backend, subject[1])

    await asyncio.gather(*(one() for _ in range(times)))
    for subject_id in (post_id, comment_id):
        liked = "SELECT user_id, version FROM likes WHERE subject_id = $1 AND state = 'LIKED' ORDER BY 1"
        truth = await rows(backend, subject_id, liked, subject_id)
        assert await count_of(backend, subject_id, Counter.LIKES) == len(truth) == len({user for user, _ in truth}) > 0
        mirrored = "SELECT user_id, version FROM likes_given WHERE subject_id = $1 AND state = 'LIKED'"
        assert sorted(tuple(row) for row in await backend.reader().on_every_node(mirrored, subject_id)) == truth
    assert await differences(backend, {author.id, post_id, comment_id}) == []


async def test_people_like_and_unlike_at_once(backend: Backend) -> None:
    await _storm(backend, people=50, times=500)


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_hundreds_like_and_unlike_thousands_of_times(backend: Backend) -> None:
    await _storm(backend, people=500, times=5000)
