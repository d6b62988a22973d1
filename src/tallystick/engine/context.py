"""Everything one flow of one run works with, put together and checked once."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from tallystick.engine.references import Foreseen, References
from tallystick.engine.translate import Translator
from tallystick.errors import RecordTypeGone, UnknownField, UnknownRecordType
from tallystick.model.flow import Flow, Scope
from tallystick.model.plan import ScopeState
from tallystick.model.schema import Capabilities, RecordType
from tallystick.model.selection import Selection
from tallystick.model.side import SIDES, Side
from tallystick.ports.store import Store
from tallystick.ports.system import System
from tallystick.ports.world import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A flow with its two open systems and its scope in the store."""

    flow: Flow
    scope: Scope
    run: str
    store: Store
    systems: Mapping[Side, System]
    clock: Clock
    types: Mapping[Side, RecordType]
    selections: Mapping[Side, Selection]  # with the fields of the field maps that are not paused
    translator: Translator
    references: References
    state: ScopeState  # as it was when the run began
    paused: tuple[str, ...]  # field maps whose field is gone (E11)
    fresh: frozenset[str]  # field maps that changed since the last run: first contact again

    @classmethod
    def of(
        cls,
        flow: Flow,
        scope: Scope,
        run: str,
        store: Store,
        systems: Mapping[Side, System],
        clock: Clock,
        *,
        foreseen: Foreseen | None = None,
        unasked: Side | None = None,
        unfiltered: Side | None = None,
    ) -> Context:
        """`foreseen`: what the flows of the same plan artefact do. `unasked`: the side whose system is out of reach:
        nothing is known of it, and nothing may be done there. `unfiltered`: the side of which records outside the
        flow's filter are looked at too.

        Raises UnknownRecordType or UnknownField when the flow does not fit its systems and never did. What was there
        in an earlier run and is gone now pauses: a field its field map, a record type the flow, which raises
        RecordTypeGone (E11).
        """
        state = store.scope(scope)
        types = {
            side: _record_type(flow, side, systems[side], state) if side is not unasked else _out_of_reach(flow, side)
            for side in SIDES
        }
        paused = _paused(flow, {side: kind for side, kind in types.items() if side is not unasked}, state)
        references = References(store, scope, run, foreseen or Foreseen())
        translator = Translator(
            flow,
            {side: {field.name: field for field in types[side].fields} for side in SIDES},
            references=references,
            paused=paused,
        )
        selections = {side: replace(flow.end(side).selection, fields=translator.fields(side)) for side in SIDES}
        if unfiltered is not None:
            selections[unfiltered] = replace(selections[unfiltered], where=None)
        maps = _maps(flow, paused)
        known = state.maps
        fresh = frozenset(name for name, print_ in maps.items() if known.get(name) != print_) if known else frozenset()
        return cls(
            flow=flow,
            scope=scope,
            run=run,
            store=store,
            systems=systems,
            clock=clock,
            types=types,
            selections=selections,
            translator=translator,
            references=references,
            state=state,
            paused=paused,
            fresh=fresh,
        )

    @property
    def maps(self) -> dict[str, str]:
        """Field map -> fingerprint, to be remembered; a paused one has none, and is first contact when it is back."""
        return {**_maps(self.flow, self.paused), **dict.fromkeys(self.paused, "")}

    def fields(self, side: Side) -> tuple[str, ...]:
        return self.selections[side].fields

    def can(self, side: Side) -> Capabilities:
        return self.types[side].capabilities

    def now(self) -> str:
        return self.clock.now().isoformat()


def _maps(flow: Flow, paused: Sequence[str]) -> dict[str, str]:
    """What a run remembers of a flow: its field maps, and under `#left` and `#right` what each side selects."""
    maps = {line.name: line.fingerprint for line in flow.maps if line.name not in paused}
    for side in SIDES:
        chosen = flow.end(side).selection
        wording = repr((chosen.record, chosen.key, chosen.changed, chosen.deleted, chosen.where))
        maps[f"#{side.value}"] = hashlib.sha256(wording.encode()).hexdigest()[:16]
    return maps


def _out_of_reach(flow: Flow, side: Side) -> RecordType:
    can = Capabilities(create=False, update=False, delete=False, find=False, causes=False)
    return RecordType(name=flow.end(side).selection.record, fields=(), key=(), capabilities=can)


def _record_type(flow: Flow, side: Side, system: System, state: ScopeState) -> RecordType:
    end = flow.end(side)
    description = system.describe()
    found = description.record_type(end.selection.record)
    if found is None and state.maps:
        raise RecordTypeGone(
            f"Paused, because {end.system} no longer has the record type {end.selection.record}.",
            hint="Nothing is changed on the other side; the flow goes on when it is back.",
        )
    if found is None:
        names = [kind.name for kind in description.record_types]
        raise UnknownRecordType(
            f"Flow {flow.name}: the system {end.system} has no record type {end.selection.record!r}.",
            hint=_meant(end.selection.record, names),
        )
    return found


def _paused(flow: Flow, types: Mapping[Side, RecordType], state: ScopeState) -> tuple[str, ...]:
    paused: list[str] = []
    for line in flow.maps:
        for side, kind in types.items():
            missing = [name for name in line.fields(side) if kind.field(name) is None]
            if not missing:
                continue
            if line.name in state.maps:
                paused.append(line.name)
                break
            raise UnknownField(
                f"Flow {flow.name}: {kind.name} of {flow.end(side).system} has no field {missing[0]!r}.",
                hint=_meant(missing[0], [field.name for field in kind.fields]),
            )
    return tuple(paused)


def _meant(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"There are: {', '.join(sorted(names)[:12])}." if names else "It offers none."
