"""The names in `services/consequences.py`, held against the functions that the families bind to them."""

from collections import Counter
from collections.abc import Iterable, Mapping

from services.consequences import CONSEQUENCES, EventKind, Family, Handler
from workers.family import JobFamily
from workers.fanout import FANOUT
from workers.fast import FAST
from workers.film import FILM
from workers.media import MEDIA
from workers.rework import REWORK

PROCESSES: dict[str, tuple[JobFamily, ...]] = {"fast": (FAST,), "fanout": (FANOUT,), "media": (MEDIA, FILM, REWORK)}
"""Worker processes by name, and the families of which each serves the queues."""
FAMILIES: dict[Family, JobFamily] = {family.family: family for some in PROCESSES.values() for family in some}


class BadBindings(Exception):
    """The table of consequences and the functions bound to it do not match."""


def check_bindings(
    consequences: Mapping[EventKind, tuple[Handler, ...]] = CONSEQUENCES,
    families: Iterable[JobFamily] = tuple(FAMILIES.values()),
) -> None:
    """Raises BadBindings, naming everything that is wrong: an event without a handler, a handler without an event or
    a function, a name bound twice or in another family than the table says."""
    handlers = {handler for row in consequences.values() for handler in row}
    bound = [Handler(name, family.family) for family in families for name in family.functions]
    faults = [f"{kind} has no handler" for kind in EventKind if not consequences.get(kind)]
    faults += [f"{kind} names a handler twice" for kind, row in consequences.items() if len(set(row)) < len(row)]
    faults += [f"{name} is named in two families" for name in _repeated(handlers)]
    faults += [f"{name} is bound twice" for name in _repeated(bound)]
    faults += [f"{one.name} has no function in workers/{one.family.value}.py" for one in handlers.difference(bound)]
    faults += [f"{one.name} of workers/{one.family.value}.py has no event" for one in set(bound) - handlers]
    if faults:
        raise BadBindings("; ".join(sorted(faults)))


def _repeated(handlers: Iterable[Handler]) -> list[str]:
    return [name for name, times in Counter(one.name for one in handlers).items() if times > 1]
