"""Questions that people answered, asked again of other rules: what they would link, ask and miss.

Source: spec/engine.md E14, E17; A22.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
from msgspec.structs import replace

from tallystick.engine.match import Pairing, match
from tallystick.model.flow import Level, Match, Weights
from tallystick.model.plan import Review, ReviewKind, ReviewStatus, Take
from tallystick.model.record import ID
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value

KINDS: Final = (ReviewKind.POSSIBLE, ReviewKind.DISPUTED)
FEWEST: Final = 20
"""Answers below which thresholds stay as they are."""
FURTHEST: Final = 10.0
"""Bits by which answers move a threshold at most."""
_CASE: Final = "#case"
_NEVER: Final = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One answered question: the records it was about, with the values that were shown, and what belongs together."""

    number: int  # of the review
    records: Mapping[Side, Mapping[str, Mapping[str, Value]]]  # id -> values
    pairs: frozenset[tuple[str, str]]  # (left id, right id); empty where the answer was that nobody is anybody


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What rules make of cases. Shares are None where they are of nothing."""

    cases: int
    pairs: int  # that people said are one
    right: int  # of those that would be linked, one
    wrong: int  # of those that would be linked, two
    asked: int  # cases in which a person would be asked
    offered: int  # pairs that are one and would be linked or shown to a person

    @property
    def precision(self) -> float | None:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    @property
    def recall(self) -> float | None:
        return self.right / self.pairs if self.pairs else None

    @property
    def reached(self) -> float | None:
        """The share of the pairs that would be linked or shown to a person."""
        return self.offered / self.pairs if self.pairs else None


def cases(reviews: Iterable[Review]) -> list[Case]:
    """The answered questions about who is whom among `reviews`, in the order of their numbers.

    An answer that was taken back is none: its question is open again.
    """
    found = []
    for review in reviews:
        decision = review.decision
        if review.kind not in KINDS or review.status is not ReviewStatus.DECIDED or decision is None:
            continue
        shown = [one for one in review.evidence.get("candidates") or () if isinstance(one, Mapping)]
        if not shown or decision.take not in (Take.LINK, Take.CREATE, Take.IGNORE):
            continue
        records = _records(review, shown)
        pairs = frozenset[tuple[str, str]]()
        if decision.take is Take.LINK:
            named = [(one["left"], one["right"]) for one in shown]
            chosen = [pair for pair in named if len(named) == 1 or decision.partner in pair]
            if len(chosen) != 1:
                continue
            pairs = frozenset(chosen)
        found.append(Case(number=review.number, records=records, pairs=pairs))
    return sorted(found, key=lambda case: case.number)


def _records(review: Review, shown: Sequence[Mapping[str, Any]]) -> dict[Side, dict[str, Mapping[str, Value]]]:
    records: dict[Side, dict[str, dict[str, Value]]] = {side: {} for side in SIDES}
    for one in shown:
        fields = one.get("fields")
        for side in SIDES:
            values = records[side].setdefault(str(one[side.value]), {})
            for name, of in (fields if isinstance(fields, Mapping) else {}).items():
                values[name] = of.get(side.value)
    for side, id_ in ((Side.LEFT, review.left_id), (Side.RIGHT, review.right_id)):
        if id_ in records[side]:
            for name, both in review.fields.items():
                records[side][id_].setdefault(name, both.get(side.value))
    return {side: dict(of) for side, of in records.items()}


def tried(rules: Match, asked: Sequence[Case]) -> Tried:
    """What `rules` would have done in each case by itself."""
    definite, possible = _matched(rules, asked)
    true = {(case.number, *pair) for case in asked for pair in case.pairs}
    linked = {_named(pairing) for pairing in definite}
    shown = {_named(pairing) for pairing in possible}
    return Tried(
        cases=len(asked),
        pairs=len(true),
        right=len(linked & true),
        wrong=len(linked - true),
        asked=len({number for number, _, _ in shown}),
        offered=len((linked | shown) & true),
    )


def adjusted(weights: Weights, asked: Sequence[Case]) -> Weights:
    """`link` above what people said is two things, and `ask` low enough for what they said is one."""
    if len(asked) < FEWEST:
        return weights
    open_ = replace(weights, link=_NEVER, ask=-_NEVER, blocks=((),))  # everybody of a case is compared
    weighed = [(_named(one), _weight(weights, one)) for one in _matched(Match(weights=open_), asked)[1]]
    true = {(case.number, *pair) for case in asked for pair in case.pairs}
    ones = [weight for name, weight in weighed if name in true]
    twos = [weight for name, weight in weighed if name not in true]
    link = min(max([weights.link, *(weight + 1 for weight in twos)]), weights.link + FURTHEST)
    ask = max(min([weights.ask, *ones]), weights.ask - FURTHEST)
    return replace(weights, link=round(link, 2), ask=round(ask, 2))


def _weight(weights: Weights, pairing: Pairing) -> float:
    levels = {name: Level(of["level"]) for name, of in pairing.evidence.items() if of["level"]}
    return weights.against(levels)[0]


def _matched(rules: Match, asked: Sequence[Case]) -> tuple[list[Pairing], list[Pairing]]:
    """The pairs that would be linked, and those that would be shown. Records of different cases never meet."""
    within = replace(
        rules,
        definite=tuple((*rule, _CASE) for rule in rules.definite),
        possible=tuple(replace(rule, block=(*rule.block, _CASE)) for rule in rules.possible),
        weights=rules.weights
        and replace(rules.weights, blocks=tuple((*block, _CASE) for block in rules.weights.blocks)),
    )
    tables = {}
    for side in SIDES:
        rows = [
            {**values, ID: f"{case.number}\x1f{id_}", _CASE: f"case {case.number} of cases"}
            for case in asked
            for id_, values in case.records[side].items()
        ]
        columns = {name: pa.array([_text(row.get(name)) for row in rows], pa.string()) for name in within.fields}
        tables[side] = pa.table({ID: pa.array([row[ID] for row in rows], pa.string()), **columns})
    found = match(within, tables[Side.LEFT], tables[Side.RIGHT])
    return list(found.definite), [*found.possible, *found.disputed]


def _text(value: Value | None) -> str | None:
    return value if isinstance(value, str) else None


def _named(pairing: Pairing) -> tuple[int, str, str]:
    number, _, left = pairing.left_id.partition("\x1f")
    return int(number), left, pairing.right_id.partition("\x1f")[2]
