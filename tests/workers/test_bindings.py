import pytest

from services.consequences import CONSEQUENCES, EventKind, Family, Handler
from services.outbox import Job
from workers.bindings import FAMILIES, BadBindings, check_bindings
from workers.family import JobFamily

ROW = {EventKind.USER_REGISTERED: (Handler("welcome", Family.FAST),)}


async def work(_: Job) -> None:
    return


def family(kind: Family, *names: str) -> JobFamily:
    return JobFamily(kind, timeout_seconds=1, concurrency=1, functions=dict.fromkeys(names, work))


@pytest.fixture
def one_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were but one kind of event."""
    monkeypatch.setattr("workers.bindings.EventKind", [EventKind.USER_REGISTERED])


def test_the_house_as_it_stands_is_bound() -> None:
    check_bindings()
    assert set(FAMILIES) == set(Family)


def test_every_event_has_handlers() -> None:
    assert set(CONSEQUENCES) == set(EventKind)


def test_what_matches_is_accepted(one_event: None) -> None:
    check_bindings(ROW, [family(Family.FAST, "welcome"), family(Family.MEDIA)])


@pytest.mark.parametrize(
    ("consequences", "families", "fault"),
    [
        ({}, [], "UserRegistered has no handler"),
        ({EventKind.USER_REGISTERED: ()}, [], "UserRegistered has no handler"),
        (ROW, [], "welcome has no function in workers/fast.py"),
        (ROW, [family(Family.FAST, "welcome", "idle")], "idle of workers/fast.py has no event"),
        (ROW, [family(Family.FAST, "welcome"), family(Family.MEDIA, "welcome")], "welcome is bound twice"),
        (ROW, [family(Family.MEDIA, "welcome")], "welcome has no function in workers/fast.py"),
        (
            {EventKind.USER_REGISTERED: (Handler("welcome", Family.FAST), Handler("welcome", Family.FAST))},
            [family(Family.FAST, "welcome")],
            "UserRegistered names a handler twice",
        ),
        (
            {EventKind.USER_REGISTERED: (Handler("welcome", Family.FAST), Handler("welcome", Family.MEDIA))},
            [family(Family.FAST, "welcome"), family(Family.MEDIA, "welcome")],
            "welcome is named in two families",
        ),
    ],
)
def test_what_does_not_match_is_named(
    one_event: None, consequences: dict[EventKind, tuple[Handler, ...]], families: list[JobFamily], fault: str
) -> None:
    with pytest.raises(BadBindings, match=fault):
        check_bindings(consequences, families)
