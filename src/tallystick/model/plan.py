"""What a run would do and did: operations, reviews, runs."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct, field

from tallystick.model.link import MatchKey, Unlinked
from tallystick.model.side import Side
from tallystick.model.value import Reference, Value
from tallystick.model.write import Action

LAST: Final = 1 << 40
"""Deletions are numbered from here, so that they come after everything else (E26)."""

Planned = Value | Reference
"""A value to be written; a Reference is replaced by an id just before the write."""


class OperationState(enum.StrEnum):
    """`planned` -> `sent` (the intent is durable) -> one of the others, which are final but for `unknown`."""

    PLANNED = "planned"
    SENT = "sent"
    DONE = "done"
    MOVED = "moved"  # the record changed since the plan; planned anew
    REFUSED = "refused"  # by the system, or by apply because the line no longer holds
    FAILED = "failed"  # gave up after retries; certainly not written
    UNKNOWN = "unknown"  # nobody knows; waits for a person
    DROPPED = "dropped"  # the run ended before it was sent


class Operation(Struct, frozen=True, kw_only=True, gc=False):
    """One line of a plan; with its state, one line of the journal. Source: engine.md E24, E27.

    When it is done, its link's base takes `settles[side]` of both sides (for the written side on top of
    that `after`), its ends take `left_id` and `right_id`, and keys and versions follow: one transaction.
    """

    number: int = 0  # the store's own number; 0 before it is stored
    run: str = ""
    seq: int = 0  # order within run and flow; the order of execution
    flow: str = ""
    action: Action
    side: Side  # the side written; for bookkeeping the side whose record gave rise to it
    left_id: str | None
    right_id: str | None  # the written side's id is None for a create until reserved or done
    link: int | None = None  # the link it updates; None: a new one is made
    before: Mapping[str, Value] = field(
        default_factory=dict
    )  # written side's fields, as they were (delete: the whole record)
    after: Mapping[str, Planned] = field(default_factory=dict)  # written side's fields, as they will be
    settles: Mapping[Side, Mapping[str, Value]] = field(default_factory=dict)  # base values agreed once done
    versions: Mapping[Side, str | None] = field(default_factory=dict)  # as read; the written side's is the precondition
    reason: str = ""  # a phrase for people: "changed on the left"
    rules: Mapping[str, str] = field(default_factory=dict)  # per written field, why it has this value (E35)
    evidence: Mapping[str, Any] = field(default_factory=dict)  # for link and create: the match evidence
    keys: tuple[MatchKey, ...] = ()  # match keys of both records once done
    is_partial: bool = False  # something of this pair is still held: its link stays UNSETTLED when this is done
    state: OperationState = OperationState.PLANNED
    message: str = ""
    attempts: int = 0
    at: str = ""  # canonical datetime of the last change of state

    def id_on(self, side: Side) -> str | None:
        return self.left_id if side is Side.LEFT else self.right_id


class ReviewKind(enum.StrEnum):
    POSSIBLE = "possible"
    DISPUTED = "disputed"
    CONFLICT = "conflict"
    LOSSY_EDIT = "lossy_edit"
    UNMAPPED_CODE = "unmapped_code"
    REJECT = "reject"
    UNKNOWN = "unknown"
    HELD = "held"
    COLLISION = "collision"


class ReviewStatus(enum.StrEnum):
    OPEN = "open"
    DECIDED = "decided"
    CLEARED = "cleared"  # its cause is gone


class Take(enum.StrEnum):
    """A person's answer."""

    LEFT = "left"
    RIGHT = "right"
    LINK = "link"
    CREATE = "create"
    IGNORE = "ignore"
    APPROVE = "approve"  # a held run
    REFUSE = "refuse"  # a held run


class Decision(Struct, frozen=True, kw_only=True):
    take: Take
    fields: Mapping[str, Take] = field(default_factory=dict)  # per field choice, over `take`
    partner: str | None = None  # the candidate chosen, with LINK
    by: str = ""
    at: str = ""
    note: str = ""
    run: str = ""  # that carries it out, with all that was answered in the same breath


class Review(Struct, frozen=True, kw_only=True):
    """A question that waits for a person. At most one open review per (scope, kind, left, right, topic)."""

    number: int = 0
    flow: str = ""
    kind: ReviewKind
    left_id: str | None = None
    right_id: str | None = None
    topic: str = ""  # tells apart several questions of one kind on one record: the field map, the guard
    fields: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)  # name -> {"base", "left", "right"}
    evidence: Mapping[str, Any] = field(default_factory=dict)  # rule, score, candidates, message, counts
    fingerprint: str = ""  # of what was shown; a decision on another one is stale (E17)
    status: ReviewStatus = ReviewStatus.OPEN
    decision: Decision | None = None
    run: str = ""
    since: str = ""


class RunStatus(enum.StrEnum):
    PLANNING = "planning"
    PLANNED = "planned"  # a plan artefact, not applied
    HELD = "held"
    APPLYING = "applying"
    DONE = "done"
    PARTIAL = "partial"  # finished, with refusals, failures or unknown outcomes
    FAILED = "failed"


class RunKind(enum.StrEnum):
    SYNC = "sync"
    PLAN = "plan"
    APPLY = "apply"
    UNDO = "undo"
    DECIDE = "decide"
    REBUILD = "rebuild"
    REGISTER = "register"  # one transaction, confirmed first where its fields are synchronous


class Run(Struct, frozen=True, kw_only=True):
    id: str
    kind: RunKind
    integration: str
    file: str  # path of the integration file, "" when it came from elsewhere
    document: str  # its text, as it was
    fingerprint: str  # of the integration
    status: RunStatus
    by: str = ""  # person or "schedule"
    started_at: str = ""
    finished_at: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)  # the object `sync --json` prints
    of: str = ""  # the run undone, or the plan applied


class FlowRun(Struct, frozen=True, kw_only=True):
    """One flow's part of a run; what a resumed run needs to go on."""

    run: str
    flow: str
    status: RunStatus
    is_full: bool = True
    cursors: Mapping[Side, str | None] = field(default_factory=dict)  # to be kept when the flow is done (E3)
    counts: Mapping[str, Any] = field(default_factory=dict)


class ScopeState(Struct, frozen=True, kw_only=True):
    """What a scope remembers from run to run."""

    cursors: Mapping[Side, str | None] = field(default_factory=dict)
    maps: Mapping[str, str] = field(default_factory=dict)  # FieldMap.name -> fingerprint at the last finished run
    last_full_at: str = ""
    linked: int = 0  # active links


class Parked(Struct, frozen=True, kw_only=True):
    """Changes to the unlinked records of a scope: what is kept, what is gone."""

    keep: tuple[Unlinked, ...] = ()
    forget: tuple[tuple[Side, str], ...] = ()
