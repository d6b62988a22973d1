"""Weights: the evidence of all fields added up, pair by pair, in DuckDB; who is ahead of everybody else is definite.

Everything is computed from the two tables and the rules alone: no sample, no frequency that another run would count
differently. Source: spec/engine.md E14; A22.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.engine.claims import HANDFUL
from tallystick.engine.normalise import Columns, weighed_kinds
from tallystick.engine.similar import LEVELS, level, prepared
from tallystick.engine.workspace import Workspace
from tallystick.model.flow import Compare, Level, Weights
from tallystick.model.side import SIDES, Side

WIDEST: Final = 2_500
"""Pairs of one block up to which all are compared; a wider block says too little to be worth it."""
_ROUNDING: Final = 1e-9
IDENTIFIERS: Final = frozenset({Compare.CODE, Compare.EMAIL, Compare.PHONE})
"""What of these stands on more than a handful of records of a side identifies none of them, and is no evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    definite: pa.Table  # left_row, right_row, weight, levels (in the order of the weights' fields)
    possible: pa.Table  # the same
    left_over: Mapping[Side, pa.Array]  # rows in neither, in order


def weighings(
    space: Workspace, weights: Weights, columns: Mapping[Side, Columns], rows: Mapping[Side, pa.Array]
) -> Weighing:
    """Weighs `rows` of the two sides against each other."""
    show_parts(space, weights, columns, rows)
    candidates(space, weights)
    space.step("weighed", weighed(weights, at_least=weights.ask))
    space.step("definite_weighed", "SELECT * FROM weighed LIMIT 0")
    while _take_definite(space, weights):
        pass
    definite = space.table("SELECT * FROM definite_weighed ORDER BY left_row")
    possible = space.table("SELECT * FROM weighed ORDER BY left_row, weight DESC, right_row")
    left_over = {side: _without(rows[side], side, definite, possible) for side in SIDES}
    return Weighing(definite=definite, possible=possible, left_over=left_over)


def show_parts(
    space: Workspace, weights: Weights, columns: Mapping[Side, Columns], rows: Mapping[Side, pa.Array]
) -> None:
    """The tables `left_weighed` and `right_weighed`: row, b0, b1, ... of the blocks and c0, s0, c1, ... of the fields.

    `s0` is there where the first field may be mistaken for another: the value of that one.
    """
    ways = weighed_kinds(weights)
    for side in SIDES:
        of = columns[side]
        shown: dict[str, pa.Array] = {}
        for at, block in enumerate(weights.blocks):
            shown[f"b{at}"] = of.joined(block, ways)
        for at, (name, field) in enumerate(weights.fields.items()):
            shown[f"c{at}"] = of.column(name, field.kind)
            if field.swap is not None:
                shown[f"s{at}"] = of.column(field.swap, field.kind)
        table = pa.table(shown)
        if len(rows[side]) < of.count:
            table = table.take(rows[side])
        space.show(f"{side}_shown", table.append_column("row", rows[side]))
    crowded = _crowds(space, weights)
    for side in SIDES:
        made = [f"b{at}" for at in range(len(weights.blocks))]
        for at, field in enumerate(weights.fields.values()):
            value = f"c{at}"
            if at in crowded:
                value = f"CASE WHEN c{at} NOT IN (SELECT value FROM crowd{at}) THEN c{at} END"
            made.append(f"{prepared(field.kind, value)} AS c{at}")
            if field.swap is not None:
                made.append(f"{prepared(field.kind, f's{at}')} AS s{at}")
        space.step(f"{side}_weighed", f"SELECT row, {', '.join(made)} FROM {side}_shown")


def _crowds(space: Workspace, weights: Weights) -> set[int]:
    """The numbers of the fields of which some values identify nothing; they stand in the tables crowd0, crowd1, ..."""
    found: set[int] = set()
    for at, (name, field) in enumerate(weights.fields.items()):
        if field.kind in IDENTIFIERS and (name,) in weights.blocks:
            counted = " UNION ".join(
                f"SELECT c{at} AS value FROM {side}_shown WHERE c{at} IS NOT NULL"
                f" GROUP BY 1 HAVING count(*) > {HANDFUL}"
                for side in SIDES
            )
            space.step(f"crowd{at}", counted)
            if space.number(f"SELECT count(*) FROM crowd{at}"):
                found.add(at)
    return found


def candidates(space: Workspace, weights: Weights) -> None:
    """The table `candidates`: left_row, right_row of everybody who shares a block that is not too wide."""
    shared = []
    for at in range(len(weights.blocks)):
        groups = {
            side: f"SELECT b{at} AS block, count(*) AS {side}s FROM {side}_weighed WHERE b{at} IS NOT NULL GROUP BY 1"
            for side in SIDES
        }
        space.step(
            f"wide{at}",
            f"SELECT block FROM ({groups[Side.LEFT]}) JOIN ({groups[Side.RIGHT]}) USING (block)"
            f" WHERE lefts * rights > {WIDEST}",
        )
        shared.append(
            "SELECT l.row AS left_row, r.row AS right_row"
            f" FROM left_weighed AS l JOIN right_weighed AS r ON l.b{at} = r.b{at}"
            f" ANTI JOIN wide{at} ON l.b{at} = wide{at}.block"
        )
    space.step("candidates", f"SELECT DISTINCT left_row, right_row FROM ({' UNION ALL '.join(shared)})")


def levels_of(weights: Weights, *, only: str = "true") -> str:
    """SQL: left_row, right_row and l0, l1, ...: the numbers of the levels of the candidates for which `only` holds."""
    found = ", ".join(level_of(weights, at) for at in range(len(weights.fields)))
    return (
        f"SELECT left_row, right_row, {found} FROM candidates JOIN left_weighed AS l ON l.row = left_row"
        f" JOIN right_weighed AS r ON r.row = right_row WHERE {only}"
    )


def level_of(weights: Weights, at: int) -> str:
    """SQL: the number of the level of the field with the number `at`, of the rows l and r."""
    field = list(weights.fields.values())[at]
    swapped = None if field.swap is None else f"l.c{at} = r.s{at} OR l.s{at} = r.c{at}"
    return f"{level(field.kind, f'l.c{at}', f'r.c{at}', swapped)} AS l{at}"


def weighed(weights: Weights, *, at_least: float | None = None) -> str:
    """SQL: left_row, right_row, weight and levels of all candidates, or of those that weigh `at_least`."""
    sums, best = [], []
    for start, table in weights.explanations:
        sums.append(_sum(start, {name: table.get(name, {}) for name in weights.fields}))
        best.append(_best(start, table, weights))
    levels = ", ".join(f"l{at}" for at in range(len(weights.fields)))
    # Most candidates cannot weigh enough however alike their unequal values are: no use to count edits there.
    only = "true" if at_least is None else f"least({', '.join(best)}) >= {at_least - _ROUNDING!r}"
    found = f"SELECT left_row, right_row, least({', '.join(sums)}) AS weight, [{levels}] AS levels"
    query = f"{found} FROM ({levels_of(weights, only=only)})"
    return query if at_least is None else f"SELECT * FROM ({query}) WHERE weight >= {at_least!r}"


def _sum(start: float, table: Mapping[str, Mapping[Level, float]]) -> str:
    added = [f"{start!r}::DOUBLE"]
    for at, weights in enumerate(table.values()):
        bits = " ".join(f"WHEN {LEVELS.index(of) + 1} THEN {value!r}" for of, value in weights.items())
        if bits:
            added.append(f"CASE l{at} {bits} ELSE 0.0 END::DOUBLE")
    return " + ".join(added)


def _best(start: float, table: Mapping[str, Mapping[Level, float]], weights: Weights) -> str:
    """The most that a pair can weigh, knowing only which of its values are equal."""
    added = [f"{start!r}::DOUBLE"]
    for at, (name, field) in enumerate(weights.fields.items()):
        bits = table.get(name, {})
        same = bits.get(Level.SAME, 0.0)
        others = [bits.get(of, 0.0) for of in LEVELS if of is not Level.SAME]
        # texts of the same words in another order are the same
        unequal = max([*others, same] if field.kind in (Compare.TEXT, Compare.NAME) else others)
        added.append(
            f"CASE WHEN l.c{at} = r.c{at} THEN {same!r} WHEN l.c{at} <> r.c{at} THEN {unequal!r} ELSE 0.0 END::DOUBLE"
        )
    return " + ".join(added)


def _take_definite(space: Workspace, weights: Weights) -> int:
    """Moves the pairs that are ahead of all others of both records, and drops those others; how many it were."""
    for side in SIDES:
        space.step(f"{side}_top", f"SELECT {side}_row AS row, max(weight, 2) AS top FROM weighed GROUP BY 1")
    ahead = " AND ".join(
        f"weight = {side}_top.top[1] AND coalesce({side}_top.top[2] < weight"
        f" AND weight - {side}_top.top[2] >= {weights.ahead!r}, true)"
        for side in SIDES
    )
    space.step(
        "taken",
        "SELECT weighed.* FROM weighed JOIN left_top ON left_row = left_top.row"
        " JOIN right_top ON right_row = right_top.row"
        f" WHERE weight >= {weights.link!r} AND {ahead}",
    )
    count = space.number("SELECT count(*) FROM taken")
    if count:
        space.add("definite_weighed", "SELECT * FROM taken")
        space.step(
            "weighed",
            "SELECT * FROM weighed ANTI JOIN taken AS l ON weighed.left_row = l.left_row"
            " ANTI JOIN taken AS r ON weighed.right_row = r.right_row",
        )
    return count


def _without(rows: pa.Array, side: Side, *tables: pa.Table) -> pa.Array:
    for table in tables:
        if table.num_rows:
            rows = rows.filter(pc.invert(pc.is_in(rows, value_set=table.column(f"{side}_row").combine_chunks())))
    return rows
