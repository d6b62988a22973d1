"""An integration as the engine uses it: frozen, checked, every default filled in.

Made from the integration file by `tallystick.spec`; the engine never sees YAML. Source: spec/interface.md.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from tallystick.model.selection import Selection
from tallystick.model.side import Side
from tallystick.model.value import FieldType, Value


class Direction(enum.StrEnum):
    BOTH = "both"
    TO_LEFT = "to_left"
    TO_RIGHT = "to_right"

    def reaches(self, side: Side) -> bool:
        """Whether values may flow to `side`."""
        return self is Direction.BOTH or self.value == f"to_{side.value}"


class TooLong(enum.StrEnum):
    """What happens to a text longer than the other side holds. Source: product.md decision 8."""

    CUT = "cut"  # the cut is marked lossy and never written back
    HOLD = "hold"  # this field waits, the others flow
    REFUSE = "refuse"  # the record is a reject


class OnNull(enum.StrEnum):
    CLEAR = "clear"
    KEEP = "keep"


class Exchange(enum.StrEnum):
    ASYNCHRONOUS = "asynchronous"
    SYNCHRONOUS = "synchronous"


class WhenDown(enum.StrEnum):
    """What becomes of a transaction when the system that is to confirm it cannot be reached."""

    REFUSE = "refuse"
    REGISTER = "register"  # registered at once, delivered by the next run


class Confirmation(Struct, frozen=True, kw_only=True):
    """How a synchronous value is confirmed by the other side before it is registered. Source: engine.md E36."""

    timeout_s: float = 10.0
    when_down: WhenDown = WhenDown.REFUSE


class CodeSet(Struct, frozen=True, kw_only=True):
    """Left values <-> right values. Each maps to one default on the other side and may fit several.

    `to_right["In stock"] == ("IN_STOCK", "RECEIVED")`: the first is written, all of them fit. `*` as a key
    stands for every value not named; as a value on its own it is never used.
    """

    name: str
    to_right: Mapping[str, tuple[str, ...]]
    to_left: Mapping[str, tuple[str, ...]]

    def towards(self, side: Side) -> Mapping[str, tuple[str, ...]]:
        return self.to_right if side is Side.RIGHT else self.to_left


class FieldMap(Struct, frozen=True, kw_only=True):
    """One line of `fields:`. Translates between `left` fields and `right` fields. Source: engine.md E6."""

    name: str  # the left names joined by "+", or the right ones where there is no left; unique in the flow
    left: tuple[str, ...]
    right: tuple[str, ...]
    codes: CodeSet | None = None
    max: Mapping[Side, int] = field(default_factory=dict)  # characters
    too_long: TooLong = TooLong.HOLD
    join: str | None = None  # several fields on one side, one text on the other
    separator: str | None = None  # several values in one text
    types: Mapping[Side, FieldType] = field(default_factory=dict)  # declared where the system's own does not tell
    zones: Mapping[Side, str] = field(default_factory=dict)  # IANA zone of local moments on that side
    ref: str | None = None  # the flow through whose links the id is translated
    authority: Side | None = None
    authority_asks: bool = False  # an edit on the other side is asked instead of reverted
    constant: Mapping[Side, Value] = field(default_factory=dict)  # always this value on that side
    default: Mapping[Side, Value] = field(default_factory=dict)  # written to that side where the source is null
    expression: Mapping[Side, str] = field(default_factory=dict)  # computed for that side from the other's fields
    null: OnNull = OnNull.CLEAR
    exchange: Exchange = Exchange.ASYNCHRONOUS
    confirmation: Confirmation = Confirmation()  # where `exchange` is synchronous
    fingerprint: str = ""  # changes when anything about this line (or its code set) changes

    def fields(self, side: Side) -> tuple[str, ...]:
        return self.left if side is Side.LEFT else self.right


class Compare(enum.StrEnum):
    TEXT = "text"
    NAME = "name"
    CODE = "code"
    DATE = "date"
    NUMBER = "number"
    EMAIL = "email"
    PHONE = "phone"
    EXACT = "exact"


class PossibleRule(Struct, frozen=True, kw_only=True):
    block: tuple[str, ...]  # left names; equal after normalising
    compare: Mapping[str, Compare]
    at_least: float  # mean similarity, 0..1


class Level(enum.StrEnum):
    """How two values of a field compare, the best first. A value that is missing is no evidence: it has no level."""

    SAME = "same"  # equal after normalising
    SWAPPED = "swapped"  # equal to what the other record holds in the field that it may be mistaken for
    CLOSE = "close"  # a likeness of 0.9 and more: one edit in a code
    NEAR = "near"  # a likeness of 0.7 and more
    OTHER = "other"


class Weighed(Struct, frozen=True, kw_only=True):
    """One field that is weighed."""

    kind: Compare
    weights: Mapping[Level, float]  # bits: log2(how often among pairs that are one / how often among others)
    swap: str | None = None  # the left name of the field it may be mistaken for


class Rival(Struct, frozen=True, kw_only=True):
    """Another explanation of why two records are alike, which a pair has to be weighed against too."""

    start: float  # log2 of the odds that such a pair is one rather than this
    weights: Mapping[str, Mapping[Level, float]]  # per left name, in bits


class Weights(Struct, frozen=True, kw_only=True):
    """Fellegi-Sunter: the evidence of all fields is added up, in bits. Source: engine.md E14.

    The weight of a pair is what it weighs against two records taken at random, or against the rival against which it
    weighs less. A pair of `link` and more is definite where it is, for both records, ahead of every other pair by
    `ahead`; one of `ask` and more is possible.
    """

    fields: Mapping[str, Weighed]  # by left names
    blocks: tuple[tuple[str, ...], ...]  # left names that are equal after normalising: who is compared at all
    start: float  # before any evidence: log2 of the odds that two records taken at random are one
    rivals: Mapping[str, Rival] = field(default_factory=dict)
    link: float
    ask: float
    ahead: float

    @property
    def explanations(self) -> list[tuple[float, Mapping[str, Mapping[Level, float]]]]:
        """What a pair is weighed against: strangers, then the rivals; with where each starts."""
        strangers = {name: of.weights for name, of in self.fields.items()}
        return [(self.start, strangers), *((rival.start, rival.weights) for rival in self.rivals.values())]

    def against(self, levels: Mapping[str, Level]) -> tuple[float, Mapping[str, Mapping[Level, float]]]:
        """What a pair with these levels weighs, and the weights by which it does: those by which it weighs least."""
        sums = [
            start + sum(table.get(name, {}).get(of, 0.0) for name, of in levels.items())
            for start, table in self.explanations
        ]
        return min(sums), self.explanations[sums.index(min(sums))][1]


class Match(Struct, frozen=True, kw_only=True):
    definite: tuple[tuple[str, ...], ...] = ()
    possible: tuple[PossibleRule, ...] = ()
    weights: Weights | None = None
    junk: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # per left name, besides the built-in junk

    @property
    def fields(self) -> tuple[str, ...]:
        """Every left name that some rule looks at, sorted."""
        names = {name for rule in self.definite for name in rule}
        for possible in self.possible:
            names.update(possible.block, possible.compare)
        if self.weights is not None:
            names.update(self.weights.fields, *self.weights.blocks)
            names.update(field.swap for field in self.weights.fields.values() if field.swap is not None)
        return tuple(sorted(names))


class OnPossible(enum.StrEnum):
    ASK = "ask"
    LINK = "link"
    CREATE = "create"
    IGNORE = "ignore"


class OnNew(enum.StrEnum):
    CREATE = "create"
    ASK = "ask"
    IGNORE = "ignore"


class OnDeleted(enum.StrEnum):
    DELETE = "delete"
    ASK = "ask"
    KEEP = "keep"
    SET = "set"


class OnScopeLeft(enum.StrEnum):
    """The record still exists but no longer passes the filter."""

    UNLINK = "unlink"
    DELETE = "delete"
    KEEP = "keep"


class EditVsDelete(enum.StrEnum):
    EDIT = "edit"
    DELETE = "delete"
    ASK = "ask"


class Deleted(Struct, frozen=True, kw_only=True):
    """The reaction to a deletion; `values` are set on the surviving record with SET."""

    then: OnDeleted = OnDeleted.DELETE
    values: Mapping[str, Value] = field(default_factory=dict)


class Reactions(Struct, frozen=True, kw_only=True):
    possible: OnPossible = OnPossible.ASK
    new: Mapping[Side, OnNew] = field(default_factory=lambda: dict.fromkeys(Side, OnNew.CREATE))
    deleted: Mapping[Side, Deleted] = field(default_factory=lambda: dict.fromkeys(Side, Deleted()))
    scope_left: Mapping[Side, OnScopeLeft] = field(default_factory=lambda: dict.fromkeys(Side, OnScopeLeft.UNLINK))
    edit_vs_delete: EditVsDelete = EditVsDelete.EDIT


class Rule(enum.StrEnum):
    ASK = "ask"
    LEFT = "left"
    RIGHT = "right"
    NEWEST = "newest"
    ADD_BOTH = "add_both"
    IGNORE = "ignore"


class Granularity(enum.StrEnum):
    FIELD = "field"
    RECORD = "record"


class Conflict(Struct, frozen=True, kw_only=True):
    rule: Rule = Rule.ASK
    granularity: Granularity = Granularity.FIELD
    fields: Mapping[str, Rule] = field(default_factory=dict)  # per FieldMap.name
    tolerance_s: float = 900.0  # `newest`: stamps closer than this ask a person (E5)

    def rule_for(self, name: str) -> Rule:
        return self.fields.get(name, self.rule)


class Limit(Struct, frozen=True, kw_only=True):
    """A guard's limit: a share of the linked records (counts from 20 up) or a number. None of both: no limit."""

    share: float | None = None  # 0.1 is 10 %
    count: int | None = None

    def is_exceeded(self, amount: int, linked: int) -> bool:
        if self.count is not None and amount > self.count:
            return True
        return self.share is not None and linked >= 20 and amount > self.share * linked


class Guards(Struct, frozen=True, kw_only=True):
    """A run is held before it writes when one is exceeded. Source: engine.md E25."""

    delete: Limit = Limit(share=0.1)
    create: Limit = Limit()
    change: Limit = Limit()
    shrink: Limit = Limit(share=0.2)


class Window(Struct, frozen=True, kw_only=True):
    """A time of the week in which no run begins and none goes on. Source: engine.md E39."""

    days: tuple[int, ...] = tuple(range(7))  # on which it begins; Monday is 0
    start_s: int  # seconds from midnight, by the wall clock of `zone`
    end_s: int  # not after `start_s`: of the next day
    zone: str = "UTC"  # IANA

    def holds(self, at: datetime) -> bool:
        """Whether the moment `at`, aware, is in it."""
        local = at.astimezone(ZoneInfo(self.zone))
        now_s = local.hour * 3600 + local.minute * 60 + local.second
        if self.start_s < self.end_s:
            return local.weekday() in self.days and self.start_s <= now_s < self.end_s
        is_begun = local.weekday() in self.days and now_s >= self.start_s
        return is_begun or ((local.weekday() - 1) % 7 in self.days and now_s < self.end_s)


class FlowEnd(Struct, frozen=True, kw_only=True):
    system: str
    selection: Selection


class Flow(Struct, frozen=True, kw_only=True):
    name: str
    left: FlowEnd
    right: FlowEnd
    maps: tuple[FieldMap, ...]
    direction: Direction = Direction.BOTH
    primary: Side = Side.LEFT
    match: Match = Match()
    on: Reactions = field(default_factory=Reactions)
    conflict: Conflict = Conflict()
    guards: Guards = Guards()
    schedule_s: float | None = None  # seconds between runs
    maintenance: tuple[Window, ...] = ()
    full_every_s: float = 86400.0  # a full comparison at least this often (E3)

    def end(self, side: Side) -> FlowEnd:
        return self.left if side is Side.LEFT else self.right

    @property
    def synchronous(self) -> tuple[FieldMap, ...]:
        """The field maps whose values are confirmed first."""
        return tuple(line for line in self.maps if line.exchange is Exchange.SYNCHRONOUS)

    @property
    def refs(self) -> frozenset[str]:
        """Names of the flows whose links this flow's references go through."""
        return frozenset(line.ref for line in self.maps if line.ref is not None)


class SystemSettings(Struct, frozen=True, kw_only=True):
    connector: str
    settings: Mapping[str, Any]  # as in the file, ${...} not yet substituted


class Integration(Struct, frozen=True, kw_only=True):
    name: str
    title: str
    systems: Mapping[str, SystemSettings]
    flows: tuple[Flow, ...]  # referenced flows before those that refer to them
    fingerprint: str  # of the whole document, comments and layout aside

    def flow(self, name: str) -> Flow:
        return next(flow for flow in self.flows if flow.name == name)


class Scope(Struct, frozen=True, kw_only=True):
    """One instance of a flow: usually one (`instance` is ""); for PIM one per user. Links belong to a scope."""

    integration: str
    flow: str
    instance: str = ""
