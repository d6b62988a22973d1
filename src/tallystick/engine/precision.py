"""How often each match rule was right, from what became of its links and questions. Source: spec/engine.md E14, E17."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tallystick.engine.cases import cases
from tallystick.engine.matched import rule_name
from tallystick.model.flow import Match
from tallystick.model.link import Link, LinkState
from tallystick.model.plan import Review

UNDONE: Final = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePrecision:
    """What became of the pairs of one rule."""

    rule: str  # as it is shown: "serial_no + manufacturer", "weights"
    linked: int  # linked by the rule itself, and still linked
    undone: int  # linked by the rule itself, and taken back
    confirmed: int  # shown to a person, who said that it is one
    refused: int  # shown to a person, who said that it is not

    @property
    def judged(self) -> int:
        """Of how many a person said something."""
        return self.undone + self.confirmed + self.refused

    @property
    def precision(self) -> float | None:
        """The share of its pairs that stand; a link that nobody objected to stands. None where it has none."""
        pairs = self.linked + self.judged
        return (self.linked + self.confirmed) / pairs if pairs else None


def rule_precisions(
    links: Iterable[Link], reviews: Iterable[Review], rules: Match | None = None
) -> list[RulePrecision]:
    """One for each rule that links or answered questions name, in the order of their names, then the others of `rules`.

    `links` of any state; a link that a person decided counts as the question it was.
    """
    counts: dict[str, Counter[str]] = {}
    for link in links:
        rule = link.evidence.get("rule")
        if not isinstance(rule, str) or not rule or "decided_by" in link.evidence:
            continue
        if link.state is LinkState.ACTIVE:
            counts.setdefault(rule, Counter())["linked"] += 1
        elif link.cause == UNDONE:
            counts.setdefault(rule, Counter())["undone"] += 1
    answered = list(reviews)
    pairs = {case.number: case.pairs for case in cases(answered)}
    for review in answered:
        if review.number not in pairs:
            continue
        for one in review.evidence.get("candidates") or ():
            if isinstance(one, Mapping) and isinstance(one.get("rule"), str):
                is_one = (one.get("left"), one.get("right")) in pairs[review.number]
                counts.setdefault(one["rule"], Counter())["confirmed" if is_one else "refused"] += 1
    return [
        RulePrecision(
            rule=rule,
            linked=count["linked"],
            undone=count["undone"],
            confirmed=count["confirmed"],
            refused=count["refused"],
        )
        for rule, count in [*sorted(counts.items()), *_unused(rules, counts)]
    ]


def _unused(rules: Match | None, counts: Mapping[str, Counter[str]]) -> Iterator[tuple[str, Counter[str]]]:
    if rules is None:
        return
    weights = (rules.weights,) if rules.weights is not None else ()
    for name in dict.fromkeys(map(rule_name, (*rules.definite, *rules.possible, *weights))):
        if name not in counts:
            yield name, Counter()
