"""What hypothesis draws: turns, in each of which one or two people do something while jobs run. A script prints as the
code that plays it again."""

from dataclasses import dataclass
from typing import TypeAlias

from hypothesis import strategies as st

PEOPLE = 5
PLAIN, SKIPPED, STRAY = "plain", "skipped", "stray"
"""What becomes of the steps behind the commits of an operation: done, never done, done at some later time."""


@dataclass(frozen=True, slots=True)
class Do:
    """`who` does it, to `whom` or to a `thing`: which one that is depends on what there is then (`Play.aimed`)."""

    action: str
    who: int
    whom: int = 0
    thing: int = 0
    way: str = PLAIN


@dataclass(frozen=True, slots=True)
class Work:
    """Some job that is due, or was done before and comes again. It dies where it saves its progress for the time
    `lives` + 1; 3: it lives on."""

    which: int
    lives: int = 3
    again: bool = False


@dataclass(frozen=True, slots=True)
class Settle:
    """All jobs until there are none, in an order that depends on `which`; then everything is looked at."""

    which: int = 0


Part: TypeAlias = Do | Work | Settle
Turn: TypeAlias = tuple[Part, ...]
"""What happens at once; () is for nothing."""

ACTIONS = [
    action
    for action, weight in {
        "follow": 7, "unfollow": 2, "accept": 4, "decline": 1, "remove": 1, "block": 3, "unblock": 4, "mute": 1,
        "unmute": 1, "befriend": 1, "unfriend": 1, "close": 3, "open": 3, "suspend": 2, "restore": 3, "post": 5,
        "archive": 2, "unarchive": 2, "delete": 2, "like": 4, "unlike": 2, "like_comment": 2, "unlike_comment": 1,
        "comment": 4, "reply": 3, "uncomment": 1, "save": 2, "unsave": 1, "share": 1,
    }.items()
    for _ in range(weight)
]  # fmt: skip

_do = st.builds(
    Do,
    st.sampled_from(ACTIONS),
    st.integers(0, PEOPLE - 1),
    st.integers(0, PEOPLE - 1),
    st.integers(0, 11),
    st.sampled_from([PLAIN, PLAIN, PLAIN, SKIPPED, STRAY]),
)
_work = st.builds(Work, st.integers(0, 31), st.integers(0, 3), st.sampled_from([False, False, False, True]))
_settle = st.builds(Settle, st.integers(0, 255))
_PARTS = {"d": _do, "w": _work, "s": _settle}
_TURNS = ["", *["d"] * 12, *["w"] * 10, "s", *["dw"] * 10, *["dd"] * 8, *["ddw"] * 4, *["www"] * 3, *["d"] * 12]
"""The settlement in the middle: hypothesis likes both ends."""
_turn = st.sampled_from(_TURNS).flatmap(lambda parts: st.tuples(*(_PARTS[part] for part in parts)))
OPENING: list[Turn] = [(Do("post", who),) for who in range(PEOPLE)]


def scripts(length: int) -> st.SearchStrategy[list[Turn]]:
    """Of so many turns; what is not needed to fail shrinks to ()."""
    return st.lists(_turn, min_size=length, max_size=length)


def as_code(script: list[Turn]) -> str:
    lines = (f"    ({', '.join(map(repr, turn))},)," for turn in script if turn)
    return "[\n" + "\n".join(lines) + "\n]"
