"""What became of a write whose answer was lost, found by reading back. Source: spec/engine.md E28; scenario S17."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from tallystick.model.plan import Operation
from tallystick.model.record import Cause, Record, records_of
from tallystick.model.schema import Capabilities
from tallystick.model.selection import Selection
from tallystick.model.value import Value
from tallystick.model.write import Action
from tallystick.ports.system import System


class Verdict(enum.StrEnum):
    DONE = "done"
    NOT_DONE = "not done"  # certainly: it can be sent again
    MOVED = "moved"  # something else happened to the record
    UNKNOWN = "unknown"  # cannot be told: waits for a person, never sent again


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """No version: the record may have been edited since the write, and would count as unchanged for ever."""

    verdict: Verdict
    id: str | None = None  # of the record found, for a create
    alike: frozenset[str] = frozenset()  # of a create not found: records that hold half of it, and have no partner


class ReadBack:
    """Looks at one side of a flow for what sent operations left there."""

    def __init__(
        self,
        system: System,
        selection: Selection,
        capabilities: Capabilities,
        rules: Sequence[Sequence[str]],
        is_linked: Callable[[str], bool],
        seen: Callable[[Collection[str]], Collection[str]],
    ) -> None:
        """`rules`: fields of this side that identify a record, tried in order when no record equals all values;
        `is_linked`: whether the record of an id has a partner already; `seen`: those of some ids whose records were
        read before anything was sent.
        """
        self._system = system
        self._selection = selection
        self._can = capabilities
        self._rules = rules
        self._is_linked = is_linked
        self._seen = seen

    def look(self, operations: Sequence[Operation], *, can_resend: bool = True) -> list[Finding]:
        """One finding per operation, in order. Operations are of this side, their ids as they were sent.

        `can_resend`: a create may be sent again with its key, to be answered by a system that knows keys.
        """
        named = [id_ for operation in operations if (id_ := operation.id_on(operation.side)) is not None]
        batch = self._system.fetch(self._selection, named) if named else None
        records = {record.id: record for record in records_of(batch.records)} if batch is not None else {}
        causes = {absence.id: absence.cause for absence in batch.absences} if batch is not None else {}
        taken: set[str] = set()
        findings: list[Finding] = []
        for operation in operations:
            id_ = operation.id_on(operation.side)
            if id_ is None:
                finding = self._search(operation, taken, can_resend=can_resend)
            elif operation.action is Action.CREATE:
                finding = _created(operation, id_, records.get(id_), causes.get(id_, Cause.DELETED))
            elif operation.action is Action.UPDATE:
                finding = _updated(operation, records.get(id_))
            else:
                is_there = id_ in records or causes.get(id_, Cause.DELETED) is Cause.OUT_OF_FILTER
                finding = Finding(verdict=Verdict.NOT_DONE if is_there else Verdict.DONE)
            if finding.id is not None:
                taken.add(finding.id)
            findings.append(finding)
        return self._doubted(findings)

    def _doubted(self, findings: Sequence[Finding]) -> list[Finding]:
        """A create is not said to be certainly not done while a record is there that may be its edited copy."""
        alike = {id_ for finding in findings for id_ in finding.alike} - {finding.id for finding in findings}
        new = alike - set(self._seen(alike)) if alike else alike
        return [Finding(verdict=Verdict.UNKNOWN) if new.intersection(one.alike) else one for one in findings]

    def _search(self, operation: Operation, taken: set[str], *, can_resend: bool) -> Finding:
        """A create whose id the system assigns: looked up by our key where it has one, else by its values."""
        if self._can.idempotency and can_resend:
            return Finding(verdict=Verdict.NOT_DONE)  # sent again with the same key it is answered, not doubled
        if not self._can.find:
            return Finding(verdict=Verdict.UNKNOWN)
        values = {name: value for name, value in operation.after.items() if isinstance(value, str)}
        searches = [
            values,
            *({name: values[name] for name in rule} for rule in self._rules if set(rule) <= set(values)),
        ]
        for wanted in searches:
            if found := self._found(wanted, taken):
                return Finding(verdict=Verdict.DONE, id=found[0].id)
        alike = {one.id for half in _halves(values) for one in self._found(half, taken) if _is_half(one, values)}
        return Finding(verdict=Verdict.NOT_DONE, alike=frozenset(alike))

    def _found(self, wanted: Mapping[str, Value], taken: set[str]) -> list[Record]:
        """Records without a partner that hold these values."""
        found = [record for record in self._system.find(self._selection, wanted) if record.id not in taken]
        return [record for record in found if not self._is_linked(record.id)]


def _halves(values: Mapping[str, Value]) -> list[dict[str, Value]]:
    """Whichever field is edited, one of these still finds the record."""
    names = sorted(values)
    return [{name: values[name] for name in names[start::2]} for start in range(2)] if len(names) > 1 else []


def _is_half(record: Record, values: Mapping[str, Value]) -> bool:
    return 2 * sum(record.values.get(name) == value for name, value in values.items()) >= len(values)


def _created(operation: Operation, id_: str, record: Record | None, cause: Cause) -> Finding:
    if record is None:
        if cause is Cause.OUT_OF_FILTER:
            return Finding(verdict=Verdict.DONE, id=id_)
        return Finding(verdict=Verdict.NOT_DONE)
    wanted = {name: value for name, value in operation.after.items() if isinstance(value, str)}
    alike = sum(record.values.get(name) == value for name, value in wanted.items())
    if alike * 2 >= len(wanted):  # a peer that normalises alters some; another's record under our id alters nearly all
        return Finding(verdict=Verdict.DONE, id=id_)
    return Finding(verdict=Verdict.UNKNOWN)


def _updated(operation: Operation, record: Record | None) -> Finding:
    if record is None:
        return Finding(verdict=Verdict.MOVED)
    if _holds(record.values, operation.after):
        return Finding(verdict=Verdict.DONE)
    if _holds(record.values, operation.before):
        return Finding(verdict=Verdict.NOT_DONE)
    return Finding(verdict=Verdict.MOVED)


def _holds(values: Mapping[str, Value], wanted: Mapping[str, object]) -> bool:
    return all(values.get(name) == value for name, value in wanted.items())
