"""Edges and their mirrors: two statements on which all two-sided relations stand.

The truth changes its state with `transition`, on its own shard, and its version grows by one. Each mirror takes over
what it is told with `apply` if that is newer than what it has: so jobs may come twice, late, or in the wrong order.
No row is ever deleted, or an old job would bring it back.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, func, literal, update
from sqlalchemy.dialects.postgresql import insert

from models.shards import Transaction
from models.tables import Base


def entered(state: str, before: str | None, after: str) -> int:
    """By how much a count of the rows in this state moves: 1, 0 or -1."""
    return (after == state) - (before == state)


@dataclass(frozen=True, slots=True)
class Edge:
    """The truth after a transition. `before` is None for a row that was not there. One that is withheld is not counted,
    and no transition changes that."""

    before: str | None
    after: str
    version: int
    since: datetime
    withheld: int = 0

    def entered(self, state: str) -> int:
        """By how much a count of the rows in this state moves: 1, 0 or -1."""
        return 0 if self.withheld else entered(state, self.before, self.after)


class Subject(NamedTuple):
    """Whose something is, and what kind of post (None for a comment): as mirrors hold it of what somebody did to it."""

    author_id: int
    post_kind: str | None

    @classmethod
    def of(cls, row: Any) -> "Subject":
        """Of a row with these columns."""
        return cls(row["author_id"], row["post_kind"])


NOT_WITHHELD: Mapping[str, Any] = {"withheld": 0}
"""For `transition` to begin an edge anew. Whoever does so was let in a moment ago, so nothing withholds it; what an
ended row says of it may be old, since jobs ask about what stands."""


async def transition(
    transaction: Transaction,
    table: type[Base],
    key: Mapping[str, Any],
    *,
    to_state: str,
    from_states: Collection[str | None],
    values: Mapping[str, Any] | None = None,
    at_version: int | None = None,
) -> Edge | None:
    """Moves the row to a state if it is in one of `from_states`, of which None stands for no row at all; and, where
    `at_version` is given, only from there.

    Returns None, and changes nothing, where it is in another. Of transitions that race, each sees the one before.
    `values` are further columns to set; `since` becomes the present unless it is among them.
    """
    target = _table_of(table)
    columns = {"since": func.clock_now(), **(values or {}), "state": to_state}
    known = [state for state in from_states if state is not None]
    change: dict[str, Any] = columns | {"previous_state": target.c.state, "version": target.c.version + 1}
    returned = (target.c.previous_state, target.c.state, target.c.version, target.c.since, _withheld(target))
    if None in from_states:
        begun = insert(target).values(**key, **columns, version=1)
        moved = await transaction.session.execute(
            begun.on_conflict_do_update(
                index_elements=list(key), set_=change, where=target.c.state.in_(known)
            ).returning(*returned)
        )
    else:
        matches = [target.c[name] == value for name, value in key.items()]
        if at_version is not None:
            matches.append(target.c.version == at_version)
        moved = await transaction.session.execute(
            update(target).where(*matches, target.c.state.in_(known)).values(change).returning(*returned)
        )
    row = moved.one_or_none()
    return None if row is None else Edge(*row)


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a mirror. Where it was as new already, `changed` is false and `before` is `after`."""

    changed: bool
    before: str | None
    after: str
    withheld: int = 0

    def entered(self, state: str) -> int:
        """By how much a count of the rows in this state moves: 1, 0 or -1."""
        return 0 if self.withheld else entered(state, self.before, self.after)


async def apply(
    transaction: Transaction,
    table: type[Base],
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    version: int,
    state: str,
) -> Change:
    """Brings a mirror to what the truth said at `version`, unless it knows something newer. Ends are applied too.

    `values` are the row's other columns, `since` among them.
    """
    target = _table_of(table)
    begun = insert(target).values(**key, **values, version=version, state=state)
    columns: dict[str, Any] = {name: begun.excluded[name] for name in (*values, "version", "state")}
    applied = await transaction.session.execute(
        begun.on_conflict_do_update(
            index_elements=list(key),
            set_=columns | {"previous_state": target.c.state},
            where=begun.excluded.version > target.c.version,
        ).returning(target.c.previous_state, target.c.state, _withheld(target))
    )
    row = applied.one_or_none()
    return Change(False, state, state) if row is None else Change(True, *row)


def _withheld(target: Table) -> ColumnElement[int]:
    return target.c.withheld if "withheld" in target.c else literal(0)


def _table_of(table: type[Base]) -> Table:
    found = table.__table__
    if not isinstance(found, Table):
        raise TypeError(f"{table.__name__} is no table")
    return found
