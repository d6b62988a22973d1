"""What detection finds. Source: design/house.md; spec/engine.md E1, E2, E12."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import pyarrow as pa

from tallystick.engine.reading import Reading
from tallystick.errors import KeyNotUnique
from tallystick.model.flow import Scope
from tallystick.model.link import Link
from tallystick.model.record import Absence, Record
from tallystick.model.side import Side
from tallystick.ports.store import Store

CHUNK: Final = 1_000
"""Findings handed on at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A link of which at least one record changed, vanished or has to be looked at again."""

    link: Link
    records: Mapping[Side, Record]  # as read; a side that did not change is not there
    absences: Mapping[Side, Absence | None]  # None: not in a complete listing, cause not asked yet


class Detected(Protocol):
    def found(self) -> Iterator[list[Found]]: ...
    def unlinked(self, side: Side) -> Iterator[pa.Table]:
        """Tables with `MARKS` and the side's fields."""
        ...

    def records(self, side: Side, ids: Sequence[str]) -> dict[str, Record]:
        """Those of the unlinked records that have these ids."""
        ...

    def gone(self, side: Side) -> int:
        """How many linked records a complete listing did not show or named as absent."""
        ...

    def lost(self, side: Side) -> list[str]:
        """Records that are known, without any link, and not there any more; in order."""
        ...

    def refreshed(self, side: Side) -> dict[str, str]:
        """id -> version, of linked records that came with the same values but perhaps a new version."""
        ...

    def versions(self, side: Side, ids: Sequence[str]) -> dict[str, str]:
        """Those of `refreshed` that have these ids."""
        ...

    def close(self) -> None: ...


def known_unlinked(store: Store, scope: Scope, side: Side, reading: Reading) -> Iterator[str]:
    """Ids of the records that are known and not linked, of which `reading` may tell that they are gone.

    All of them where it is a complete listing, but for those it names as absent for a while.
    """
    if not reading.is_complete:
        for one in store.unlinked(scope, side, sorted(reading.gone_for_good)):
            yield one.id
        return
    for_a_while = reading.absences.keys() - reading.gone_for_good
    for batch in store.unlinked_marks(scope):
        for of, id_ in zip(batch.column("side").to_pylist(), batch.column("id").to_pylist(), strict=True):
            if of == side.value and id_ not in for_a_while:
                yield id_


def twice(side: Side, ids: Sequence[str]) -> KeyNotUnique:
    return KeyNotUnique(
        f"The {side} listing names a key more than once: {', '.join(ids)}.",
        hint="Choose a key that identifies one record, or mend the doubled records; nothing was written.",
    )
