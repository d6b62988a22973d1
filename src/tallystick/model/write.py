"""What the engine asks of a system, and what came of it."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from msgspec import Struct, field

from tallystick.model.value import Value


class Action(enum.StrEnum):
    """What an operation does. The first three write to a system; the others only to the link table."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    LINK = "link"  # pair two existing records
    AGREE = "agree"  # both sides already say the same: the base moves
    PART = "part"  # the link becomes dormant: both ids stay known, nothing flows
    RELINK = "relink"  # an end of the link moves to another id (merge, add both)

    @property
    def is_write(self) -> bool:
        return self in (Action.CREATE, Action.UPDATE, Action.DELETE)


class Write(Struct, frozen=True, kw_only=True, gc=False):
    """One write, sent at most once per attempt. Source: spec/engine.md E27.

    Preconditions: when `version` is given and the system has versions, it must still be the record's version;
    otherwise the record must still hold `expected` (canonical text per field). Either failing gives MOVED.
    """

    key: str  # idempotency key, unique per operation, stable over attempts
    action: Action  # CREATE, UPDATE or DELETE
    id: str | None  # None only for a create whose id the system assigns
    values: Mapping[str, Value] = field(default_factory=dict)  # fields to set; for a create all that are known
    version: str | None = None
    expected: Mapping[str, Value] = field(default_factory=dict)


class Result(enum.StrEnum):
    DONE = "done"
    MOVED = "moved"  # precondition failed: the record changed since it was read (E31)
    ABSENT = "absent"  # the record to update is not there; a delete of an absent record is DONE
    EXISTS = "exists"  # a create met a record that already has this id or unique value
    REFUSED = "refused"  # the system refused the values: validation, constraint, permission on this record
    RETRY = "retry"  # certainly not written; may succeed later (lock, 429, 503, connection refused)
    UNKNOWN = "unknown"  # the answer was lost: written or not, nobody knows yet (E28)


class Outcome(Struct, frozen=True, kw_only=True, gc=False):
    key: str
    result: Result
    id: str | None = None  # with DONE of a create: the id the record has
    version: str | None = None  # with DONE: the new version, where known
    stored: Mapping[str, Value] | None = None  # with DONE: values as the system keeps them, where it tells
    message: str = ""  # a sentence without secrets, for REFUSED, RETRY and UNKNOWN
    retry_after_s: float | None = None
