"""One pair -> per-field verdicts and conflicts.

Three-way and per field: each side is compared with its own base, in its own values, so that a poorer copy on the
other side never looks like an edit; the two sides are compared on the projection only. Plain Python, because only
the few pairs that changed come here. Source: spec/engine.md E8, E9, E15, E18-E21; scenarios S14, S19, S20.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tallystick.engine.translate import Line, Translated, Trouble
from tallystick.model.flow import Conflict, Direction, Flow, Granularity, OnNull, Rule
from tallystick.model.plan import Planned
from tallystick.model.record import Record
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value

Values = Mapping[str, Value]
EMPTY = (None, "", "[]")
PARTLY = "only a part of the value fits there"
"""Added to the rule of a written field that holds a projection, so that journal and `why` tell it (E8, S19)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a person is shown of one field map in dispute."""

    base: Value
    left: Value
    right: Value

    def shown(self) -> dict[str, Value]:
        return {"base": self.base, "left": self.left, "right": self.right}


@dataclass(slots=True, kw_only=True)
class SideWrite:
    """What one side is to be given, why, and which base values are agreed once it has it."""

    after: dict[str, Planned] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    settles: dict[Side, dict[str, Value]] = field(default_factory=lambda: {side: {} for side in SIDES})


@dataclass(slots=True, kw_only=True)
class Merged:
    """Every verdict on one pair; `is_settled` means nothing was held back."""

    writes: dict[Side, SideWrite] = field(default_factory=dict)
    agreed: dict[Side, dict[str, Value]] = field(default_factory=lambda: {side: {} for side in SIDES})
    conflicts: dict[str, Difference] = field(default_factory=dict)  # to ask
    lossy_edits: dict[str, Difference] = field(default_factory=dict)  # to ask
    troubles: list[tuple[Line, Side, Translated]] = field(default_factory=list)  # line, side not written
    ignored: list[str] = field(default_factory=list)  # conflicts left as they are by rule
    kept_apart: list[str] = field(default_factory=list)  # the same by a person's decision, until an edit asks anew
    is_doubled: bool = False  # add_both: each side gets the other's version as a new record

    @property
    def is_settled(self) -> bool:
        return not (self.conflicts or self.lossy_edits or self.troubles or self.kept_apart or self.is_doubled)

    @property
    def has_agreed(self) -> bool:
        return any(self.agreed.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two records of a link as they are now, and the base each is measured against."""

    left: Record
    right: Record
    left_base: Values
    right_base: Values

    def record(self, side: Side) -> Record:
        return self.left if side is Side.LEFT else self.right

    def base(self, side: Side) -> Values:
        return self.left_base if side is Side.LEFT else self.right_base


class Merger:
    """Merges pairs of one flow. `fresh` names the field maps whose definition changed: first contact again."""

    def __init__(self, flow: Flow, lines: Sequence[Line], *, fresh: frozenset[str] = frozenset()) -> None:
        self._flow = flow
        self._lines = lines
        self._fresh = fresh
        self._places: dict[Side, dict[str, list[int]]] = {side: {} for side in SIDES}  # field -> its field maps
        for place, line in enumerate(lines):
            for side in SIDES:
                for name in line.fields(side):
                    self._places[side].setdefault(name, []).append(place)
        self._always = [place for place, line in enumerate(lines) if line.name in fresh]

    def merge(self, pair: Pair, decided: Mapping[str, Rule] | None = None) -> Merged:
        """`decided`: field map -> LEFT, RIGHT or IGNORE, a person's answer that still holds."""
        merged = Merged()
        clashes: list[Line] = []
        changed: list[Line] = []
        for line in self._touched(pair):
            verdict = _Verdict(line, pair, self._flow, merged, line.name in self._fresh)
            if not verdict.is_delivered:
                continue
            if verdict.reach():
                clashes.append(line)
            if verdict.is_changed:
                changed.append(line)
        if clashes or merged.lossy_edits:
            merged = self._resolve(pair, merged, clashes, changed, decided or {})
        self._withhold(merged)
        return merged

    def _touched(self, pair: Pair) -> list[Line]:
        """The field maps of which a value is not what its base says, or that have no base yet."""
        touched = set(self._always)
        for side in SIDES:
            values, base = pair.record(side).values, pair.base(side)
            is_as_agreed = values is base  # the side that was not read again
            for name, places in self._places[side].items():
                if name not in base or not (is_as_agreed or values.get(name) == base[name]):
                    touched.update(places)
        return [self._lines[place] for place in sorted(touched)]

    def _withhold(self, merged: Merged) -> None:
        """A field that one field map holds back is not agreed on by another that reads it too."""
        held = {
            *merged.conflicts,
            *merged.lossy_edits,
            *merged.kept_apart,
            *(line.name for line, _, _ in merged.troubles),
        }
        if not held:
            return
        for line in self._lines:
            for side in SIDES if line.name in held else ():
                for name in line.fields(side):
                    merged.agreed[side].pop(name, None)
                    for write in merged.writes.values():
                        write.settles[side].pop(name, None)

    def stop(self, merged: Merged, pair: Pair, fighting: frozenset[tuple[Side, str]]) -> None:
        """Turns writes of fields that two systems keep rewriting into conflicts (E22)."""
        for line in self._lines:
            for side, write in list(merged.writes.items()):
                mine = [name for name in line.fields(side) if name in write.after and (side, name) in fighting]
                for name in mine:
                    del write.after[name]
                    del write.rules[name]
                if not mine:
                    continue
                for other in SIDES:
                    for name in line.fields(other):
                        write.settles[other].pop(name, None)
                merged.conflicts[line.name] = _difference(line, pair)
                if not write.after:
                    for other in SIDES:
                        merged.agreed[other].update(write.settles[other])
                    del merged.writes[side]

    def _resolve(
        self, pair: Pair, merged: Merged, clashes: list[Line], changed: list[Line], decided: Mapping[str, Rule]
    ) -> Merged:
        conflict = self._flow.conflict
        rules = {line.name: _rule(line.name, conflict, pair, decided) for line in clashes}
        if clashes and conflict.granularity is Granularity.RECORD:
            clashes = [line for line in changed if line.name not in merged.lossy_edits]
            rules = {line.name: _rule(line.name, conflict, pair, decided) for line in clashes}
            merged = self._besides(pair, {line.name for line in clashes})
        whole = next((r for n, r in rules.items() if r in (Rule.ADD_BOTH, Rule.IGNORE) and n not in decided), None)
        if whole is Rule.ADD_BOTH:
            return Merged(is_doubled=True)
        if whole is Rule.IGNORE:
            return self._left_alone(pair, list(rules))
        for line in clashes:
            rule = rules[line.name]
            if rule is Rule.IGNORE:
                merged.kept_apart.append(line.name)
            elif rule is Rule.ASK:
                merged.conflicts[line.name] = _difference(line, pair)
            else:
                loser = Side(rule.value).other
                why = "decided" if line.name in decided else f"conflict: {rule.value} wins"
                _Verdict(line, pair, self._flow, merged, False).give(loser, why)
        for name in [name for name in merged.lossy_edits if name in decided]:
            line = next(line for line in self._lines if line.name == name)
            del merged.lossy_edits[name]
            if decided[name] is Rule.IGNORE:
                merged.kept_apart.append(name)
            else:
                _Verdict(line, pair, self._flow, merged, False).give(Side(decided[name].value).other, "decided")
        return merged

    def _besides(self, pair: Pair, names: Collection[str]) -> Merged:
        """The verdicts on all field maps but these."""
        merged = Merged()
        for line in self._lines:
            verdict = _Verdict(line, pair, self._flow, merged, line.name in self._fresh)
            if line.name not in names and verdict.is_delivered:
                verdict.reach()
        return merged

    def _left_alone(self, pair: Pair, names: Sequence[str]) -> Merged:
        """Both records stay exactly as they are, agreed on as they differ, until one is edited again (E19, S14)."""
        merged = Merged()
        for line in self._lines:
            verdict = _Verdict(line, pair, self._flow, merged, False)
            if verdict.is_delivered:
                verdict.settle()
        merged.ignored.extend(names)
        return merged


class _Verdict:
    """The verdict on one field map of one pair, written into `merged`."""

    def __init__(self, line: Line, pair: Pair, flow: Flow, merged: Merged, is_fresh: bool) -> None:
        self._line = line
        self._pair = pair
        self._flow = flow
        self._merged = merged
        self.is_delivered = all(
            name in pair.record(side).values for side in SIDES for name in line.fields(side)
        )  # a missing value says nothing (E9)
        self._has_base = (
            not is_fresh
            and bool(line.fields(Side.LEFT) or line.fields(Side.RIGHT))
            and all(name in pair.base(side) for side in SIDES for name in line.fields(side))
        )
        self.is_changed = False  # whether it changed and either side's value could stand

    def reach(self) -> bool:
        """Reaches a verdict; True when it is a conflict, which the caller resolves."""
        edited = [side for side in SIDES if self._is_edited(side)]
        if self._has_base and not edited:
            return False
        source = self._only_source()
        owner = self._line.map.authority
        self.is_changed = source is None and (owner is None or self._line.map.authority_asks)
        if source is not None:
            return self._from_source(source, edited)
        if not self._has_base:
            self._first_contact()
            return False
        if len(edited) == 1:
            return self._edited_once(edited[0])
        if self._agrees():
            self.settle()
            return False
        if owner is not None and not self._line.map.authority_asks:
            self.give(owner.other, f"{owner.value} has authority")
            return False
        return True

    def _is_edited(self, side: Side) -> bool:
        values, base = self._pair.record(side).values, self._pair.base(side)
        return any(values[name] != base.get(name) for name in self._line.fields(side))

    def _flows(self, towards: Side) -> bool:
        return self._flow.direction.reaches(towards) and self._line.can_flow(towards)

    def _only_source(self) -> Side | None:
        """The side everything of this field map comes from, when it flows one way only."""
        to_left, to_right = self._flows(Side.LEFT), self._flows(Side.RIGHT)
        if to_left == to_right:
            return None
        return Side.LEFT if to_right else Side.RIGHT

    def _agrees(self) -> bool:
        """A default that stands for nothing on the other side agrees with no value of the side that has authority."""
        owner = self._line.map.authority
        is_default = owner is not None and owner in self._line.map.default and self._is_empty(owner.other)
        if owner is not None and is_default and not self._is_empty(owner):
            return False
        return self._line.agrees(self._pair.left.values, self._pair.right.values)

    def _is_empty(self, side: Side) -> bool:
        return all(self._pair.record(side).values[name] in EMPTY for name in self._line.fields(side))

    def _from_source(self, source: Side, edited: list[Side]) -> bool:
        """One-way: the source's edits flow, an edit of the copy alone is left until the source changes."""
        target = source.other
        is_derived = not self._line.fields(source) or target in self._line.map.expression
        if self._has_base and source not in edited and not is_derived and self._line.map.authority is not source:
            self.settle()  # edited on the copy only: kept, and told by `why`
        elif self._agrees() or (self._line.map.null is OnNull.KEEP and self._is_empty(source) and not is_derived):
            self.settle()
        elif not self._has_base and not is_derived and self._is_empty(source):
            self.settle()  # first contact never wipes
        elif self._has_base and source in edited and self._is_lossy_edit(source):
            self._merged.lossy_edits[self._line.name] = _difference(self._line, self._pair)
        else:
            self.give(target, "constant" if is_derived else f"changed on the {source.value}")
        return False

    def _first_contact(self) -> None:
        """The pair is new, or this field map is (E15): equal fields agree, empty ones are filled, primary wins."""
        if self._agrees() or (self._flow.direction is Direction.BOTH and not self._flows(Side.LEFT)):
            return self.settle()
        left_empty, right_empty = self._is_empty(Side.LEFT), self._is_empty(Side.RIGHT)
        if left_empty or right_empty:
            empty = Side.LEFT if left_empty else Side.RIGHT
            if self._line.map.authority is empty:
                return self.settle()  # the owner says nothing yet: nothing is wiped at first contact
            return self.give(empty, f"first contact: only the {empty.other.value} has a value")
        winner = self._line.map.authority or self._flow.primary
        why = "has authority" if self._line.map.authority else "is primary"
        return self.give(winner.other, f"first contact: the {winner.value} {why}")

    def _edited_once(self, side: Side) -> bool:
        target = side.other
        owner = self._line.map.authority
        if self._agrees():
            self.settle()
        elif owner is target:
            if self._line.map.authority_asks:
                return True
            self.give(side, f"{owner.value} has authority: edit reverted")
        elif self._line.map.null is OnNull.KEEP and self._is_empty(side):
            self.settle()
        elif self._is_lossy_edit(side):
            self._merged.lossy_edits[self._line.name] = _difference(self._line, self._pair)
        else:
            self.give(target, f"changed on the {side.value}")
        return False

    def _is_lossy_edit(self, side: Side) -> bool:
        """`side` holds only a cut of the other's value, and the cut was edited (E8)."""
        return self._line.is_poorer(side, self._pair.base(side.other))

    def settle(self) -> None:
        for side in SIDES:
            self._merged.agreed[side].update(self._own(side))

    def _own(self, side: Side) -> dict[str, Value]:
        values = self._pair.record(side).values
        return {name: values[name] for name in self._line.fields(side)}

    def give(self, side: Side, why: str) -> None:
        """`side` gets the other side's value."""
        translated = self._line.towards(side, self._pair.record(side.other).values)
        if translated.trouble is Trouble.MISSING:
            return
        if translated.trouble is not None:
            self._merged.troubles.append((self._line, side, translated))
            return
        current = self._own(side)
        if all(current.get(name) == value for name, value in translated.values.items()):
            self.settle()
            return
        write = self._merged.writes.setdefault(side, SideWrite())
        write.after.update(translated.values)
        write.rules.update(dict.fromkeys(translated.values, f"{why}; {PARTLY}" if translated.is_lossy else why))
        write.settles[side.other].update(self._own(side.other))
        write.settles[side].update({name: v for name, v in current.items() if name not in translated.values})


def _rule(name: str, conflict: Conflict, pair: Pair, decided: Mapping[str, Rule]) -> Rule:
    return decided[name] if name in decided else _newest(conflict.rule_for(name), conflict, pair)


def _newest(rule: Rule, conflict: Conflict, pair: Pair) -> Rule:
    """`newest` as LEFT, RIGHT or, within the tolerance or without stamps, ASK. Source: spec/engine.md E5."""
    if rule is not Rule.NEWEST:
        return rule
    left, right = _moment(pair.left.changed_at), _moment(pair.right.changed_at)
    if left is None or right is None or abs((left - right).total_seconds()) <= conflict.tolerance_s:
        return Rule.ASK
    return Rule.LEFT if left > right else Rule.RIGHT


def _moment(stamp: str | None) -> datetime | None:
    if stamp is None:
        return None
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _difference(line: Line, pair: Pair) -> Difference:
    left = _shown(line.fields(Side.LEFT), pair.left.values)
    right = _shown(line.fields(Side.RIGHT), pair.right.values)
    base_side = Side.LEFT if line.fields(Side.LEFT) else Side.RIGHT
    return Difference(base=_shown(line.fields(base_side), pair.base(base_side)), left=left, right=right)


def _shown(names: Sequence[str], values: Values) -> Value:
    present = [text for name in names if (text := values.get(name)) is not None]
    return " ".join(present) if present else None
