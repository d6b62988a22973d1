"""Weights learned from the records themselves and from the answers people gave; no truth is needed, nothing leaves.

How often a field agrees by accident is counted within each side, where two records are two things. How often it agrees
among pairs that are one is estimated by Splink (expectation maximisation) over pairs that share something. The same
records and answers always give the same weights. Source: spec/engine.md E14, E17; design/stack.md.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from tallystick.engine.blocks import IDENTIFYING, chosen, reaches, sharp
from tallystick.engine.claims import HANDFUL
from tallystick.engine.learned import Learned, averaged, bits
from tallystick.engine.maximise import Session, maximised
from tallystick.engine.normalise import Columns
from tallystick.engine.rivals import SURE, rivals
from tallystick.engine.similar import LEVELS
from tallystick.engine.weigh import IDENTIFIERS, candidates, level_of, levels_of, show_parts
from tallystick.engine.workspace import Workspace, workspace
from tallystick.errors import InputRefused
from tallystick.model.flow import Compare, Level, Match, Weighed, Weights
from tallystick.model.record import ID
from tallystick.model.side import SIDES, Side

LINK: Final = 5.0
ASK: Final = -1.0
AHEAD: Final = 4.0
"""In bits, unless answers say otherwise; found on other data than any that is reported (docs/quality.md)."""
ENOUGH: Final = 100_000
"""Records of the left that are looked at: every n-th where there are more."""
FEWEST: Final = 50
"""Records per side below which nothing can be learned."""
MOST_FIELDS: Final = 12
RANDOM_PAIRS: Final = 40_000
RANDOM_PER_RECORD: Final = 20
STRONGEST: Final = 128
"""No single field says more than that a pair is so many times likelier than the best of all records of a side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    weights: Weights
    fields: tuple[Learned, ...]
    junk: Mapping[str, tuple[str, ...]]  # values found on many records, which should be junk; as written
    pairs: int  # that are thought to be one


def train(rules: Match, left: pa.Table, right: pa.Table, kinds: Mapping[str, Compare]) -> Trained:
    """Learns weights for the fields of `kinds` from two tables with `#id` and those fields.

    Raises InputRefused where there is too little to learn from.
    """
    tables = {Side.LEFT: left, Side.RIGHT: right}
    for side in SIDES:
        if tables[side].num_rows < FEWEST:
            raise InputRefused(
                f"There are {tables[side].num_rows} records on the {side.value}, too few to learn weights from.",
                hint=f"Train when there are at least {FEWEST} on each side.",
            )
    bare = replace(rules, weights=None)
    sides = {side: tables[side].take(pc.sort_indices(tables[side].column(ID))) for side in SIDES}
    columns = {side: Columns(bare, sides[side]) for side in SIDES}
    told = _told(columns, kinds)
    junk = _crowded(columns, sides, told)
    step = -(-left.num_rows // ENOUGH)
    if step > 1:  # so many on the left are enough; of the right all are needed, or partners would be missing
        some = sides[Side.LEFT].take(pa.array(range(0, left.num_rows, step)))
        columns = {**columns, Side.LEFT: Columns(bare, some)}
    with workspace() as space:
        trained = _Training(space, columns, told).trained()
    return replace_(trained, junk=junk, pairs=trained.pairs * step)


def _told(columns: Mapping[Side, Columns], kinds: Mapping[str, Compare]) -> dict[str, Compare]:
    """The fields that say anything: those with more than one value on both sides, the most varied first."""
    variety: dict[str, int] = {}
    for name, kind in kinds.items():
        counts = [pc.count_distinct(columns[side].column(name, kind)).as_py() for side in SIDES]
        if min(counts) > 1:
            variety[name] = min(counts)
    told = sorted(variety, key=lambda name: (-variety[name], name))[:MOST_FIELDS]
    if len(told) < 2:
        raise InputRefused(
            "Fewer than two of these fields have values on both sides, so there is nothing to weigh.",
            hint="Name other fields with --field.",
        )
    return {name: kinds[name] for name in kinds if name in told}


def _crowded(
    columns: Mapping[Side, Columns], tables: Mapping[Side, pa.Table], kinds: Mapping[str, Compare]
) -> dict[str, tuple[str, ...]]:
    """Values of identifiers, as they are written, that stand on more records than an identifier may."""
    found: dict[str, tuple[str, ...]] = {}
    for name, kind in kinds.items():
        if kind not in IDENTIFIERS:
            continue
        values: set[str] = set()
        for side in SIDES:
            column = columns[side].column(name, kind)
            counted = pc.value_counts(column.drop_null())
            if len(counted) < IDENTIFYING * (len(column) - column.null_count):
                continue  # it identifies nobody anyway
            often = counted.field("values").filter(pc.greater(counted.field("counts"), HANDFUL))
            written = tables[side].column(name).combine_chunks()
            places = pc.index_in(often, value_set=column)
            values.update(str(written[place]) for place in places.to_pylist())
        if values:
            found[name] = tuple(sorted(values))
    return found


class _Training:
    def __init__(self, space: Workspace, columns: Mapping[Side, Columns], kinds: Mapping[str, Compare]) -> None:
        self._space = space
        self._columns = columns
        self._kinds = kinds
        self._names = list(kinds)
        self._counts = {side: columns[side].count for side in SIDES}
        self._rows = {side: pa.array(range(columns[side].count), pa.int32()) for side in SIDES}
        self._swaps: dict[str, str] = {}

    def trained(self) -> Trained:
        self._show((), {})
        reach = reaches(self._space, self._columns, self._kinds)
        blocks = sharp(reach, self._names)
        self._show(blocks, {})
        known = self._known()
        chance = self._chances()
        among, pairs = self._among(blocks, chance)
        swaps = self._mistaken(blocks, chance, among, pairs)
        if swaps:
            self._swaps = swaps
            self._show(blocks, {})
            chance = self._chances()
            among, pairs = self._among(blocks, chance)
        fields = tuple(
            Learned(
                name=name,
                kind=self._kinds[name],
                swap=self._swaps.get(name),
                known=known[name],
                by_accident=chance[name],
                among_ones=among[name],
            )
            for name in self._names
        )
        best = chosen(reach, fields, self._counts) or blocks
        share = max(pairs, 1) / (self._counts[Side.LEFT] * self._counts[Side.RIGHT])
        weights = Weights(
            fields={field.name: self._weighed(field) for field in fields},
            blocks=best,
            start=round(math.log2(min(share, 0.5)), 2),
            link=LINK,
            ask=ASK,
            ahead=AHEAD,
        )
        weights = replace(weights, rivals=rivals(self._space, weights, fields, self._columns))
        return Trained(weights=weights, fields=fields, junk={}, pairs=pairs)

    # --- what is there

    def _show(self, blocks: Sequence[tuple[str, ...]], bits: Mapping[str, Mapping[Level, float]]) -> None:
        show_parts(self._space, self._provisional(blocks, bits), self._columns, self._rows)

    def _provisional(self, blocks: Sequence[tuple[str, ...]], bits: Mapping[str, Mapping[Level, float]]) -> Weights:
        fields = {
            name: Weighed(kind=kind, weights=bits.get(name, {}), swap=self._swaps.get(name))
            for name, kind in self._kinds.items()
        }
        return Weights(fields=fields, blocks=tuple(blocks), start=0.0, link=0.0, ask=0.0, ahead=0.0)

    def _known(self) -> dict[str, dict[Side, float]]:
        return {
            name: {
                side: 1 - self._columns[side].column(name, kind).null_count / max(1, self._counts[side])
                for side in SIDES
            }
            for name, kind in self._kinds.items()
        }

    # --- by accident

    def _chances(self) -> dict[str, dict[Level, float]]:
        """The share of each level among pairs of two different things, of which both have the value."""
        shares: dict[str, list[dict[Level, float]]] = {name: [] for name in self._names}
        for side in SIDES:
            drawn = self._drawn(side)
            for name in self._names:
                shares[name].append(self._share(name, side, drawn[name]))
        return {name: {of: sum(one[of] for one in shares[name]) / len(SIDES) for of in LEVELS} for name in self._names}

    def _drawn(self, side: Side) -> dict[str, dict[int, int]]:
        """How often each level was drawn for each field, in pairs of records of one side."""
        count = self._counts[side]
        self._space.step(
            "drawn",
            f"SELECT (hash(i) % {count})::INTEGER AS one, (hash(i + {RANDOM_PAIRS}) % {count})::INTEGER AS other"
            f" FROM range({min(RANDOM_PAIRS, RANDOM_PER_RECORD * count)}) AS t(i)",
        )
        weights = self._provisional((), {})
        found = ", ".join(level_of(weights, at) for at in range(len(self._names)))
        self._space.step(
            "drawn_levels",
            f"SELECT {found} FROM drawn JOIN {side}_weighed AS l ON l.row = one"
            f" JOIN {side}_weighed AS r ON r.row = other WHERE one <> other",
        )
        return {
            name: {
                row["level"]: row["n"]
                for row in self._space.table(
                    f"SELECT l{at} AS level, count(*) AS n FROM drawn_levels GROUP BY 1"
                ).to_pylist()
            }
            for at, name in enumerate(self._names)
        }

    def _share(self, name: str, side: Side, drawn: Mapping[int, int]) -> dict[Level, float]:
        """`same` is counted over all pairs of the side, the others come from those drawn."""
        at = self._names.index(name)
        value = f"c{at}.words" if self._kinds[name] in (Compare.TEXT, Compare.NAME) else f"c{at}"
        row = self._space.table(
            f"SELECT coalesce(sum(n * (n - 1)), 0)::DOUBLE AS same, coalesce(sum(n), 0)::DOUBLE AS n"
            f" FROM (SELECT count(*) AS n FROM {side}_weighed WHERE c{at} IS NOT NULL GROUP BY {value})"
        ).to_pylist()[0]
        known = row["n"]
        floor = 1 / (STRONGEST * max(self._counts.values()))
        shares = {Level.SAME: max(floor, row["same"] / max(1.0, known * (known - 1)))}
        seen = sum(count for number, count in drawn.items() if number)
        for number, of in enumerate(LEVELS, start=1):
            if of is not Level.SAME:
                shares[of] = (drawn.get(number, 0) + 0.5) / (seen + 2.5)
        return shares

    # --- among those that are one

    def _among(
        self, blocks: Sequence[tuple[str, ...]], chance: Mapping[str, Mapping[Level, float]]
    ) -> tuple[dict[str, dict[Level, float]], int]:
        """The share of each level among pairs that are one, and how many such pairs there are."""
        sessions: list[Session] = []
        for block in blocks:
            weights = self._provisional((block,), {})
            self._show((block,), {})
            candidates(self._space, weights)
            self._space.step("compared", levels_of(weights))
            active = [at for at, name in enumerate(self._names) if name not in block]
            if not active or not self._space.number("SELECT count(*) FROM compared"):
                continue
            table = self._space.table(f"SELECT {', '.join(f'l{at}' for at in active)} FROM compared")
            session = maximised(
                table,
                {f"l{at}": [chance[self._names[at]][of] for of in LEVELS] for at in active},
                expected=min(self._counts.values()),
            )
            sessions.append(session)
        among: dict[str, dict[Level, float]] = {}
        for at, name in enumerate(self._names):
            told = [session for session in sessions if f"l{at}" in session.shares]
            among[name] = averaged([(session.shares[f"l{at}"], session.ones) for session in told])
        pairs = self._ones(blocks, chance, among)
        return among, pairs

    def _ones(
        self,
        blocks: Sequence[tuple[str, ...]],
        chance: Mapping[str, Mapping[Level, float]],
        among: Mapping[str, Mapping[Level, float]],
    ) -> int:
        """How many pairs are one: of each left record that is likelier than not one with its best partner."""
        self._weigh(blocks, chance, among)
        smaller = min(self._counts.values())
        start = math.log2(smaller / (self._counts[Side.LEFT] * self._counts[Side.RIGHT]))
        return self._space.number(
            f"SELECT count(*) FROM (SELECT left_row, max(bits) AS best FROM bits GROUP BY 1) WHERE best >= {-start!r}"
        )

    def _weigh(
        self,
        blocks: Sequence[tuple[str, ...]],
        chance: Mapping[str, Mapping[Level, float]],
        among: Mapping[str, Mapping[Level, float]],
    ) -> None:
        """The table `bits`: left_row, right_row, bits of everybody in `blocks`."""
        self._show(blocks, {})
        weights = self._provisional(blocks, {})
        candidates(self._space, weights)
        added = ["0.0"]
        for at, name in enumerate(self._names):
            found = bits(chance[name], among[name])
            whens = " ".join(f"WHEN {LEVELS.index(of) + 1} THEN {value!r}" for of, value in found.items())
            added.append(f"CASE l{at} {whens} ELSE 0.0 END::DOUBLE")
        self._space.step("bits", f"SELECT left_row, right_row, {' + '.join(added)} AS bits FROM ({levels_of(weights)})")

    def _mistaken(
        self,
        blocks: Sequence[tuple[str, ...]],
        chance: Mapping[str, Mapping[Level, float]],
        among: Mapping[str, Mapping[Level, float]],
        pairs: int,
    ) -> dict[str, str]:
        """Fields whose values stand in one another's place, on pairs that are surely one."""
        start = math.log2(min(self._counts.values()) / (self._counts[Side.LEFT] * self._counts[Side.RIGHT]))
        self._space.step("sure", f"SELECT left_row, right_row FROM bits WHERE bits >= {SURE - start!r}")
        sure = self._space.number("SELECT count(*) FROM sure")
        found: dict[str, tuple[float, str]] = {}
        for (one, name), (two, other) in itertools.combinations(enumerate(self._names), 2):
            kind = self._kinds[name]
            if kind is not self._kinds[other] or kind not in (Compare.CODE, Compare.TEXT, Compare.NAME):
                continue
            words = ".text" if kind is not Compare.CODE else ""
            count = self._space.number(
                "SELECT count(*) FROM sure JOIN left_weighed AS l ON l.row = left_row"
                " JOIN right_weighed AS r ON r.row = right_row"
                f" WHERE l.c{one}{words} = r.c{two}{words} AND l.c{two}{words} = r.c{one}{words}"
                f" AND l.c{one}{words} <> r.c{one}{words}"
            )
            if count >= 5 and count >= 0.0005 * sure:
                for mine, its in ((name, other), (other, name)):
                    if found.get(mine, (0, ""))[0] < count:
                        found[mine] = (count, its)
        return {name: its for name, (_, its) in sorted(found.items())}

    # --- what comes out

    def _weighed(self, field: Learned) -> Weighed:
        found = bits(field.by_accident, field.among_ones)
        if field.swap is None:
            del found[Level.SWAPPED]
        return Weighed(kind=field.kind, weights={of: round(value, 2) for of, value in found.items()}, swap=field.swap)
