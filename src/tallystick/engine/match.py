"""Records that are not linked -> definite, possible, disputed, new, with the evidence.

Tables in, tables out: the values are normalised column by column, DuckDB does the rest in named steps that can be
looked at. Rows are numbered in the order of their ids, so that the order in which records arrive changes nothing.
Source: spec/engine.md E12-E14; scenarios S1, S2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.engine.claims import Claimed, Collision, claims
from tallystick.engine.matched import Matched, Pairing, Pairings, Rows, Twins, rule_name
from tallystick.engine.normalise import VERSION, Columns, kinds, weighed_kinds
from tallystick.engine.resemblance import resemblances
from tallystick.engine.weigh import Weighing, weighings
from tallystick.engine.workspace import Workspace, workspace
from tallystick.model.fingerprint import MASK
from tallystick.model.flow import Compare, Match
from tallystick.model.link import MatchKey
from tallystick.model.record import ID
from tallystick.model.side import SIDES, Side

if TYPE_CHECKING:
    import duckdb

__all__ = ["Matched", "Pairing", "Pairings", "Twins", "match", "match_keys"]

_NONE: Final[Mapping[Side, Mapping[int, str]]] = MappingProxyType({})
_NO_TABLES: Final[Mapping[Side, pa.Table]] = MappingProxyType({})
_PAIRS: Final = pa.schema(
    [("left_row", pa.int32()), ("right_row", pa.int32()), ("weight", pa.float64()), ("levels", pa.list_(pa.int8()))]
)


def match_keys(rules: Match, table: pa.Table, side: Side) -> list[MatchKey]:
    """The keys under which the records of `table` can be found: one per definite rule and per possible rule's block.

    A rule of which a value is blank or junk gives no key. Records of both sides with equal normalised values have
    equal keys, in every version of the product that normalises alike. `table` has `#id` and `rules.fields`.
    """
    columns = Columns(rules, table)
    ids = table.column(ID).to_pylist()
    keys: list[MatchKey] = []
    for rule in _rules(rules):
        texts = columns.joined(rule.names, rule.ways).to_pylist()
        keys.extend(
            MatchKey(side=side, key=_key(rule.prefix, text), id=id_)
            for id_, text in zip(ids, texts, strict=True)
            if text is not None
        )
    return keys


def match(
    rules: Match,
    left: pa.Table,
    right: pa.Table,
    *,
    linked: Mapping[Side, Mapping[int, str]] = _NONE,
    known: Mapping[Side, pa.Table] = _NO_TABLES,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> Matched:
    """Pairs the records of two tables, each with `#id` and `rules.fields` (left names, canonical text), ids unique.

    `linked[side]`: key of a definite rule -> id of a record of that side that is linked already. A record of the other
    side with that key is disputed with it, never new. `known[side]`: further records of that side that may be
    partners but are not asked about, for example parked ones; they never come out as new. One that is in `linked`
    gives only its values to the evidence. Keys of blocks in `linked` are ignored: likeness to a linked record is no
    claim.

    Definite: one record of each side that claim one another by at least one rule, while no rule lets either claim, or
    be claimed by, anybody else. Everybody else who claims or is claimed is disputed. What is left is weighed, where the
    rules have weights: definite is who weighs enough and is ahead of everybody else, possible who weighs enough to be
    asked about. What is left then is compared within the blocks of the possible rules, and the rest is new.
    """
    tables = {Side.LEFT: left, Side.RIGHT: right}
    taken = {side: frozenset(linked.get(side, {}).values()) for side in SIDES}
    rows = {side: Rows.of(rules, tables[side], known.get(side), taken[side]) for side in SIDES}
    columns = {side: Columns(rules, rows[side].table) for side in SIDES}
    collisions = {side: _collisions(rules, columns[side], linked.get(side.other, {})) for side in SIDES}
    with workspace(connection) as space:
        claimed = claims(space, rules, columns, collisions)
        weighed = _weighed(space, rules, columns, claimed)
        resembling = resemblances(space, rules, columns, weighed.left_over)
    weights = () if rules.weights is None else (rules.weights,)
    definite = _together(claimed.definite, _scored(weighed.definite, len(rules.definite)))
    possible = _together(resembling.pairs, _scored(weighed.possible, len(rules.possible)))
    return Matched(
        definite=Pairings(rows, definite, (*rules.definite, *weights)),
        disputed=Pairings(rows, claimed.disputed, rules.definite),
        possible=Pairings(rows, possible, (*rules.possible, *weights)),
        new_left=rows[Side.LEFT].new(resembling.new[Side.LEFT]),
        new_right=rows[Side.RIGHT].new(resembling.new[Side.RIGHT]),
        twins=tuple(
            Twins(rule=rule_name(rules.definite[number]), side=side, ids=tuple(rows[side].ids(pa.array(places))))
            for number, side, places in claimed.twins
        ),
        blocks=resembling.blocks,
    )


def _weighed(space: Workspace, rules: Match, columns: Mapping[Side, Columns], claimed: Claimed) -> Weighing:
    left_over = claimed.left_over
    if rules.weights is None or not all(len(left_over[side]) for side in SIDES):
        nothing = _PAIRS.empty_table()
        return Weighing(definite=nothing, possible=nothing, left_over=left_over)
    return weighings(space, rules.weights, columns, left_over)


def _scored(weighed: pa.Table, rule: int) -> pa.Table:
    """With the number of the rule, and the probability that the weight amounts to."""
    odds = pc.power(2.0, pc.negate(weighed.column("weight")))
    score = pc.round(pc.divide(1.0, pc.add(odds, 1.0)), 6)
    return pa.table(
        {
            "left_row": weighed.column("left_row"),
            "right_row": weighed.column("right_row"),
            "rule": pa.repeat(pa.scalar(rule, pa.int32()), weighed.num_rows),
            "score": score,
            "levels": weighed.column("levels"),
        }
    )


def _together(one: pa.Table, other: pa.Table) -> pa.Table:
    """Both, in the order of left id, then score, then right id; columns that one of them lacks are null there."""
    if not one.num_rows or not other.num_rows:
        return other if other.num_rows else one
    both = pa.concat_tables([one, other], promote_options="permissive")
    keys = [("left_row", "ascending"), ("score", "descending"), ("right_row", "ascending")]
    return both.take(pc.sort_indices(both, sort_keys=[key for key in keys if key[0] in both.column_names]))


def _collisions(rules: Match, columns: Columns, linked: Mapping[int, str]) -> list[Collision]:
    """The rows with a key that a linked record of the other side has."""
    if not linked:
        return []
    found: list[Collision] = []
    for number, rule in enumerate(_rules(rules)[: len(rules.definite)]):
        for row, text in enumerate(columns.joined(rule.names, rule.ways).to_pylist()):
            id_ = linked.get(_key(rule.prefix, text)) if text is not None else None
            if id_ is not None:
                found.append(Collision(row=row, rule=number, id=id_))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    prefix: bytes  # tells its keys from those of all other rules
    names: tuple[str, ...]
    ways: Mapping[str, Compare | None]


def _rules(rules: Match) -> list[_Rule]:
    """Every rule that has keys, definite rules first."""
    ways = kinds(rules)
    numbered = [
        *(("definite", number, names) for number, names in enumerate(rules.definite)),
        *(("possible", number, rule.block) for number, rule in enumerate(rules.possible) if rule.block),
    ]
    found = [_rule(kind, number, names, ways) for kind, number, names in numbered]
    if rules.weights is not None:
        ways = weighed_kinds(rules.weights)
        found += [_rule("weights", number, names, ways) for number, names in enumerate(rules.weights.blocks)]
    return found


def _rule(kind: str, number: int, names: tuple[str, ...], ways: Mapping[str, Compare | None]) -> _Rule:
    told = "\x1e".join([str(VERSION), kind, str(number), *(f"{name}:{ways[name]}" for name in names)])
    return _Rule(prefix=told.encode(), names=names, ways=ways)


def _key(prefix: bytes, text: str) -> int:
    digest = hashlib.md5(prefix + b"\x1f" + text.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "little") & MASK
