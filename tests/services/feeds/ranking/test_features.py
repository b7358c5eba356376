import math
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, text

from core import clock
from media.keys import new_token
from models.ids import shard_of
from models.tables import Base, Block, CommentMade, CountDelta, Counter, Impression, LikeGiven, Post, SaveMade
from services.feeds.ranking.features import Candidate, post_features, viewer_features
from services.feeds.ranking.formula import posted_ms
from services.feeds.ranking.scorer import PostFeatures, ViewerFeatures
from services.marks import NOBODY
from tests.posting import inline_picture
from tests.services.feeds.town import Town

DAY = timedelta(days=1)


def picture(**fields: object) -> dict[str, object]:
    """As it stands in a post, whole: other tests see these posts in feeds of everybody."""
    return {"id": 1, "alt_text": None, **inline_picture(new_token()), **fields}


async def write(town: Town, owner: int, table: type[Base], *rows: dict[str, object]) -> None:
    async with town.backend.transaction(shard_of(owner)) as transaction:
        for row in rows:
            await transaction.session.execute(insert(table).values(row))


async def post_of(town: Town, author: int, **values: object) -> int:
    async with town.backend.transaction(shard_of(author)) as transaction:
        post_id = await transaction.mint_id()
        given: dict[str, object] = {"kind": "PHOTO", "media": [], "id": post_id, "author_id": author} | values
        await transaction.session.execute(insert(Post).values(given))
    return post_id


async def count(town: Town, object_id: int, **counters: int) -> None:
    async with town.backend.transaction(shard_of(object_id)) as transaction:
        for name, delta in counters.items():
            values = {"object_id": object_id, "counter": Counter[name], "delta": delta}
            await transaction.session.execute(insert(CountDelta).values(id=await transaction.mint_id(), **values))


async def test_of_posts_on_both_nodes(town: Town) -> None:
    viewer = await town.person()
    near, far = [await town.person(town.backend.shards.shards_on(node)[0], is_private=node == 1) for node in (0, 1)]
    await town.set_follow(viewer, far)
    async with town.backend.transaction(shard_of(far)) as transaction:
        row = {"blocker_id": far, "blocked_id": viewer, "state": "BLOCKED", "version": 1, "since": func.clock_now()}
        await transaction.session.execute(insert(Block).values(row))
    wide = [picture(width=4000, height=540), picture(width=2, height=2)]
    tagged = [{"id": 7, "name": "sky"}, {"id": 9, "name": "sea"}]
    one = await post_of(town, near, kind="CAROUSEL", media=wide, hashtags=tagged)
    other = await post_of(town, far, media=[picture(width=1080, height=1920)], state="ARCHIVED")
    await count(town, one, LIKES=3, COMMENTS=2, SHARES=1, SAVES=4)
    await count(town, one, LIKES=-1)
    await count(town, near, LIKES=50)
    found = await post_features(town.backend.reader(), viewer, [one, 5, other], seen={one})
    assert found == [
        Candidate(
            PostFeatures(other, far, "PHOTO", 0, 0, 0, 0, 1.0),
            "ARCHIVED",
            "ACTIVE",
            True,
            "ACCEPTED",
            frozenset(),
            blocks_viewer=True,
        ),
        Candidate(
            PostFeatures(one, near, "CAROUSEL", 2, 2, 1, 4, 0.5, is_seen=True),
            "LIVE",
            "ACTIVE",
            False,
            None,
            frozenset({7, 9}),
            blocks_viewer=False,
        ),
    ]
    reader = town.backend.reader()
    assert (await post_features(reader, viewer, []), reader.statements) == ([], 0)


async def test_of_a_viewer_what_was_done_decays_by_halves(town: Town) -> None:
    viewer, friend, other = [await town.person() for _ in range(3)]
    reader, now = town.backend.reader(), clock.now()
    shared = {"user_id": viewer, "version": 1}

    def liked(subject: int, days: float, **values: object) -> dict[str, object]:
        since = now - days * DAY
        return {"subject_id": subject, "state": "LIKED", "author_id": friend, "since": since} | shared | values

    await write(
        town,
        viewer,
        LikeGiven,
        liked(1, 0, post_kind="PHOTO"),
        liked(2, 30, post_kind="REEL"),
        liked(3, 0, subject_kind="COMMENT"),
        liked(4, 179, author_id=other, post_kind="PHOTO"),
        liked(5, 181, author_id=other, post_kind="PHOTO"),
        liked(6, 0, state="GONE", post_kind="PHOTO"),
        liked(7, 0, author_id=0),
        liked(8, 0, author_id=viewer, post_kind="PHOTO"),
    )
    saved = {"post_id": 1, "state": "SAVED", "author_id": friend, "post_kind": "PHOTO", "since": now - 60 * DAY}
    await write(town, viewer, SaveMade, shared | saved)
    comment = await town.post(other)  # an id of this moment
    said = {"comment_id": comment, "author_id": other, "post_kind": "REEL", "state": "LIVE", "since": now}
    await write(town, viewer, CommentMade, shared | said)
    visit = {"viewer_id": viewer, "surface": "PROFILE", "position": 0, "recorded_at": now - 15 * DAY}
    await write(
        town,
        viewer,
        Impression,
        visit | {"subject_id": friend, "author_id": friend, "subject_kind": "USER", "dwell_ms": 1},
        visit | {"subject_id": friend, "author_id": friend, "subject_kind": "USER", "dwell_ms": 2},
        visit | {"subject_id": 77, "author_id": friend, "subject_kind": "POST", "dwell_ms": 3, "post_kind": "PHOTO"},
    )
    tags = [{"user_id": one, "x": 0.5, "y": 0.5} for one in (other, viewer)]
    own = await post_of(town, viewer, media=[picture(tags=tags), picture(tags=tags[:1])])
    await post_of(town, viewer, media=[picture(tags=tags)], state="DELETED")

    now_ms = int(now.timestamp() * 1000)
    found = await viewer_features(reader, viewer, now_ms=now_ms)
    assert reader.statements == 1
    comment_age, tag_age = (max(0, now_ms - posted_ms(one)) / 86_400_000 for one in (comment, own))
    assert found.affinity == pytest.approx(
        {
            friend: 1 + 1 / 2 + 1 + 3 / 4 + 2 * 2**-0.5,
            other: 2 ** (-179 / 30) + 2 + 3 * 2 ** (-tag_age / 30),
        },
        rel=1e-6,
    )
    assert comment_age < 0.01
    assert found.kinds == pytest.approx({"PHOTO": 1 + 2 ** (-179 / 30) + 3 / 4, "REEL": 1 / 2 + 2}, rel=1e-6)
    later = await viewer_features(reader, viewer, now_ms=now_ms + 30 * 86_400_000, author_ids=[friend, 99])
    assert later.affinity == pytest.approx({friend: found.affinity[friend] / 2}, rel=1e-6)
    assert await viewer_features(reader, NOBODY) == ViewerFeatures()
    assert math.isfinite(sum(found.affinity.values()))


async def test_of_each_sort_the_latest_thousand_count(town: Town) -> None:
    viewer, friend = await town.person(), await town.person()
    async with town.backend.transaction(shard_of(viewer)) as transaction:
        await transaction.session.execute(
            text("""
                INSERT INTO likes_given (user_id, subject_id, state, version, since, author_id, post_kind)
                SELECT :viewer, n, 'LIKED', 1, clock_now() - n * interval '1 second', :friend, 'PHOTO'
                FROM generate_series(1, 1500) AS n
            """),
            {"viewer": viewer, "friend": friend},
        )
    found = await viewer_features(town.backend.reader(), viewer)
    expected = sum(2 ** (-second / 86_400 / 30) for second in range(1, 1001))
    assert found.affinity == pytest.approx({friend: expected}, rel=1e-4)
    assert found.kinds == pytest.approx({"PHOTO": expected}, rel=1e-4)
