"""Answered questions asked again of other rules, and how often a rule was right (E14, E17, A22)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tallystick.engine.cases import Tried, adjusted, cases, tried
from tallystick.engine.precision import RulePrecision, rule_precisions
from tallystick.model.flow import Compare, Level, Match, PossibleRule, Weighed, Weights
from tallystick.model.link import Link, LinkEnd, LinkState
from tallystick.model.plan import Decision, Review, ReviewKind, ReviewStatus, Take
from tallystick.model.side import Side

BITS = {Level.SAME: 8.0, Level.CLOSE: 4.0, Level.NEAR: 1.0, Level.OTHER: -5.0}
WEIGHTS = Weights(
    fields={"serial": Weighed(kind=Compare.CODE, weights=BITS), "name": Weighed(kind=Compare.TEXT, weights=BITS)},
    blocks=(("serial",), ("name",)),
    start=-6.0,
    link=5.0,
    ask=-1.0,
    ahead=2.0,
)
ASKING = Match(possible=(PossibleRule(block=("name",), compare={"serial": Compare.CODE}, at_least=0.5),))


def review(
    number: int,
    take: Take,
    values: Mapping[str, tuple[str, str]],
    *,
    partner: str | None = None,
    status: ReviewStatus = ReviewStatus.DECIDED,
    rights: tuple[str, ...] = ("a",),
) -> Review:
    """One left record `1` and its candidates, all with the same values."""
    fields: dict[str, Any] = {name: {"left": of[0], "right": of[1]} for name, of in values.items()}
    return Review(
        number=number,
        kind=ReviewKind.POSSIBLE,
        left_id="1",
        right_id=rights[0] if len(rights) == 1 else None,
        evidence={
            "candidates": [
                {"left": "1", "right": right, "rule": "serial in name", "score": 0.9, "fields": fields}
                for right in rights
            ]
        },
        status=status,
        decision=Decision(take=take, partner=partner, by="ada"),
    )


SAME = {"serial": ("SN12345", "SN12345"), "name": ("Mac", "Mac")}
OTHER = {"serial": ("SN12345", "SN99999"), "name": ("Mac", "Mac")}


def test_case_holds_the_values_that_were_shown_and_the_answer_E17() -> None:
    (case,) = cases([review(3, Take.LINK, SAME)])
    assert case.pairs == {("1", "a")}
    assert case.records[Side.RIGHT] == {"a": {"serial": "SN12345", "name": "Mac"}}


def test_answers_taken_back_and_answers_that_name_nobody_are_no_cases_E17() -> None:
    several = review(1, Take.LINK, SAME, rights=("a", "b"))
    assert cases([review(2, Take.LINK, SAME, status=ReviewStatus.OPEN), several]) == []
    (case,) = cases([review(1, Take.LINK, SAME, rights=("a", "b"), partner="b")])
    assert case.pairs == {("1", "b")}


def test_rules_are_tried_on_each_case_by_itself_A22() -> None:
    """The same records stand in many cases and never meet across them."""
    asked = cases([review(1, Take.LINK, SAME), review(2, Take.CREATE, OTHER), review(3, Take.LINK, SAME)])
    assert tried(ASKING, asked) == Tried(cases=3, pairs=2, right=0, wrong=0, asked=2, offered=2)
    found = tried(Match(weights=WEIGHTS), asked)
    assert found == Tried(cases=3, pairs=2, right=2, wrong=0, asked=0, offered=2)
    assert (found.precision, found.recall, found.reached) == (1.0, 1.0, 1.0)


def test_wrong_links_count_against_the_rules_A22() -> None:
    asked = cases([review(1, Take.CREATE, SAME), review(2, Take.LINK, OTHER)])
    found = tried(Match(weights=WEIGHTS), asked)
    assert (found.right, found.wrong, found.precision, found.recall, found.reached) == (0, 1, 0.0, 0.0, 0.0)


def test_nothing_tried_has_no_shares() -> None:
    found = tried(Match(weights=WEIGHTS), [])
    assert (found.cases, found.precision, found.recall, found.reached) == (0, None, None, None)


def test_answers_move_the_thresholds_E17() -> None:
    """People said that equal pairs are two things: no link by equality alone, and ask for what they linked."""
    answers = [review(n, Take.CREATE, SAME) for n in range(20)] + [review(n + 20, Take.LINK, OTHER) for n in range(5)]
    moved = adjusted(WEIGHTS, cases(answers))
    assert (moved.link, moved.ask) == (11.0, -3.0)  # equal pairs weigh 10, the others -3
    assert adjusted(WEIGHTS, cases(answers[:5])) == WEIGHTS  # too few to go by


def link(number: int, rule: str, *, cause: str = "", decided_by: str = "") -> Link:
    evidence = {"rule": rule} | ({"decided_by": decided_by} if decided_by else {})
    return Link(
        number=number,
        left=LinkEnd(id=f"L{number}", fingerprint=1),
        right=LinkEnd(id=f"R{number}", fingerprint=1),
        state=LinkState.DORMANT if cause else LinkState.ACTIVE,
        cause=cause,
        evidence=evidence,
    )


def test_rule_was_right_where_its_links_stand_and_people_agreed_E14_E17() -> None:
    links = [
        link(1, "serial"),
        link(2, "serial"),
        link(3, "serial", cause="undone"),
        link(4, "serial", cause="deleted"),  # says nothing about the rule
        link(5, "serial in name", decided_by="ada"),  # counted as the question it was
        link(6, ""),
    ]
    answers = [
        review(1, Take.LINK, SAME, rights=("a", "b", "c"), partner="b"),
        review(2, Take.CREATE, OTHER),
        review(3, Take.LINK, SAME, status=ReviewStatus.OPEN),
    ]
    found = rule_precisions(links, answers)
    assert found == [
        RulePrecision(rule="serial", linked=2, undone=1, confirmed=0, refused=0),
        RulePrecision(rule="serial in name", linked=0, undone=0, confirmed=1, refused=3),
    ]
    rules = Match(definite=(("serial",), ("tag",)), possible=(PossibleRule(block=("host",), compare={}, at_least=1.0),))
    unused = [RulePrecision(rule=rule, linked=0, undone=0, confirmed=0, refused=0) for rule in ("tag", " in host")]
    assert rule_precisions(links, answers, rules) == [*found, *unused]
    assert [one.precision for one in found] == [2 / 3, 1 / 4]
    assert [one.judged for one in found] == [1, 4]
    assert RulePrecision(rule="x", linked=0, undone=0, confirmed=0, refused=0).precision is None
