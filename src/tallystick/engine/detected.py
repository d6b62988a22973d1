"""What detection finds. Source: design/house.md; spec/engine.md E1, E2, E12."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import pyarrow as pa

from tallystick.errors import KeyNotUnique
from tallystick.model.link import Link
from tallystick.model.record import Absence, Record
from tallystick.model.side import Side

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

    def refreshed(self, side: Side) -> dict[str, str]:
        """id -> version, of linked records that came with the same values but perhaps a new version."""
        ...

    def versions(self, side: Side, ids: Sequence[str]) -> dict[str, str]:
        """Those of `refreshed` that have these ids."""
        ...

    def close(self) -> None: ...


def twice(side: Side, ids: Sequence[str]) -> KeyNotUnique:
    return KeyNotUnique(
        f"The {side} listing names a key more than once: {', '.join(ids)}.",
        hint="Choose a key that identifies one record, or mend the doubled records; nothing was written.",
    )
