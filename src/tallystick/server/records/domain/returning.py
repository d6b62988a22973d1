"""Bringing back what is gone, records of any types at once, whatever made them go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tallystick.errors import InputRefused, NotFound
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.domain import actions, merging
from tallystick.server.records.domain.steps import Doing
from tallystick.server.records.record_types import RECORD_TYPES, RecordType, record_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """`done`: type -> ids. `refused`: a sentence for each that stays gone; `kept`: what of merges did not go back."""

    done: Mapping[str, tuple[str, ...]]
    refused: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def count(self) -> int:
        return sum(map(len, self.done.values()))


def bring_back(actor: Actor, which: Mapping[str, Sequence[str]]) -> Returned:
    """Types in their order, so that an account is there before what belongs to it. Raises NotAllowed, NotFound."""
    for name in which:
        record_type(name)
    done: dict[str, tuple[str, ...]] = {}
    refused: list[str] = []
    kept: list[str] = []
    for kind in RECORD_TYPES:
        ids = list(dict.fromkeys(which.get(kind.name, ())))
        if not ids:
            continue
        merged = _merged(kind, ids)
        bulk = actions.restore(actor, kind.name, [id_ for id_ in ids if id_ not in merged])
        called = _called(kind, [*bulk.refused])
        refused += [f"{called.get(id_, str(kind.title))}: {sentence}" for id_, sentence in bulk.refused.items()]
        back = list(bulk.done)
        for id_ in merged:
            try:
                kept += merging.take_back(actor, kind.name, id_).kept
            except (InputRefused, NotFound) as error:
                refused.append(str(error))
            else:
                back.append(id_)
        if back:
            done[kind.name] = tuple(back)
    return Returned(done=done, refused=tuple(refused), kept=tuple(kept))


def _merged(kind: RecordType, ids: Sequence[str]) -> list[str]:
    """Those of the ids that were merged, the last merge first: it is the one to be taken back first."""
    found: list[str] = []
    for start in range(0, len(ids), actions.MOST_AT_ONCE):
        rows = kind.model._default_manager.using(queries.HUB).filter(pk__in=ids[start : start + actions.MOST_AT_ONCE])
        found += rows.filter(gone_why=str(Doing.MERGE)).order_by("-gone_at", "-pk").values_list("pk", flat=True)
    return found


def _called(kind: RecordType, ids: Sequence[str]) -> dict[str, str]:
    rows = kind.model._default_manager.using(queries.HUB).filter(pk__in=ids[: actions.MOST_AT_ONCE])
    return {id_: kind.called(number) for id_, number in rows.values_list("pk", "number")}
