"""What the tests of matching share: tables made of a few words, and findings as plain pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from tallystick.engine.match import Pairing
from tallystick.model.flow import Match
from tallystick.model.record import ID
from tallystick.model.value import Value

Records = Mapping[str, Mapping[str, Value]]


def table(rules: Match, records: Records) -> pa.Table:
    """`records`: id -> values; what is not named is null."""
    columns = {name: [values.get(name) for values in records.values()] for name in rules.fields}
    return pa.table(
        {ID: pa.array(list(records), pa.string())} | {n: pa.array(c, pa.string()) for n, c in columns.items()}
    )


def pairs(pairings: Iterable[Pairing]) -> list[tuple[str, str]]:
    return [(pairing.left_id, pairing.right_id) for pairing in pairings]
