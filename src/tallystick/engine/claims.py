"""Definite rules: who claims whom, in DuckDB.

A record claims another when a rule's values are equal. A pair is definite when neither of the two has any other claim;
all others with a claim are disputed, all parties of it. Source: spec/engine.md E12-E14, S2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.engine.normalise import Columns
from tallystick.engine.workspace import Workspace
from tallystick.model.flow import Match
from tallystick.model.side import SIDES, Side

HANDFUL: Final = 10
"""A value shared by more records of a side identifies nothing: each of its records is disputed, and shown with
no more than so many of the other side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """A row whose value a linked record of the other side has."""

    row: int
    rule: int
    id: str  # of the linked record


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    definite: pa.Table  # left_row, right_row, rule
    disputed: pa.Table  # left_row, right_row, left_id, right_id, rule, why
    left_over: Mapping[Side, pa.Array]  # rows without any claim, in order
    twins: Sequence[tuple[int, Side, list[int]]]  # rule, side, rows left over that share its values


def claims(
    space: Workspace,
    rules: Match,
    columns: Mapping[Side, Columns],
    collisions: Mapping[Side, Sequence[Collision]],
) -> Claimed:
    """Sorts the rows of both sides by their claims."""
    for side in SIDES:
        keys = {f"k{number}": columns[side].joined(names) for number, names in enumerate(rules.definite)}
        space.show(f"{side}_keys", pa.table({"row": pa.array(range(columns[side].count), pa.int32()), **keys}))
        space.show(f"{side}_collisions", _collisions(side, collisions[side], rules))
    # 1. met: every value that both sides have, with how many records have it
    space.step("met", "SELECT 0 AS rule, '' AS key, 0 AS lefts, 0 AS rights, 0 AS left_row, 0 AS right_row LIMIT 0")
    for number in range(len(rules.definite)):
        groups = {
            side: f"SELECT k{number} AS key, count(*)::INTEGER AS n, min(row) AS row"
            f" FROM {side}_keys WHERE k{number} IS NOT NULL GROUP BY 1"
            for side in SIDES
        }
        space.add(
            "met",
            f"SELECT {number}, CASE WHEN l.n + r.n > 2 THEN key END, l.n, r.n, l.row, r.row"
            f" FROM ({groups[Side.LEFT]}) AS l JOIN ({groups[Side.RIGHT]}) AS r USING (key)",
        )
    crowded = space.number("SELECT count(*) FROM met WHERE key IS NOT NULL")
    # 2. pairs: values that one record of each side has, under the first rule that says so
    space.step(
        "pairs", "SELECT left_row, right_row, min(rule) AS rule FROM met WHERE key IS NULL GROUP BY left_row, right_row"
    )
    # 3. disputed rows: those behind values that several of a side have (the crowd), that collide, that are in two pairs
    for side in SIDES:
        if crowded:
            space.step(f"{side}_crowd", _crowd(side, rules))
        space.step(
            f"{side}_disputed",
            f"SELECT {side}_row AS row FROM {side}_collisions"
            f" UNION SELECT {side}_row FROM pairs GROUP BY 1 HAVING count(*) > 1"
            + (f" UNION SELECT row FROM {side}_crowd" if crowded else ""),
        )
    # 4. definite: pairs of which neither is disputed
    definite = space.table(
        "SELECT * FROM pairs ANTI JOIN left_disputed ON left_row = left_disputed.row"
        " ANTI JOIN right_disputed ON right_row = right_disputed.row ORDER BY left_row",
    )
    # 5. disputed: all other claims
    disputed = space.table(f"{_disputed(bool(crowded))} ORDER BY left_row, right_row, left_id, right_id")
    left_over = {side: _without(columns[side].count, definite, disputed, side) for side in SIDES}
    twins = [found for side in SIDES for found in _twins(rules, columns[side], left_over[side], side)]
    return Claimed(definite=definite, disputed=disputed, left_over=left_over, twins=twins)


def _crowd(side: Side, rules: Match) -> str:
    """The records behind every value that several of one side and at least one of the other have."""
    members = " UNION ALL ".join(
        f"SELECT {number} AS rule, k{number} AS key, row FROM {side}_keys" for number in range(len(rules.definite))
    )
    return (
        "SELECT rule, key, row, lefts, rights, row_number() OVER (PARTITION BY rule, key ORDER BY row) AS place"
        f" FROM ({members}) JOIN (SELECT * EXCLUDE (left_row, right_row) FROM met WHERE key IS NOT NULL)"
        " USING (rule, key)"
    )


def _disputed(is_crowded: bool) -> str:
    """Of a pair claimed by several rules, what the first of them says."""
    claims = [
        "SELECT left_row, right_row, NULL::VARCHAR AS left_id, NULL::VARCHAR AS right_id, rule,"
        " 'one of the two is claimed by another record too' AS why"
        " FROM pairs WHERE left_row IN (SELECT row FROM left_disputed)"
        " OR right_row IN (SELECT row FROM right_disputed)",
        "SELECT * FROM left_collisions",
        "SELECT * FROM right_collisions",
    ]
    if is_crowded:
        claims.append(
            "SELECT l.row, r.row, NULL, NULL, rule,"
            " format('the same values stand in {} on the left and {} on the right', l.lefts, l.rights)"
            f" FROM left_crowd AS l JOIN right_crowd AS r USING (rule, key) WHERE l.place <= {HANDFUL}"
            f" OR r.place <= {HANDFUL}"
        )
    return (
        "SELECT left_row, right_row, left_id, right_id, min(rule) AS rule, arg_min(why, (rule, why)) AS why"
        f" FROM ({' UNION ALL '.join(claims)}) GROUP BY ALL"
    )


def _collisions(side: Side, found: Sequence[Collision], rules: Match) -> pa.Table:
    """In the columns of `disputed`: the other record is no row, it has an id only."""
    rows = pa.array([collision.row for collision in found], pa.int32())
    ids = pa.array([collision.id for collision in found], pa.string())
    no_rows, no_ids = pa.nulls(len(found), pa.int32()), pa.nulls(len(found), pa.string())
    is_left = side is Side.LEFT
    return pa.table(
        {
            "left_row": rows if is_left else no_rows,
            "right_row": no_rows if is_left else rows,
            "left_id": no_ids if is_left else ids,
            "right_id": ids if is_left else no_ids,
            "rule": pa.array([collision.rule for collision in found], pa.int32()),
            "why": pa.array([f"the record on the {side.other.value} is linked already"] * len(found), pa.string()),
        }
    )


def _without(count: int, definite: pa.Table, disputed: pa.Table, side: Side) -> pa.Array:
    rows = pa.array(range(count), pa.int32())
    for table in (definite, disputed):
        if table.num_rows:
            rows = rows.filter(pc.invert(pc.is_in(rows, value_set=table.column(f"{side}_row").combine_chunks())))
    return rows


def _twins(rules: Match, columns: Columns, rows: pa.Array, side: Side) -> list[tuple[int, Side, list[int]]]:
    found: list[tuple[int, Side, list[int]]] = []
    for number, names in enumerate(rules.definite):
        texts = columns.joined(names).take(rows)
        counted = pc.value_counts(texts.drop_null())
        repeated = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
        if not len(repeated):
            continue
        is_repeated = pc.is_in(texts, value_set=repeated)
        groups: dict[str, list[int]] = {}
        for text, row in zip(texts.filter(is_repeated).to_pylist(), rows.filter(is_repeated).to_pylist(), strict=True):
            groups.setdefault(text, []).append(row)
        found.extend((number, side, group) for group in groups.values())
    return found
