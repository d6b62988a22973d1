"""Possible rules: who is like whom within a block, in DuckDB. Source: spec/engine.md E14; A22."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.engine.matched import Block, rule_name
from tallystick.engine.normalise import Columns
from tallystick.engine.similar import clues, prepared, similarity
from tallystick.engine.workspace import Workspace
from tallystick.model.flow import Match, PossibleRule
from tallystick.model.side import SIDES, Side

WIDEST: Final = 10_000
"""Pairs of one block up to which all are compared; above, only those that share a clue (`similar.clues`)."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Resembling:
    pairs: pa.Table  # left_row, right_row, rule, score, similarities (in the order of the rule's compare, then block)
    new: Mapping[Side, pa.Array]  # rows that resemble nobody, in order
    blocks: tuple[Block, ...]


def resemblances(
    space: Workspace, rules: Match, columns: Mapping[Side, Columns], rows: Mapping[Side, pa.Array]
) -> Resembling:
    """Compares `rows` of the two sides and keeps every pair that reaches its rule's `at_least`."""
    blocks: list[Block] = []
    space.step(
        "resembling",
        "SELECT 0 AS rule, 0::INTEGER AS left_row, 0::INTEGER AS right_row,"
        " 0.0::DOUBLE AS score, [0.0::DOUBLE] AS similarities LIMIT 0",
    )
    if all(len(rows[side]) for side in SIDES):
        for number, rule in enumerate(rules.possible):
            for side in SIDES:
                _show(space, rule, columns[side], rows[side], side)
            blocks.extend(_pairs(space, rule))
            space.add("resembling", _scored(rule, number))
    pairs = space.table(
        "SELECT left_row, right_row, rule, score, similarities FROM resembling"
        " QUALIFY row_number() OVER (PARTITION BY left_row, right_row ORDER BY score DESC, rule) = 1"
        " ORDER BY left_row, score DESC, right_row"
    )
    new = {
        side: rows[side].filter(pc.invert(pc.is_in(rows[side], value_set=pairs.column(f"{side}_row").combine_chunks())))
        for side in SIDES
    }
    return Resembling(pairs=pairs, new=new, blocks=tuple(blocks))


def _show(space: Workspace, rule: PossibleRule, columns: Columns, rows: pa.Array, side: Side) -> None:
    """The table `left_part` or `right_part`: row, block and c0, c1, ... in the order of the rule's compare."""
    block = columns.joined(rule.block) if rule.block else pa.nulls(columns.count, pa.string()).fill_null("")
    compared = {f"c{at}": columns.column(name, kind).take(rows) for at, (name, kind) in enumerate(rule.compare.items())}
    space.show(f"{side}_values", pa.table({"row": rows, "block": block.take(rows), **compared}))
    made = ", ".join(f"{prepared(kind, f'c{at}')} AS c{at}" for at, kind in enumerate(rule.compare.values()))
    known = " OR ".join(f"c{at} IS NOT NULL" for at in range(len(rule.compare)))
    space.step(f"{side}_part", f"SELECT row, block, {made} FROM {side}_values WHERE block IS NOT NULL AND ({known})")


def _pairs(space: Workspace, rule: PossibleRule) -> list[Block]:
    """The table `candidates`: left_row, right_row."""
    space.step(
        "blocks",
        "SELECT * FROM (SELECT block, count(*) AS lefts FROM left_part GROUP BY 1)"
        " JOIN (SELECT block, count(*) AS rights FROM right_part GROUP BY 1) USING (block)",
    )
    space.step(
        "candidates",
        "SELECT l.row AS left_row, r.row AS right_row FROM left_part AS l JOIN right_part AS r USING (block)"
        f" SEMI JOIN (SELECT block FROM blocks WHERE lefts * rights <= {WIDEST}) AS narrow USING (block)",
    )
    if not space.number(f"SELECT count(*) FROM blocks WHERE lefts * rights > {WIDEST}"):
        return []
    listed = " || ".join(clues(kind, f"c{at}", at) for at, kind in enumerate(rule.compare.values()))
    for side in SIDES:
        space.step(
            f"{side}_clues",
            f"SELECT row, block, unnest(list_distinct({listed})) AS clue FROM {side}_part"
            f" SEMI JOIN (SELECT block FROM blocks WHERE lefts * rights > {WIDEST}) AS wide USING (block)",
        )
    space.step(
        "narrowed",
        "SELECT DISTINCT block, l.row AS left_row, r.row AS right_row"
        " FROM left_clues AS l JOIN right_clues AS r USING (block, clue)"
        " SEMI JOIN (SELECT * FROM (SELECT block, clue, count(*) AS lefts FROM left_clues GROUP BY ALL)"
        " JOIN (SELECT block, clue, count(*) AS rights FROM right_clues GROUP BY ALL) USING (block, clue)"
        f" WHERE lefts * rights <= {WIDEST}) AS rare USING (block, clue)",
    )
    space.add("candidates", "SELECT left_row, right_row FROM narrowed")
    wide = space.table(
        "SELECT block, lefts, rights, count(left_row) AS compared FROM blocks LEFT JOIN narrowed USING (block)"
        f" WHERE lefts * rights > {WIDEST} GROUP BY ALL ORDER BY block"
    )
    return [
        Block(
            rule=rule_name(rule),
            value=row["block"].replace("\x1f", " + "),
            left=row["lefts"],
            right=row["rights"],
            compared=row["compared"],
        )
        for row in wide.to_pylist()
    ]


def _scored(rule: PossibleRule, number: int) -> str:
    compared = [similarity(kind, f"l.c{at}", f"r.c{at}") for at, kind in enumerate(rule.compare.values())]
    blocks = ["1.0"] * sum(name not in rule.compare for name in rule.block)
    return (
        f"SELECT {number}, left_row, right_row, list_avg(compared), compared || [{', '.join(blocks)}]::DOUBLE[]"
        f" FROM (SELECT left_row, right_row, [{', '.join(compared)}]::DOUBLE[] AS compared FROM candidates"
        " JOIN left_part AS l ON l.row = left_row JOIN right_part AS r ON r.row = right_row)"
        f" WHERE list_avg(compared) >= {rule.at_least - _ROUNDING!r}"
    )


__all__: Sequence[str] = ["WIDEST", "Resembling", "resemblances"]
