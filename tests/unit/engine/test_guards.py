"""Guards hold a run before it writes. Row E25; scenario S16."""

from __future__ import annotations

from collections import Counter

import pytest

from tallystick.engine.guards import Tally, breaches
from tallystick.model.flow import Guards, Limit
from tallystick.model.plan import ReviewKind, RunStatus
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action
from tallystick.runs.plans import make_plan
from tests.two_systems import TwoSystems, flow

LEFT, RIGHT = SIDES
ANN = {"name": "Ann", "phone": "1", "city": "X"}

LIMITS = [
    # limit, amount, linked, exceeded
    (Limit(), 1_000, 1_000, False),
    (Limit(count=3), 3, 10, False),
    (Limit(count=3), 4, 10, True),
    (Limit(count=0), 1, 0, True),
    (Limit(share=0.1), 10, 100, False),
    (Limit(share=0.1), 11, 100, True),
    (Limit(share=0.1), 19, 19, False),  # a percentage counts from 20 linked records up
    (Limit(share=0.1), 3, 20, True),
    (Limit(share=0.5, count=2), 3, 100, True),
]


@pytest.mark.parametrize(("limit", "amount", "linked", "is_exceeded"), LIMITS)
@pytest.mark.parametrize(
    ("name", "action"), [("delete", Action.DELETE), ("create", Action.CREATE), ("change", Action.UPDATE)]
)
@pytest.mark.parametrize("side", SIDES)
def test_guard_of_writes_holds_above_its_limit_E25(
    limit: Limit, amount: int, linked: int, is_exceeded: bool, name: str, action: Action, side: Side
) -> None:
    none = dict.fromkeys(["delete", "create", "change", "shrink"], Limit())
    tally = Tally(linked=linked, writes={LEFT: Counter(), RIGHT: Counter()})
    tally.writes[side][action] = amount
    found = breaches(Guards(**{**none, name: limit}), tally, complete={})
    assert [(one.guard, one.side, one.amount) for one in found] == ([(name, side, amount)] if is_exceeded else [])


def test_guard_of_a_changed_mapping_that_empties_a_field_E25() -> None:
    fresh = frozenset({"right.phone"})
    tally = Tally(linked=100, nulled={"right.phone": 60}, filled={"right.phone": 100}, fresh=fresh)
    assert [one.guard for one in breaches(Guards(), tally, complete={})] == ["nulls"]
    tally.nulled["right.phone"] = 50
    assert breaches(Guards(), tally, complete={}) == []
    tally.nulled = {"right.city": 60}
    assert breaches(Guards(), tally, complete={}) == []


def people(count: int, *more: str, guards: str = "{}") -> TwoSystems:
    two = TwoSystems(flow(*more, guards=guards))
    for number in range(count):
        two.left.put({**ANN, "tag": str(number)}, id=str(number))
    return two


def test_held_run_writes_nothing_and_asks_once_E25() -> None:
    two = people(30)
    two.sync()
    for number in range(4):
        two.left.delete(str(number))
    before = two.writes()
    for _ in range(2):
        result = two.sync()
        assert result.status is RunStatus.HELD
        assert [(one.guard, one.side, one.amount, one.linked) for one in result.held] == [("delete", RIGHT, 4, 30)]
    assert two.writes() == before
    assert [review.kind for review in two.reviews()] == [ReviewKind.HELD]


def test_held_deletions_clear_when_the_records_are_back_E25_S16() -> None:
    two = people(30)
    two.sync()
    for number in range(4):
        two.left.delete(str(number))
    two.sync()
    for number in range(3):
        two.left.restore(str(number))
    assert two.sync().status is RunStatus.DONE
    assert len(two.values(RIGHT)) == 29
    assert not two.reviews()


def test_held_run_goes_on_when_approved_and_does_not_alarm_again_E25_S16() -> None:
    two = people(30)
    two.sync()
    for number in range(4):
        two.left.delete(str(number))
    two.sync()
    assert two.decide("approve")["report"]["status"] == "done"
    assert len(two.values(RIGHT)) == 26
    assert two.sync().status is RunStatus.DONE


def test_three_deletions_of_420_pass_S16() -> None:
    two = people(420)
    two.sync()
    for number in range(3):
        two.left.delete(str(number))
    assert two.sync().status is RunStatus.DONE
    assert len(two.values(RIGHT)) == 417


def test_creations_over_a_number_are_held_E25() -> None:
    two = people(3, guards="{create: 2}")
    assert two.sync().status is RunStatus.HELD
    assert two.values(RIGHT) == []
    assert two.sync(approval=True).status is RunStatus.DONE
    assert len(two.values(RIGHT)) == 3


def test_plan_tells_what_would_be_held_E24_E25() -> None:
    two = people(3, guards="{create: 2}")
    with two.workspace() as workspace:
        plan = make_plan(workspace)
    assert [one["guard"] for one in plan["flows"]["people"]["held"]] == ["create"]
    assert two.writes() == 0
    assert not two.reviews()


def test_side_that_shrank_is_held_though_nothing_would_be_deleted_E25() -> None:
    two = people(30, "'on': {deleted_left: keep}")
    two.sync()
    for number in range(7):
        two.left.delete(str(number))
    result = two.sync(is_full=True)
    assert [one.guard for one in result.held] == ["shrink"]


def test_mapping_that_empties_a_field_everywhere_is_held_E25() -> None:
    two = people(30)
    two.sync()
    two.loaded = TwoSystems(flow(fields=("name", "phone", "{right: city, constant: {right: null}}", "tag"))).loaded
    result = two.sync()
    assert result.status is RunStatus.HELD
    assert [one.guard for one in result.held] == ["nulls"]
    assert all(record["city"] == "X" for record in two.values(RIGHT))
