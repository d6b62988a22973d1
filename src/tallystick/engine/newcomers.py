"""New records that refer to other new ones: in which order they are created, and where a circle of them is cut.

A record is planned as soon as all it refers to has a partner or is planned itself. What is left at the end either
waits for something that is not coming, and is a reject; or waits, over however many records and flows, for itself.
Such a circle is cut at a field that may be empty over there: that record is created without this reference, which an
update sets once both exist. Source: spec/engine.md E26.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tallystick.engine.references import References
from tallystick.engine.translate import TranslatedRecord
from tallystick.engine.translated import Awaited
from tallystick.model.flow import Flow
from tallystick.model.record import Record
from tallystick.model.side import Side


@dataclass(slots=True, kw_only=True, eq=False)
class Newcomer:
    """A record that is to be created on the other side."""

    side: Side  # where it is
    record: Record
    link: int | None  # the link it had
    reason: str
    without: set[str] = field(default_factory=set)  # field maps whose reference is left out for now
    waits: Mapping[str, Awaited] = field(default_factory=dict)  # field map -> the record of this flow it waits for
    translated: TranslatedRecord | None = None  # as it was last tried
    missing: str | None = None  # the field map that waits for something which is not coming
    is_stuck: bool = False  # it waits for itself, and no field on the way may be empty


class Newcomers:
    """The new records of one plan of a flow that refers to flows."""

    def __init__(
        self,
        flow: Flow,
        references: References,
        translate: Callable[[Newcomer], TranslatedRecord],
        create: Callable[[Newcomer], bool],
        may_wait: Callable[[Newcomer, str], bool],
    ) -> None:
        """`create` plans or rejects, and says whether it planned; `may_wait`: whether the record may be created
        without this field map, which an update sets later.
        """
        self._flow = flow.name
        self._is_inward = flow.name in flow.refs  # only then has it to be known which of its own records are coming
        self._references = references
        self._translate = translate
        self._create = create
        self._may_wait = may_wait
        self._waiting: dict[Awaited, Newcomer] = {}  # by what they are themselves
        self._dependents: dict[Awaited, list[Newcomer]] = {}  # by the record of this flow that they wait for
        self._linked: set[Awaited] = set()  # records of this flow that this plan links
        self._is_ending = False  # all new records are known
        self._beyond: Mapping[Awaited, Awaited] = {}  # records of other flows -> what they wait for

    def linked(self, side: Side, id_: str) -> None:
        """The plan links this record to one that exists."""
        if self._is_inward:
            self._linked.add((self._flow, side, id_))

    def add(self, one: Newcomer) -> None:
        """Plans the record and whatever waited for it, or keeps it waiting, or rejects it."""
        self._waiting[self._name(one)] = one
        ready = deque([one])
        while ready:
            one = ready.popleft()
            me = self._name(one)
            if me not in self._waiting:
                continue
            if self._waits(one):
                for awaited in one.waits.values():
                    self._dependents.setdefault(awaited, []).append(one)
            elif self._settle(one):
                ready += self._dependents.pop(me, [])
            else:
                self._give_up(self._depending(one))

    def finish(self) -> None:
        """Plans or rejects what still waits."""
        if not self._waiting:
            return
        others = {of for one in self._waiting.values() for of in one.waits.values() if of[0] != self._flow}
        self._beyond = self._references.awaited(others, but=self._flow)
        self._is_ending = True
        for me, one in list(self._waiting.items()):
            if me in self._waiting:  # the ones before may have taken it with them
                self.add(one)  # what waits for something that does not wait in turn is now a reject
        while self._waiting:
            circle = self._circle()
            cut = next((edge for edge in circle if self._may_wait(*edge)), None)
            if cut is not None:
                one, name = cut
                one.without.add(name)
                self.add(one)
                continue
            for one, _ in circle:
                one.is_stuck = True
            self._give_up(circle)

    # --- inside

    def _name(self, one: Newcomer) -> Awaited:
        return (self._flow, one.side, one.record.id)

    def _depending(self, one: Newcomer) -> list[tuple[Newcomer, str]]:
        """Those that wait for this one, each with the field map that does."""
        me = self._name(one)
        return [(other, name) for other in self._dependents.get(me, ()) for name, of in other.waits.items() if of == me]

    def _waits(self, one: Newcomer) -> bool:
        """Works out what the record waits for; whether it is worth while to wait for it in this plan."""
        while True:
            translated = one.translated = self._translate(one)
            waits = {
                name: of for name, t in translated.waits.items() if name not in one.without and (of := t.waits_for)
            }
            met = self._linked.intersection(waits.values())
            if not met:
                break
            self._linked -= met
            for of in met:
                self._references.plan(*of)
        one.waits = {name: self._followed(of) for name, of in waits.items()}
        # What still waits for a record that is coming (in a list, or over another flow) goes on when that has come.
        is_coming = any(self._references.is_planned(*of) for of in one.waits.values())
        if self._is_ending:
            one.missing = next((name for name, of in one.waits.items() if of not in self._waiting), None)
        return bool(waits) and not translated.rejects and not is_coming and one.missing is None

    def _followed(self, of: Awaited) -> Awaited:
        """The record of this flow that one of another flow waits for; itself when it waits for none."""
        seen: set[Awaited] = set()
        while of[0] != self._flow and of in self._beyond and of not in seen:
            seen.add(of)
            of = self._beyond[of]
        return of

    def _settle(self, one: Newcomer) -> bool:
        me = self._name(one)
        del self._waiting[me]
        is_planned = self._create(one)
        if is_planned and self._is_inward:
            self._references.plan(*me)
        return is_planned

    def _give_up(self, hopeless: Sequence[tuple[Newcomer, str]]) -> None:
        """Rejects these, each for the field map named, and whatever waits for them."""
        rejected = deque(hopeless)
        while rejected:
            one, name = rejected.popleft()
            one.missing = name
            if self._name(one) in self._waiting:
                self._settle(one)
                rejected += self._depending(one)

    def _circle(self) -> list[tuple[Newcomer, str]]:
        """Records each of which waits, by the field map named, for the next one, and the last for the first."""
        way: dict[Awaited, tuple[Newcomer, str]] = {}
        one = next(iter(self._waiting.values()))
        while (me := self._name(one)) not in way:
            name, of = next(iter(one.waits.items()))
            way[me] = (one, name)
            one = self._waiting[of]
        names = list(way)
        return [way[name] for name in names[names.index(me) :]]
