"""Unlinked records of both sides that hold the same: how a lost link table is found again (spec/engine.md E34)."""

from __future__ import annotations

from collections.abc import Iterable

from tallystick.engine.translate import Translator
from tallystick.model.record import Record
from tallystick.model.side import Side
from tallystick.model.value import Value


def equal_pairs(translator: Translator, lefts: Iterable[Record], rights: Iterable[Record]) -> list[tuple[str, str]]:
    """(left id, right id) of records that are equal in every field that flows to the right, and equal to no other.

    A left record is compared as it would be written, so that a cut text or a code counts as the same.
    """
    fields = sorted(
        {name for line in translator.lines if line.can_flow(Side.RIGHT) for name in line.fields(Side.RIGHT)}
    )
    by_values: dict[tuple[Value, ...], list[str]] = {}
    for record in rights:
        by_values.setdefault(tuple(record.values.get(name) for name in fields), []).append(record.id)
    found: dict[str, list[str]] = {}
    for record in lefts:
        translated = translator.record(Side.RIGHT, record.values)
        if translated.rejects or translated.waits or translated.held or translated.missing:
            continue
        values = [translated.values.get(name) for name in fields]
        same = by_values.get(tuple(value if isinstance(value, str) else None for value in values), [])
        if len(same) == 1 and any(value not in (None, "") for value in values):
            found.setdefault(same[0], []).append(record.id)
    return [(lefts_[0], right) for right, lefts_ in found.items() if len(lefts_) == 1]
