"""What people answer, and what comes of it. Rows E12-E17, E19, E28; scenarios S3, S14."""

from __future__ import annotations

import pytest

from tallystick.errors import AlreadyDecided, ConfigurationError, StaleDecision
from tallystick.model.link import Standing
from tallystick.model.plan import ReviewKind, ReviewStatus
from tallystick.model.side import SIDES
from tests.two_systems import TwoSystems, flow, person

LEFT, RIGHT = SIDES
ANN = {"name": "Ann", "phone": "1", "city": "X", "tag": "t"}
ALIKE = "match: {possible: [{block: [city], compare: {name: name}, at_least: 0.7}]}"


def conflict(*more: str) -> tuple[TwoSystems, str]:
    """Title and phone changed on the left, phone and city on the right."""
    two = TwoSystems(flow(*more))
    two.left.put(ANN, id="a")
    two.sync()
    there = two.partner(LEFT, "a")
    two.left.edit("a", {"name": "Anna", "phone": "2"})
    two.right.edit(there, {"phone": "3", "city": "Y"})
    two.sync()
    return two, there


L, R = {**ANN, "name": "Anna", "phone": "2"}, {**ANN, "phone": "3", "city": "Y"}
ENDS = [
    # granularity, rule, left, right
    ("field", "ask", {**L, "city": "Y"}, {**R, "name": "Anna"}),
    ("field", "left", {**L, "city": "Y"}, {**L, "city": "Y"}),
    ("field", "right", {**R, "name": "Anna"}, {**R, "name": "Anna"}),
    ("field", "ignore", L, R),
    ("record", "ask", L, R),
    ("record", "left", L, L),
    ("record", "right", R, R),
    ("record", "ignore", L, R),
]


@pytest.mark.parametrize(("granularity", "rule", "left", "right"), ENDS)
def test_exact_end_states_of_the_rules_S14(
    granularity: str, rule: str, left: dict[str, str], right: dict[str, str]
) -> None:
    two, there = conflict(f"conflict: {{rule: {rule}, granularity: {granularity}}}")
    for _ in range(3):
        assert (two.left.get("a"), two.right.get(there)) == (left, right)
        two.clock.move(30 * 86_400.0)  # left open for thirty days
        two.sync()
    assert [review.kind for review in two.reviews()] == ([ReviewKind.CONFLICT] if rule == "ask" else [])
    lost = {"left": "3", "right": "2"}.get(rule)
    if lost is not None:  # the losing value is in the journal
        assert any(o.before.get("phone") == lost for o in two.journal())


@pytest.mark.parametrize("granularity", ["field", "record"])
def test_exact_end_states_of_add_both_S14(granularity: str) -> None:
    two, there = conflict(f"conflict: {{rule: add_both, granularity: {granularity}}}")
    two.settle()
    assert two.left.get("a") == two.right_of("a") == L
    assert two.right.get(there) == two.left_of(there) == R
    assert len(two.values(LEFT)) == len(two.values(RIGHT)) == 2


def test_ignored_conflict_ends_with_the_next_edit_E19() -> None:
    two, there = conflict("conflict: {rule: ignore}")
    two.left.edit("a", {"phone": "9"})
    two.sync()
    assert (two.left.get("a"), two.right.get(there)) == ({**L, "phone": "9"}, {**R, "phone": "9"})


ANSWERS = [
    # granularity, take, left, right
    ("field", "left", {**L, "city": "Y"}, {**L, "city": "Y"}),
    ("field", "right", {**R, "name": "Anna"}, {**R, "name": "Anna"}),
    ("field", "ignore", {**L, "city": "Y"}, {**R, "name": "Anna"}),
    ("record", "left", L, L),
    ("record", "right", R, R),
    ("record", "ignore", L, R),
]


@pytest.mark.parametrize(("granularity", "take", "left", "right"), ANSWERS)
def test_conflict_answered_stays_answered_E17_S14(
    granularity: str, take: str, left: dict[str, str], right: dict[str, str]
) -> None:
    two, there = conflict(f"conflict: {{rule: ask, granularity: {granularity}}}")
    two.decide(take, note="they called")
    assert (two.left.get("a"), two.right.get(there)) == (left, right)
    two.settle()
    assert (two.left.get("a"), two.right.get(there)) == (left, right)
    assert not two.reviews()
    (review,) = two.store.reviews(two.scope(), status=ReviewStatus.DECIDED)
    assert review.decision is not None
    assert (review.decision.by, review.decision.note) == ("ann", "they called")


def test_conflict_answered_field_by_field_E17() -> None:
    two = TwoSystems(flow())
    two.left.put(ANN, id="a")
    two.sync()
    there = two.partner(LEFT, "a")
    two.left.edit("a", {"name": "Anna", "phone": "2"})
    two.right.edit(there, {"name": "Anne", "phone": "3"})
    two.sync()
    two.decide("left", fields={"phone": "right"})
    assert two.left.get("a") == two.right.get(there) == {**ANN, "name": "Anna", "phone": "3"}


def test_ignored_answer_is_asked_anew_after_an_edit_E17() -> None:
    two, there = conflict()
    two.decide("ignore")
    two.left.edit("a", {"phone": "9"})
    two.sync()
    assert two.right.get(there)["phone"] == "3"  # type: ignore[index]
    assert [review.fields["phone"]["left"] for review in two.reviews()] == ["9"]


def test_answer_to_what_changed_since_is_stale_and_the_question_shows_it_E17_S3() -> None:
    two, there = conflict()
    (review,) = two.reviews()
    two.right.edit(there, {"phone": "33"})
    with pytest.raises(StaleDecision, match="changed since"):
        two.decide("left")
    (again,) = two.reviews()
    assert (again.number, again.fields["phone"]["right"]) == (review.number, "33")
    assert two.store.run(again.run) is not None  # whose file the answer is carried out with
    two.decide("left")
    assert two.right.get(there)["phone"] == "2"  # type: ignore[index]


def test_answer_to_a_question_whose_cause_is_gone_is_stale_E17() -> None:
    two, there = conflict()
    two.right.edit(there, {"phone": "2"})
    with pytest.raises(StaleDecision, match="cause is gone"):
        two.decide("left")
    two.sync()
    assert not two.reviews()


def test_second_answer_names_the_first_E17_S3() -> None:
    two, _ = conflict()
    number = two.reviews()[0].number
    two.decide("left")
    with pytest.raises((AlreadyDecided, StaleDecision)):
        two.state().decide(number, "right")


def test_answer_that_fits_no_such_question_is_refused_E17() -> None:
    two, _ = conflict()
    with pytest.raises(ConfigurationError, match="does not take 'link'"):
        two.decide("link")


def test_one_answer_for_all_questions_alike_E17_S14() -> None:
    two = TwoSystems(flow())
    for number in range(3):
        two.left.put({**ANN, "tag": str(number)}, id=str(number))
    two.sync()
    for number in range(3):
        two.left.edit(str(number), {"phone": "2"})
        two.right.edit(two.partner(LEFT, str(number)), {"phone": "3"})
    two.sync()
    result = two.decide("right", is_all=True)
    assert len(result["decided"]) == 3
    assert all(record["phone"] == "3" for side in SIDES for record in two.values(side))
    assert not two.reviews()


def test_undone_decision_asks_again_E17() -> None:
    two, _ = conflict()
    number = two.reviews()[0].number
    two.decide("ignore")
    two.state().undo_decision(number)
    two.sync(is_full=True)
    assert [review.number for review in two.reviews()] == [number]


# --- new records


@pytest.mark.parametrize("versions", ["counter", "none"])
@pytest.mark.parametrize(("take", "count"), [("create", 1), ("ignore", 0)])
def test_new_record_is_asked_about_where_the_flow_says_so_E13_E17(versions: str, take: str, count: int) -> None:
    two = TwoSystems(flow("'on': {new_left: ask}"), left=[person(versions=versions)])
    two.left.put(ANN, id="a")
    two.sync()
    assert two.values(RIGHT) == []
    two.decide(take)
    assert len(two.values(RIGHT)) == count
    for _ in range(2):
        two.sync(is_full=True)
    assert len(two.values(RIGHT)) == count
    assert not two.reviews()


def alike() -> TwoSystems:
    two = TwoSystems(flow(ALIKE), left=[person(versions="none")], right=[person(versions="none")])
    two.left.put({**ANN, "name": "Annabel Lee"}, id="a")
    two.right.put({**ANN, "name": "Annabell Lee", "tag": "u"}, id="z")
    two.sync()
    assert (len(two.values(LEFT)), len(two.values(RIGHT))) == (1, 1)
    return two


@pytest.mark.parametrize(("take", "count"), [("link", 1), ("create", 2), ("ignore", 1)])
def test_possible_match_answered_E13_E17(take: str, count: int) -> None:
    two = alike()
    (review,) = two.reviews()
    assert (review.kind, review.left_id, review.right_id) == (ReviewKind.POSSIBLE, "a", "z")
    two.decide(take)
    for _ in range(2):
        two.sync(is_full=True)
        assert (len(two.values(LEFT)), len(two.values(RIGHT))) == (count, count)
    assert not two.reviews()
    if take == "link":
        assert two.right.get("z") == two.left.get("a")
        assert two.links()[0].evidence["decided_by"] == "ann"
    if take == "ignore":
        standing = [one.standing for side in SIDES for one in two.store.unlinked(two.scope(), side)]
        assert standing == [Standing.IGNORED, Standing.IGNORED]


def test_possible_match_whose_record_is_gone_is_stale_E17_S3() -> None:
    two = alike()
    two.right.delete("z")
    with pytest.raises(StaleDecision):
        two.decide("link")
    two.settle()
    assert not two.reviews()


@pytest.mark.parametrize(("reaction", "count"), [("link", 1), ("create", 2), ("ignore", 1)])
def test_possible_match_decided_by_the_flow_E13(reaction: str, count: int) -> None:
    two = TwoSystems(flow(ALIKE, f"'on': {{possible: {reaction}}}"))
    two.left.put({**ANN, "name": "Annabel Lee"}, id="a")
    two.right.put({**ANN, "name": "Annabell Lee", "tag": "u"}, id="z")
    two.settle()
    assert (len(two.values(LEFT)), len(two.values(RIGHT))) == (count, count)
    assert len(two.links()) == {"link": 1, "create": 2, "ignore": 0}[reaction]
