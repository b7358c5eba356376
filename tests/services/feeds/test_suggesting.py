import random
from dataclasses import replace

import pytest
from sqlalchemy import func, insert

from core.errors import ShardUnavailable
from models.ids import shard_of
from models.tables import Block, Mute
from services.backend import Backend
from services.background import Background
from services.feeds import suggesting
from services.feeds.suggesting import SuggestedUserRow, reason_of, suggested_users
from services.visibility import visible_users
from tests.posting import change, links
from tests.services.feeds.town import Town


async def card(town: Town, viewer: int) -> list[SuggestedUserRow]:
    found = await suggested_users(town.backend, town.backend.reader(), links(town.backend), viewer)
    assert found is None or found.users
    return found.users if found else []


async def suggested(town: Town, viewer: int) -> list[tuple[int, int, str]]:
    return [(row.user.id, row.mutual_count, row.reason) for row in await card(town, viewer)]


async def following(town: Town, viewer: int, count: int) -> list[int]:
    """People on both nodes whom the viewer follows."""
    shards = town.backend.shards
    people = [await town.person(shards.shards_on(number % 2)[number % 5]) for number in range(count)]
    for person in people:
        await town.set_follow(viewer, person)
    return people


async def set_mark(town: Town, table: type[Block | Mute], one: int, other: int) -> None:
    names = ("blocker_id", "blocked_id", "BLOCKED") if table is Block else ("muter_id", "muted_id", "MUTED")
    async with town.backend.transaction(shard_of(one)) as transaction:
        row = {names[0]: one, names[1]: other, "state": names[2], "version": 1}
        await transaction.session.execute(insert(table).values(row | {"since": func.clock_now()}))


async def set_follow_state(town: Town, follower: int, followed: int, assignment: str) -> None:
    """Of the truth alone."""
    sql = f"UPDATE follows SET {assignment} WHERE followed_id = :id AND follower_id = :follower"
    await change(town.backend, followed, sql, id=followed, follower=follower)


async def test_most_followed_by_the_followed_come_first_and_it_says_why(town: Town) -> None:
    viewer = await town.person()
    ada, bob, cem = await following(town, viewer, 3)
    by_all, by_two, by_one, later = [await town.person() for _ in range(4)]
    for person, followers in ((by_one, [cem]), (by_two, [bob, cem]), (by_all, [ada, bob, cem]), (later, [ada])):
        for follower in followers:
            await town.set_follow(follower, person)
    first, second = sorted((bob, cem))
    expected = [
        (by_all, 3, f"Followed by u{min(ada, bob, cem)} and 2 others"),
        (by_two, 2, f"Followed by u{first} and u{second}"),
        *sorted([(by_one, 1, f"Followed by u{cem}"), (later, 1, f"Followed by u{ada}")]),
    ]
    assert await suggested(town, viewer) == expected
    assert await suggested(town, later) == []


async def test_who_may_not_be_suggested(town: Town) -> None:
    viewer = await town.person()
    ada, bob = await following(town, viewer, 2)
    names = ("good", "private", "asked", "followed", "muted", "blocked", "blocking", "suspended")
    people = {name: await town.person(is_private=name == "private") for name in names}
    for person in (*people.values(), viewer, bob):
        await town.set_follow(ada, person)
    await town.set_follow(viewer, people["followed"])
    await town.set_follow(viewer, people["asked"], mirror=False)
    await set_follow_state(town, viewer, people["asked"], "state = 'PENDING'")
    await set_mark(town, Mute, viewer, people["muted"])
    await set_mark(town, Block, viewer, people["blocked"])
    await set_mark(town, Block, people["blocking"], viewer)
    suspend = "UPDATE users SET state = 'SUSPENDED' WHERE id = :id"
    await change(town.backend, people["suspended"], suspend, id=people["suspended"])
    why = f"Followed by u{ada}"
    assert await suggested(town, viewer) == [(people["good"], 1, why)]
    await change(town.backend, people["good"], "UPDATE users SET is_private = true WHERE id = :id", id=people["good"])
    assert await suggested(town, viewer) == []
    await change(
        town.backend, people["private"], "UPDATE users SET is_private = false WHERE id = :id", id=people["private"]
    )
    assert await suggested(town, viewer) == [(people["private"], 1, why)]
    await set_follow_state(town, viewer, people["asked"], "state = 'GONE'")
    found = await suggested(town, viewer)
    assert found == [(number, 1, why) for number in sorted((people["private"], people["asked"]))]


async def test_who_is_muted_is_neither_counted_nor_named(town: Town) -> None:
    viewer, person, other = [await town.person() for _ in range(3)]
    muted, heard = await following(town, viewer, 2)
    for follower in (muted, heard):
        await town.set_follow(follower, person)
    await town.set_follow(muted, other)
    await set_mark(town, Mute, viewer, muted)
    assert await suggested(town, viewer) == [(person, 1, f"Followed by u{heard}")]
    await set_mark(town, Mute, viewer, heard)
    assert await suggested(town, viewer) == []


async def test_only_those_are_counted_and_named_whom_the_viewer_sees_and_follows(town: Town) -> None:
    viewer, person = await town.person(), await town.person()
    people = await following(town, viewer, 6)
    blocking, suspended, thrown_out, withheld, ended, seen = people
    for follower in people:
        await town.set_follow(follower, person)
    await set_mark(town, Block, blocking, viewer)
    await change(town.backend, suspended, "UPDATE users SET state = 'SUSPENDED' WHERE id = :id", id=suspended)
    await set_follow_state(town, viewer, thrown_out, "state = 'GONE'")
    await set_follow_state(town, withheld, person, "withheld = 2")
    await set_follow_state(town, ended, person, "state = 'GONE'")
    assert await suggested(town, viewer) == [(person, 1, f"Followed by u{seen}")]
    await set_follow_state(town, seen, person, "state = 'PENDING'")
    assert await suggested(town, viewer) == []


async def test_whom_someone_private_follows_is_told_to_those_who_are_let_in(town: Town) -> None:
    viewer, person = await town.person(), await town.person()
    [ada] = await following(town, viewer, 1)
    await town.set_follow(ada, person)
    await change(town.backend, ada, "UPDATE users SET is_private = true WHERE id = :id", id=ada)
    assert await suggested(town, viewer) == [(person, 1, f"Followed by u{ada}")]
    await set_follow_state(town, viewer, ada, "state = 'PENDING'")
    assert await suggested(town, viewer) == []


async def test_ten_are_shown_to_those_who_follow_fewer_than_ten(town: Town) -> None:
    viewer = await town.person()
    people = await following(town, viewer, 9)
    crowd = sorted([await town.person() for _ in range(14)])
    for place, person in enumerate(crowd):
        for follower in people[: 1 + place // 4]:
            await town.set_follow(follower, person)
    order = sorted(((1 + place // 4, person) for place, person in enumerate(crowd)), key=lambda one: (-one[0], one[1]))
    found = [(number, person) for person, number, _ in await suggested(town, viewer)]
    assert found == order[:10]
    await following(town, viewer, 1)
    assert await suggested(town, viewer) == []
    for below, shown in ((11, 10), (10, 0), (0, 0)):
        settings = town.backend.settings.model_copy(update={"suggest_below_follows": below})
        own = Town(replace(town.backend, settings=settings, background=Background()))
        assert len(await suggested(own, viewer)) == shown


async def test_who_follows_nobody_has_no_card(town: Town) -> None:
    viewer, reader = await town.person(), town.backend.reader()
    assert await suggested_users(town.backend, reader, links(town.backend), viewer) is None
    assert reader.statements == 1


async def test_of_a_crowd_the_latest_are_looked_through(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = await town.person()
    ada, bob = await following(town, viewer, 2)
    crowd = [await town.person() for _ in range(5)]
    for person in crowd:
        await town.set_follow(ada, person)
        await town.set_follow(bob, person)
    monkeypatch.setattr(suggesting, "LOOKED_THROUGH", 6)
    assert [row[0] for row in await suggested(town, viewer)] == sorted(crowd[2:])
    monkeypatch.setattr(suggesting, "CONSIDERED", 2)
    assert [row[:2] for row in await suggested(town, viewer)] == [(person, 2) for person in sorted(crowd[2:])[:2]]


async def test_statements_do_not_depend_on_how_many_there_are(town: Town) -> None:
    shards = town.backend.shards
    costs = set()
    for count in (2, 9):
        viewer = await town.person()
        people = await following(town, viewer, count)
        crowd = [await town.person(shards.shards_on(number % 2)[0]) for number in range(2 * count)]
        for person in crowd:
            await town.set_follow(people[0], person)
            await town.set_follow(people[1], person)
        reader = town.backend.reader()
        found = await suggested_users(town.backend, reader, links(town.backend), viewer)
        assert found is not None
        assert len(found.users) == min(10, 2 * count)
        costs.add(reader.statements)
        assert await suggested_users(town.backend, reader, links(town.backend), viewer) is found
        assert reader.statements in costs
    assert costs == {12}  # whom the viewer follows, blocks and mutes; and five on each node


async def test_what_is_on_a_node_out_of_reach_is_left_out(town: Town) -> None:
    shards = town.backend.shards
    viewer = await town.person(shards.shards_on(0)[0])
    people = await following(town, viewer, 2)
    crowd = [await town.person(shards.shards_on(node)[0]) for node in (0, 1)]
    for person in crowd:
        for follower in people:
            await town.set_follow(follower, person)
    urls = [town.backend.settings.database_urls[0], "postgresql://heliograph@127.0.0.1:1/heliograph"]
    half = await Backend.open(town.backend.settings.model_copy(update={"database_urls": urls}))
    near = next(one for one in people if shards.node_of(shard_of(one)) == 0)
    assert await suggested(Town(half), viewer) == [(crowd[0], 1, f"Followed by u{near}")]
    with pytest.raises(ShardUnavailable):
        await suggested(Town(half), people[1])
    await half.close()


async def test_it_is_what_a_plain_oracle_says(town: Town) -> None:
    draw = random.Random(7)
    people = [await town.person(is_private=draw.random() < 0.2) for _ in range(30)]
    private = {row["id"] for row in await town.backend.reader().on_every_node("SELECT id FROM users WHERE is_private")}
    follows: set[tuple[int, int]] = set()
    blocks: set[tuple[int, int]] = set()
    mutes: set[tuple[int, int]] = set()
    for one in people:
        for other in draw.sample([person for person in people if person != one], draw.randint(0, 12)):
            await town.set_follow(one, other)
            follows.add((one, other))
        for table, pairs in ((Block, blocks), (Mute, mutes)):
            other = draw.choice([person for person in people if person != one])
            await set_mark(town, table, one, other)
            pairs.add((one, other))
    shown = 0
    for viewer in people:
        hidden = {one for one in people if {(viewer, one), (one, viewer)} & blocks}
        followed = {other for one, other in follows if one == viewer}
        among = followed - hidden - {muted for muter, muted in mutes if muter == viewer}
        expected = []
        for person in set(people) - private - hidden - followed - {viewer}:
            mutual = sorted(one for one in among if (one, person) in follows)
            if mutual and (viewer, person) not in mutes and len(followed) < 10:
                expected.append((-len(mutual), person, mutual[0]))
        found = await suggested(town, viewer)
        assert [(-count, person) for person, count, _ in found] == [one[:2] for one in sorted(expected)[:10]]
        named = [reason.split()[2] for _, _, reason in found]
        assert named == [f"u{first}" for _, _, first in sorted(expected)[:10]]
        shown += len(found)
    assert shown > 50


async def test_the_sentence(town: Town) -> None:
    ids = sorted([await town.person() for _ in range(4)])
    found = await visible_users(town.backend.reader(), links(town.backend), ids[0], ids)
    people = [found[user_id] for user_id in ids]
    a, b = ids[:2]
    assert [reason_of(people[:count]) for count in (1, 2, 3, 4)] == [
        f"Followed by u{a}", f"Followed by u{a} and u{b}", f"Followed by u{a} and 2 others",
        f"Followed by u{a} and 3 others",
    ]  # fmt: skip
