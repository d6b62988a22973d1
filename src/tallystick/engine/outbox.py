"""Operations on their way out of the planner: numbered, counted, given their match keys, handed on in chunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Final

import pyarrow as pa
from msgspec.structs import replace

from tallystick.engine.guards import Tally
from tallystick.engine.match import match_keys
from tallystick.engine.merge import Pair
from tallystick.engine.translate import Translator
from tallystick.model.flow import Flow
from tallystick.model.link import MatchKey
from tallystick.model.plan import LAST, Operation, Planned
from tallystick.model.record import ID
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Reference, Value
from tallystick.model.write import Action

FLUSH: Final = 4_000

_NO_FINALS: Final[Mapping[Side, Mapping[str, Planned]]] = {}


class Outbox:
    """Takes operations in any number and gives them to `keep` in chunks."""

    def __init__(
        self,
        flow: Flow,
        translator: Translator,
        keep: Callable[[Sequence[Operation]], None],
        tally: Tally,
        *,
        first_seq: int = 0,
    ) -> None:
        self._match = flow.match
        self._names = flow.match.fields
        self._translator = translator
        self._keep = keep
        self._tally = tally
        self._seqs = count(first_seq)
        self._last_seqs = count(LAST + first_seq)
        self._buffer: list[tuple[Operation, Mapping[Side, Mapping[str, Planned]]]] = []
        self._key_fields = _key_fields(flow, translator)

    def seq(self) -> int:
        """The number of the next operation; operations are added in the order in which they were numbered."""
        return next(self._seqs)

    def last_seq(self) -> int:
        """The number of the next deletion."""
        return next(self._last_seqs)

    def add(self, operations: Sequence[Operation], pair: Pair | None) -> None:
        """What belongs to one pair, in order. `pair`: its records as they were read."""
        for operation in operations:
            self._count(operation)
            finals = self._finals(operation, pair) if self._names else _NO_FINALS
            self._buffer.append((operation, finals))
        if len(self._buffer) >= FLUSH:
            self.flush()

    def add_last(self, operation: Operation) -> None:
        """A deletion: it comes after everything else (E26)."""
        self._count(operation)
        self._buffer.append((operation, _NO_FINALS))
        if len(self._buffer) >= FLUSH:
            self.flush()

    def _count(self, operation: Operation) -> None:
        if not operation.action.is_write:
            return
        self._tally.writes[operation.side][operation.action] += 1
        if not self._tally.fresh:
            return
        for name, value in operation.after.items():
            key = f"{operation.side.value}.{name}"
            if key in self._tally.fresh:
                self._tally.filled[key] = self._tally.filled.get(key, 0) + 1
                if value is None:
                    self._tally.nulled[key] = self._tally.nulled.get(key, 0) + 1

    def _finals(self, operation: Operation, pair: Pair | None) -> dict[Side, Mapping[str, Planned]]:
        """The records as they will be, where their match keys may change."""
        source = operation.side.other
        if operation.action is Action.CREATE:
            return {source: operation.settles.get(source, {}), operation.side: operation.after}
        if pair is None or operation.action not in (Action.LINK, Action.UPDATE, Action.AGREE):
            return {}
        if operation.action is not Action.LINK and not any(
            name in self._key_fields[side]
            for side in SIDES
            for name in (*operation.settles.get(side, {}), *(operation.after if side is operation.side else ()))
        ):
            return {}
        finals: dict[Side, Mapping[str, Planned]] = {side: pair.record(side).values for side in SIDES}
        finals[operation.side] = {**finals[operation.side], **operation.after}
        return finals

    def flush(self) -> None:
        """Hands on what is buffered, with match keys worked out for all of it at once."""
        if not self._buffer:
            return
        keys: dict[int, list[MatchKey]] = {}
        for side in SIDES if self._names else ():
            rows = [(at, finals[side]) for at, (_, finals) in enumerate(self._buffer) if side in finals]
            for key in self.keys(side, [(str(at), _plain(values)) for at, values in rows]):
                at = int(key.id)
                id_ = self._buffer[at][0].id_on(side) or ""
                keys.setdefault(at, []).append(replace(key, id=id_))
        self._keep([replace(o, keys=tuple(keys[at])) if at in keys else o for at, (o, _) in enumerate(self._buffer)])
        self._buffer = []

    def keys(self, side: Side, rows: Sequence[tuple[str, Mapping[str, Value]]]) -> list[MatchKey]:
        """The match keys of records given as (id, values)."""
        names = self._names
        if not names or not rows:
            return []
        shared = [self._translator.shared(side, values, names) for _, values in rows]
        columns = {name: pa.array([values.get(name) for values in shared], pa.string()) for name in names}
        table = pa.table({ID: pa.array([id_ for id_, _ in rows], pa.string()), **columns})
        return match_keys(self._match, table, side)


def _plain(values: Mapping[str, Planned]) -> dict[str, Value]:
    return {name: None if isinstance(value, Reference) else value for name, value in values.items()}


def _key_fields(flow: Flow, translator: Translator) -> dict[Side, frozenset[str]]:
    """Per side, the fields that the match rules look at."""
    wanted = set(flow.match.fields)
    found: dict[Side, set[str]] = {side: set() for side in SIDES}
    for line in translator.lines:
        if wanted & set(line.fields(Side.LEFT)):
            for side in SIDES:
                found[side].update(line.fields(side))
    return {side: frozenset(names) for side, names in found.items()}
