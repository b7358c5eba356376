"""People, and what stands between them."""

import json
import random
from collections import defaultdict
from datetime import timedelta

from bench.crowd.rows import BEGAN, HASHTAG, Crowd, inline_image
from models.ids import shard_of, shard_of_name
from models.tables import Counter

_EACH = 2
"""Of each kind of mark that a viewer has among the followers of the star."""


def add_people(crowd: Crowd, dice: random.Random, *, people: int, follows: int) -> None:
    """One viewer in forty, every other one of them private; ten stars. `follows` each."""
    for number in range(people):
        user = crowd.clock.mint(number % crowd.shards)
        crowd.names[user] = name = f"person{number:05d}"
        crowd.ids[name] = user
    everybody = crowd.people = list(crowd.names)
    crowd.viewers, crowd.stars = everybody[::40], everybody[7 :: max(people // 10, 1)]
    crowd.private = {*crowd.viewers[::2], *everybody[19::40]}
    pairs = _follows(crowd, dice, follows)
    asked = _mark(crowd, dice, pairs)
    for pair in sorted(pairs):
        _follow(crowd, *pair, "PENDING" if pair in asked else "ACCEPTED")
    _count(crowd, pairs - asked)
    for number, user in enumerate(everybody):
        _add_person(crowd, user, number)
    shard = shard_of_name(f"HASHTAG:{HASHTAG}", crowd.shards)
    crowd.hashtag_id = crowd.clock.mint(shard)
    crowd.add("hashtags", shard, crowd.hashtag_id, HASHTAG)


def _add_person(crowd: Crowd, user: int, number: int) -> None:
    shard, name = shard_of(user), crowd.names[user]
    crowd.add("credentials", shard, user, f"{name}@example.com", None)
    avatar = json.dumps(inline_image(user, 2))
    is_private = user in crowd.private
    crowd.add("users", shard, user, name, f"Person {number}", "Takes photographs.", avatar, number % 9 == 0, is_private)
    claimed = shard_of_name(f"USERNAME:{name}", crowd.shards)
    crowd.add("claims", claimed, claimed, "USERNAME", name, user, user, "CONFIRMED")


def _follows(crowd: Crowd, dice: random.Random, follows: int) -> set[tuple[int, int]]:
    everybody = crowd.people
    return {
        (follower, followed)
        for follower in everybody
        for followed in dice.sample(everybody, follows)
        if followed != follower
    }


def _mark(crowd: Crowd, dice: random.Random, pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Each viewer mutes, and so on, some of those who follow the star; one in five blocks some, and is blocked by some.
    Returns the pairs that only ask."""
    followers: dict[int, list[int]] = defaultdict(list)
    for follower, followed in sorted(pairs):
        followers[followed].append(follower)
    asked: set[tuple[int, int]] = set()
    for place, viewer in enumerate(crowd.viewers):
        star = crowd.stars[place % len(crowd.stars)]
        nearby = [one for one in followers[star] if one not in crowd.viewers and one not in crowd.stars]
        chosen = dice.sample(nearby, 7 * _EACH)
        several = [chosen[first : first + _EACH] for first in range(0, len(chosen), _EACH)]
        _set_marks(crowd, viewer, *several[:3])
        if place % 5 == 4:
            _block(crowd, viewer, *several[3:5])
        wanted, asking = several[5:]
        crowd.private |= set(wanted)
        asked |= {(viewer, other) for other in wanted}
        if viewer in crowd.private:
            asked |= {(other, viewer) for other in asking}
    pairs -= crowd.apart
    pairs |= asked
    return asked


def _set_marks(crowd: Crowd, viewer: int, muted: list[int], close: list[int], alerts: list[int]) -> None:
    shard = shard_of(viewer)
    for other in muted:
        crowd.add("mutes", shard, viewer, other, "MUTED", 1, BEGAN)
    for other in close:
        crowd.add("close_friends", shard, viewer, other, "CLOSE", 1, BEGAN)
    for other in alerts:
        crowd.add("author_alerts", shard, viewer, other, True)


def _block(crowd: Crowd, viewer: int, blocked: list[int], blocking: list[int]) -> None:
    pairs = [(viewer, other) for other in blocked] + [(other, viewer) for other in blocking]
    for one, other in pairs:
        crowd.add("blocks", shard_of(one), one, other, "BLOCKED", 1, BEGAN)
        crowd.apart |= {(one, other), (other, one)}


def _follow(crowd: Crowd, follower: int, followed: int, state: str) -> None:
    a, b = crowd.names[follower], crowd.names[followed]
    since = BEGAN + timedelta(seconds=hash((follower, followed)) % 1_000_000)
    crowd.add("follows", shard_of(followed), followed, follower, state, 1, since, a, a, 1, a)
    crowd.add("following", shard_of(follower), follower, followed, state, 1, since, b, b, 1, b)


def _count(crowd: Crowd, accepted: set[tuple[int, int]]) -> None:
    followers: dict[int, int] = defaultdict(int)
    following: dict[int, int] = defaultdict(int)
    for follower, followed in accepted:
        followers[followed] += 1
        following[follower] += 1
    for user in crowd.people:
        crowd.add("counts", shard_of(user), user, int(Counter.FOLLOWERS), followers[user])
        crowd.add("counts", shard_of(user), user, int(Counter.FOLLOWING), following[user])
