"""What matching found, lean enough for a million records: pairs stay in Arrow until somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, overload

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.engine.similar import LEVELS, LIKENESS
from tallystick.model.flow import Match, PossibleRule, Weights
from tallystick.model.record import ID
from tallystick.model.side import SIDES, Side
from tallystick.model.value import MISSING

MatchRule = tuple[str, ...] | PossibleRule | Weights

AT_A_TIME: Final = 2_000
"""Pairs whose evidence is put together at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Two records that may be one, and why."""

    left_id: str
    right_id: str
    rule: str  # "serial_no + manufacturer"
    score: float | None = None  # 0..1, of a possible rule or of weights
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """name -> {"left", "right", "similarity"}; of a weighed pair also "level" and "weight", in bits."""
    why: str = ""  # of a disputed pair: a phrase for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """New records of one side that share the values of a definite rule, which nobody on the other side has."""

    rule: str
    side: Side
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of a possible rule with too many pairs to compare all: only those that share a clue were compared,
    a word of a text, half of a code. A person should name a narrower block."""

    rule: str
    value: str  # the block's normalised values
    left: int  # records
    right: int
    compared: int  # pairs, of left x right


class Rows:
    """One side's records in the order of their ids; a row is a place in it."""

    def __init__(self, table: pa.Table, known: frozenset[str], others: Mapping[str, Mapping[str, str | None]]) -> None:
        self.table = table
        self.known = known  # ids that never come out as new
        self.others = others  # values of linked records, for evidence

    @classmethod
    def of(cls, rules: Match, table: pa.Table, known: pa.Table | None, taken: frozenset[str]) -> Rows:
        names = [ID, *rules.fields]
        table = table.select(names)
        further: frozenset[str] = frozenset()
        others: dict[str, Mapping[str, str | None]] = {}
        if known is not None and known.num_rows:
            known = known.select(names)
            is_taken = pc.is_in(known.column(ID), value_set=pa.array(sorted(taken), pa.string()))
            others = {row[ID]: row for row in known.filter(is_taken).to_pylist()}
            is_further = pc.invert(pc.or_(is_taken, pc.is_in(known.column(ID), value_set=table.column(ID))))
            more = known.filter(is_further)
            further = frozenset(more.column(ID).to_pylist())
            table = pa.concat_tables([table, more.cast(table.schema)])
        return cls(table.take(pc.sort_indices(table.column(ID))).combine_chunks(), further, others)

    def ids(self, rows: pa.Array) -> list[str]:
        ids: list[str] = self.table.column(ID).take(rows).to_pylist()
        return ids

    def new(self, rows: pa.Array) -> list[str]:
        ids = self.ids(rows)
        return [id_ for id_ in ids if id_ not in self.known] if self.known else ids


class Pairings(Sequence[Pairing]):
    """Pairs in the order of left id (then score, then right id), made one after the other while looked at.

    `table` has `left_row`, `right_row`, `rule` (number), and where there are such `score`, `similarities`, `levels` (of
    pairs that were weighed), `left_id` and `right_id` (of a linked record, which is no row), `why`.
    """

    def __init__(self, rows: Mapping[Side, Rows], table: pa.Table, rules: Sequence[MatchRule]) -> None:
        self._rows = rows
        self._table = table
        self._rules = [rule_name(rule) for rule in rules]
        self._fields = [_fields(rule) for rule in rules]
        self._weights = next((rule for rule in rules if isinstance(rule, Weights)), None)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @overload
    def __getitem__(self, index: int) -> Pairing: ...
    @overload
    def __getitem__(self, index: slice) -> list[Pairing]: ...
    def __getitem__(self, index: int | slice) -> Pairing | list[Pairing]:
        places = range(len(self))[index]
        if isinstance(places, int):
            return self._made(self._table.slice(places, 1))[0]
        return self._made(self._table.take(pa.array(places, pa.int64())))

    def __iter__(self) -> Iterator[Pairing]:
        for start in range(0, len(self), AT_A_TIME):
            yield from self._made(self._table.slice(start, AT_A_TIME))

    def ids(self, side: Side) -> list[str]:
        """The ids of `side`, pair by pair."""
        return self._ids(self._table, side)

    def _ids(self, table: pa.Table, side: Side) -> list[str]:
        rows = table.column(f"{side.value}_row").combine_chunks()
        ids = self._rows[side].table.column(ID).take(rows)
        if f"{side.value}_id" in table.column_names:
            ids = pc.coalesce(table.column(f"{side.value}_id"), ids)
        found: list[str] = ids.to_pylist()
        return found

    def _made(self, table: pa.Table) -> list[Pairing]:
        count = table.num_rows
        rules = table.column("rule").to_pylist()
        ids = {side: self._ids(table, side) for side in SIDES}
        values = {side: self._values(table, side, rules, ids[side]) for side in SIDES}
        scores = table.column("score").to_pylist() if "score" in table.column_names else [None] * count
        alike: list[Any] = [None] * count
        levels: list[Any] = [None] * count
        if "similarities" in table.column_names:
            alike = table.column("similarities").to_pylist()
        if "levels" in table.column_names:
            levels = table.column("levels").to_pylist()
        whys = table.column("why").to_pylist() if "why" in table.column_names else [""] * count
        pairings: list[Pairing] = []
        for at, rule in enumerate(rules):
            evidence: dict[str, Any] = {}
            for place, name in enumerate(self._fields[rule]):
                left, right = values[Side.LEFT][name][at], values[Side.RIGHT][name][at]
                evidence[name] = {"left": left, "right": right}
                if levels[at] is None:
                    evidence[name]["similarity"] = 1.0 if alike[at] is None else alike[at][place]
                else:
                    evidence[name].update(self._weighed(name, levels[at]))
            pairings.append(
                Pairing(
                    left_id=ids[Side.LEFT][at],
                    right_id=ids[Side.RIGHT][at],
                    rule=self._rules[rule],
                    score=scores[at],
                    evidence=evidence,
                    why=whys[at],
                )
            )
        return pairings

    def _weighed(self, name: str, numbers: Sequence[int]) -> Mapping[str, Any]:
        """What the level of a field says for or against: nothing where a value is missing."""
        assert self._weights is not None  # noqa: S101  # nothing else has levels
        names = list(self._weights.fields)
        number = numbers[names.index(name)]
        if not number:
            return {"similarity": None, "level": "", "weight": 0.0}
        level = LEVELS[number - 1]
        levels = {of: LEVELS[at - 1] for of, at in zip(names, numbers, strict=True) if at}
        weight = self._weights.against(levels)[1].get(name, {}).get(level, 0.0)
        return {"similarity": LIKENESS[level], "level": level.value, "weight": weight}

    def _values(
        self, table: pa.Table, side: Side, rules: Sequence[int], ids: Sequence[str]
    ) -> Mapping[str, list[str | None]]:
        names = sorted({name for rule in set(rules) for name in self._fields[rule]})
        places = table.column(f"{side.value}_row").combine_chunks()
        others = self._rows[side].others
        taken = self._rows[side].table.select(names).take(places)
        values: dict[str, list[str | None]] = {}
        for name in names:
            column = [None if value == MISSING else value for value in taken.column(name).to_pylist()]
            if places.null_count and others:
                for at in range(len(column)):
                    if not places[at].is_valid and ids[at] in others:
                        column[at] = others[ids[at]][name]
            values[name] = column
        return values


def rule_name(rule: MatchRule) -> str:
    """The rule as it is shown: "serial_no + manufacturer", "name ~ serial_no in manufacturer", "weights"."""
    if isinstance(rule, Weights):
        return "weights"
    if isinstance(rule, PossibleRule):
        compared = " ~ ".join(rule.compare)
        return f"{compared} in {' + '.join(rule.block)}" if rule.block else compared
    return " + ".join(rule)


def _fields(rule: MatchRule) -> tuple[str, ...]:
    """The fields of the evidence; of a possible rule those compared, in their order, then those of the block."""
    if isinstance(rule, Weights):
        return tuple(rule.fields)
    if isinstance(rule, PossibleRule):
        return (*rule.compare, *(name for name in rule.block if name not in rule.compare))
    return rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Every record asked about is in exactly one of definite, possible, disputed and new.

    `possible` and `disputed` may name a record in several pairs. A disputed value shared by more than a handful of
    records names for each record only a handful of those on the other side.
    """

    definite: Pairings
    possible: Pairings
    disputed: Pairings
    new_left: list[str]
    new_right: list[str]
    twins: tuple[Twins, ...] = ()
    blocks: tuple[Block, ...] = ()
