import itertools
from datetime import timedelta

from sqlalchemy import insert, text

from core import clock
from models.ids import floor_of
from models.tables import Delivery, Event, Impression, SnapshotFeed
from services.backend import Backend
from services.feeds.snapshots import keep_snapshot
from services.retention import Expired, expire
from tests.services.outbox_rows import change, delivery, emitted

DAYS = 30
numbers = itertools.count()


async def aged_event(backend: Backend, shard: int, days: int) -> int:
    """An event of that many days ago, whose one delivery is done."""
    minted = floor_of(clock.now_ms() - int(timedelta(days=days).total_seconds() * 1000))
    event_id = minted | shard << 10 | next(numbers)
    async with backend.transaction(shard) as transaction:
        await transaction.session.execute(insert(Event).values(id=event_id, kind="UserRegistered", payload={}))
        await transaction.session.execute(
            insert(Delivery).values(event_id=event_id, handler="welcome_notification", shard=shard, state="DONE")
        )
    return event_id


async def test_old_events_go_when_all_their_deliveries_are_done(outbox: Backend) -> None:
    old = [await aged_event(outbox, shard, DAYS + 1) for shard in (3, 4, 5)]
    dead = await aged_event(outbox, 3, DAYS + 1)
    await change(outbox, dead, "state = 'DEAD'")
    young = await aged_event(outbox, 3, DAYS - 1)
    fresh = await emitted(outbox, 3)
    assert (await expire(outbox)).events == len(old)
    rows = await outbox.reader().on_every_node("SELECT id FROM events")
    assert {row["id"] for row in rows} == {dead, young, fresh}
    assert (await delivery(outbox, dead))["state"] == "DEAD"
    orphans = "SELECT event_id FROM deliveries d WHERE NOT EXISTS (SELECT FROM events e WHERE e.id = d.event_id)"
    assert await outbox.reader().on_every_node(orphans) == []
    assert await expire(outbox) == Expired()


async def test_old_keys_and_sources_go(outbox: Backend) -> None:
    now = clock.now()
    ages = {"young": now - timedelta(days=DAYS - 1), "old": now - timedelta(days=DAYS + 1)}
    ages["very old"] = now - timedelta(days=2 * DAYS + 1)
    async with outbox.transaction(6) as transaction:
        recipient = await transaction.mint_id()
        for number, (name, moment) in enumerate(ages.items()):
            await transaction.session.execute(
                text(
                    "INSERT INTO idempotency_keys (shard, actor_id, operation, key, result_id, created_at)"
                    " VALUES (6, :actor, 'createPost', :key, 1, :moment)"
                ),
                {"actor": recipient, "key": name, "moment": moment},
            )
            await transaction.session.execute(
                text("INSERT INTO notification_sources VALUES (:recipient, :event, :moment)"),
                {"recipient": recipient, "event": number, "moment": moment},
            )
    assert await expire(outbox) == Expired(idempotency_keys=2, notification_sources=1)
    keys = await outbox.reader().on_shard(6, "SELECT key FROM idempotency_keys WHERE actor_id = $1", recipient)
    assert [row["key"] for row in keys] == ["young"]
    sources = await outbox.reader().on_shard(
        6, "SELECT event_id FROM notification_sources WHERE recipient_id = $1 ORDER BY event_id", recipient
    )
    assert [row["event_id"] for row in sources] == [0, 1]


async def test_scores_that_comments_had_go_after_a_day(outbox: Backend) -> None:
    now = clock.now()
    async with outbox.transaction(6) as transaction:
        comment_id = await transaction.mint_id()
        for number, hours in enumerate((23, 25)):
            await transaction.session.execute(
                text(
                    "INSERT INTO comment_scores (comment_id, until, since, post_id, score, created_at)"
                    " VALUES (:comment, :until, 0, :comment, 0, :moment)"
                ),
                {"comment": comment_id, "until": number, "moment": now - timedelta(hours=hours)},
            )
    assert (await expire(outbox)).comment_scores == 1
    kept = await outbox.reader().on_shard(6, "SELECT until FROM comment_scores WHERE comment_id = $1", comment_id)
    assert [row["until"] for row in kept] == [0]


async def test_what_viewers_were_shown_goes_after_its_days_but_not_while_it_is_held(outbox: Backend) -> None:
    now = clock.now()
    days = outbox.settings.impression_retention_days
    kept = "SELECT position FROM impressions WHERE viewer_id = $1 ORDER BY position"
    async with outbox.transaction(6) as transaction:
        viewer_id = await transaction.mint_id()
        for number, age in enumerate((days - 1, days + 1, days + 1)):
            await transaction.session.execute(
                insert(Impression).values(
                    viewer_id=viewer_id, subject_id=1, surface="HOME", position=number, dwell_ms=0,
                    subject_kind="POST", author_id=1, recorded_at=now - timedelta(days=age),
                )
            )  # fmt: skip
    async with outbox.transaction(6) as transaction:
        held = text("SELECT 1 FROM impressions WHERE viewer_id = :viewer AND position = 1 FOR UPDATE")
        await transaction.session.execute(held, {"viewer": viewer_id})
        assert await expire(outbox) == Expired(impressions=1)
    assert [row["position"] for row in await outbox.reader().on_shard(6, kept, viewer_id)] == [0, 1]
    assert await expire(outbox) == Expired(impressions=1)
    assert [row["position"] for row in await outbox.reader().on_shard(6, kept, viewer_id)] == [0]


async def test_snapshots_of_feeds_go_after_two_days(outbox: Backend) -> None:
    made: list[int] = []
    viewer_id = 6 << 10
    for hours in (47, 49):
        kept = await keep_snapshot(outbox, viewer_id, SnapshotFeed.HOME, [], fingerprint=1, floor_id=0)
        async with outbox.transaction(6) as transaction:
            moment = clock.now() - timedelta(hours=hours)
            aged = text("UPDATE feed_snapshots SET created_at = :moment WHERE viewer_id = :viewer AND id = :id")
            await transaction.session.execute(aged, {"moment": moment, "viewer": viewer_id, "id": kept.id})
        made.append(kept.id)
    assert await expire(outbox) == Expired(feed_snapshots=1)
    left = await outbox.reader().on_shard(6, "SELECT id FROM feed_snapshots WHERE viewer_id = $1", viewer_id)
    assert [row["id"] for row in left] == made[:1]


async def test_orders_of_pages_go_after_a_day(outbox: Backend) -> None:
    now = clock.now()
    async with outbox.transaction(6) as transaction:
        page_id = await transaction.mint_id()
        for number, hours in enumerate((23, 25)):
            await transaction.session.execute(
                text(
                    "INSERT INTO page_tops (page_id, id, created_at, floor_id, ids) VALUES (:page, :id, :at, 0, '{1}')"
                ),
                {"page": page_id, "id": number, "at": now - timedelta(hours=hours)},
            )
    assert await expire(outbox) == Expired(page_tops=1)
    kept = await outbox.reader().on_shard_of(page_id, "SELECT id FROM page_tops WHERE page_id = $1", page_id)
    assert [row["id"] for row in kept] == [0]
