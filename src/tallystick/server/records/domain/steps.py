"""What is asked of the records, and what came of it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from tallystick.model.value import Value
from tallystick.model.write import Result


class Doing(enum.StrEnum):
    """What is done to a record; the history names it so."""

    CREATE = "created"
    UPDATE = "changed"
    DELETE = "deleted"
    RESTORE = "restored"
    MERGE = "merged"
    ABSORB = "absorbed"  # another record was merged into it
    ARCHIVE = "archived"


GOING = (Doing.DELETE, Doing.MERGE, Doing.ARCHIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who writes, as histories show it."""

    by: str
    via: str  # "web", "api", "run <id>", "command line"
    by_id: str | None = None  # the user's
    run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of one record. `values` are canonical texts; `version` and `expected` are preconditions."""

    doing: Doing
    id: str | None = None  # None: a fresh one, for a create
    values: Mapping[str, Value] = field(default_factory=dict)
    version: int | None = None
    expected: Mapping[str, Value] = field(default_factory=dict)
    key: str | None = None  # idempotency key of a create
    into: str | None = None  # the survivor of a merge
    reason: str = ""
    is_return: bool = False  # puts back what was: also codes that are not given any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a step. `message` is a sentence where the result is not DONE; `faults` tell it field by field."""

    result: Result
    id: str | None = None
    number: int | None = None
    version: int | None = None
    stored: Mapping[str, Value] | None = None
    changes: Mapping[str, tuple[Value, Value]] = field(default_factory=dict)  # field -> before, after
    message: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Row:
    """A record as the tables hold it."""

    id: str
    number: int
    version: int
    gone_why: str | None
    merged_into: str | None
    values: dict[str, Value]  # all its own fields

    @property
    def is_live(self) -> bool:
        return self.gone_why is None


@dataclass(slots=True, kw_only=True)
class Draft:
    """A step on its way into the tables."""

    step: Step
    doing: Doing
    id: str
    row: Row | None  # as it is now; None for a new record
    after: dict[str, Value]
    faults: dict[str, str] = field(default_factory=dict)
    result: Result = Result.REFUSED  # when there are faults
    _settled: dict[str, tuple[Value, Value]] | None = field(default=None, init=False, repr=False)

    @property
    def before(self) -> Mapping[str, Value]:
        return self.row.values if self.row is not None else {}

    @property
    def is_create(self) -> bool:
        return self.doing is Doing.CREATE

    @property
    def changes(self) -> dict[str, tuple[Value, Value]]:
        """What differs; of a new record every value but null."""
        if self._settled is not None:
            return self._settled
        before = self.before
        return {name: (before.get(name), value) for name, value in self.after.items() if before.get(name) != value}

    def settle(self) -> None:
        """From here on `after` stays as it is, so that what differs is looked for no more."""
        self._settled = self.changes

    def is_changed(self, *names: str) -> bool:
        before = self.before
        return any(before.get(name) != self.after.get(name) for name in names)

    def refuse(self, name: str, sentence: str, result: Result = Result.REFUSED) -> None:
        self.faults.setdefault(name, sentence)
        self.result = result
