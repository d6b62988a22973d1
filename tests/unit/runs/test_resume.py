"""A killed run goes on where it was, and nothing is lost or doubled. Rows E24, E27, E29, E31, E33; scenario S17."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tallystick.connectors.memory import Changes, IdsFrom, Versions
from tallystick.model.plan import OperationState
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action
from tallystick.runs.plans import apply_plan, make_plan
from tests.two_systems import TwoSystems, flow, killed, person, points

LEFT, RIGHT = SIDES
ANN = {"name": "Ann", "phone": "1", "city": "X"}


def mixed(ids: IdsFrom = IdsFrom.WRITER, **settings: Any) -> TwoSystems:
    """Creations, changes and deletions to both sides, a conflict, and one deleted where it was edited."""
    two = TwoSystems(left=[person(ids=ids, **settings)], right=[person(ids=ids, **settings)])
    for number in range(6):
        two.left.put({**ANN, "tag": str(number)}, id=str(number + 1))
    two.sync()
    theirs = [two.partner(LEFT, str(number + 1)) for number in range(6)]
    two.left.edit("1", {"phone": "2"})
    two.right.edit(theirs[0], {"city": "Y"})
    two.right.edit(theirs[1], {"name": "Bea"})
    two.left.delete("3")
    two.right.delete(theirs[3])
    two.left.edit("5", {"phone": "3"})
    two.right.edit(theirs[4], {"phone": "4"})
    two.left.edit("6", {"phone": "5"})
    two.right.delete(theirs[5])
    two.left.put({**ANN, "tag": "left"}, id="left" if ids is IdsFrom.WRITER else None)
    two.right.put({**ANN, "tag": "right"}, id="right" if ids is IdsFrom.WRITER else None)
    return two


def without_ids(two: TwoSystems) -> dict[str, Any]:
    ids = {side: two.table(side).records() for side in SIDES}
    links = sorted(
        (str(ids[LEFT].get(link.left.id, {}).get("tag")), str(ids[RIGHT].get(link.right.id, {}).get("tag")), link.state)
        for link in two.links()
        if link.left is not None and link.right is not None
    )
    return {
        "left": two.values(LEFT),
        "right": two.values(RIGHT),
        "links": links,
        "reviews": sorted(review.kind for review in two.reviews()),
    }


WORLDS: list[dict[str, Any]] = [
    {},
    {"ids": IdsFrom.SYSTEM},
    {"ids": IdsFrom.SYSTEM, "idempotency": False},
    {"versions": Versions.NONE, "changes": Changes.NONE},
    {"max_writes": 1},
]


@pytest.mark.parametrize("world", WORLDS)
def test_run_killed_at_every_durable_point_ends_as_if_it_had_not_been_S17_E29(world: dict[str, Any]) -> None:
    whole = mixed(**world)
    total = points(whole, whole.sync)
    whole.sync()
    expected = without_ids(whole)
    assert total > 30
    for dies_at in range(1, total + 1):
        two = mixed(**world)
        assert killed(two, dies_at, two.sync)
        two.sync()
        two.sync()
        assert without_ids(two) == expected, f"killed at {dies_at} of {total}"
        assert all(one.state is not OperationState.SENT for one in two.journal())
        before = two.writes()
        assert before == whole.writes() or world.get("idempotency", True)  # with a key a create may be answered twice
        two.sync(is_full=True)
        assert two.writes() == before, f"killed at {dies_at} of {total}"


def test_run_killed_twice_ends_as_if_it_had_not_been_S17_E29() -> None:
    whole = mixed()
    total = points(whole, whole.sync)
    whole.sync()
    for dies_at in range(1, total + 1, 3):
        for again in range(1, 30, 4):
            two = mixed()
            assert killed(two, dies_at, two.sync)
            killed(two, again, two.sync)
            two.sync()
            two.sync()
            assert without_ids(two) == without_ids(whole), f"killed at {dies_at}, then at {again}"


def test_planned_deletion_is_not_carried_out_when_the_record_is_back_E2_E29() -> None:
    whole = mixed()
    for dies_at in range(1, points(whole, whole.sync) + 1):
        two = mixed()
        there = two.partner(LEFT, "3")
        killed(two, dies_at, two.sync)
        was_deleted = two.right.get(there) is None
        two.left.restore("3")
        two.sync()
        assert two.right.get(there) is not None or was_deleted, f"killed at {dies_at}"
        assert len([record for record in two.values(RIGHT) if record["tag"] == "2"]) == 1


def test_planned_update_is_not_carried_out_with_a_value_that_is_gone_E29_E31() -> None:
    whole = mixed()
    for dies_at in range(1, points(whole, whole.sync) + 1):
        two = mixed()
        there = two.partner(LEFT, "1")
        killed(two, dies_at, two.sync)
        was_written = two.right.get(there)["phone"] == "2"  # type: ignore[index]
        two.left.edit("1", {"phone": "22"})
        before = len(two.worlds[RIGHT].accepted())
        two.sync()
        assert two.right.get(there)["phone"] == "22"  # type: ignore[index]
        writes = [w for w in two.worlds[RIGHT].accepted()[before:] if (w.id, w.action) == (there, Action.UPDATE)]
        assert len(writes) == 1 or was_written, f"killed at {dies_at}"


def planned(two: TwoSystems) -> Callable[[], object]:
    with two.workspace() as workspace:
        plan = make_plan(workspace)

    def apply() -> None:
        with two.workspace() as workspace:
            apply_plan(workspace, plan)

    return apply


def test_apply_that_was_killed_does_the_rest_of_its_plan_and_no_more_E24_E29() -> None:
    whole = mixed()
    apply = planned(whole)
    total = points(whole, apply)
    for dies_at in range(1, total + 1):
        two = mixed()
        assert killed(two, dies_at, planned(two))
        two.sync()
        two.sync()
        whole.sync()
        assert without_ids(two) == without_ids(whole), f"killed at {dies_at}"


def test_apply_that_was_killed_refuses_what_moved_meanwhile_E24_E29() -> None:
    whole = mixed()
    total = points(whole, planned(whole))
    for dies_at in range(1, total + 1):
        two = mixed()
        there = two.partner(LEFT, "3")
        killed(two, dies_at, planned(two))
        was_deleted = two.right.get(there) is None
        two.left.restore("3")
        two.sync()
        assert two.right.get(there) is not None or was_deleted, f"killed at {dies_at}"


@pytest.mark.parametrize("ids", IdsFrom)
def test_undo_that_was_killed_goes_on_E29_E33(ids: IdsFrom) -> None:
    def undone(two: TwoSystems) -> Callable[[], object]:
        run = next(run for run in two.store.runs() if run.kind.value == "sync")

        def undo() -> None:
            with two.workspace() as workspace:
                workspace.undo(run, approval=True)

        return undo

    whole = mixed(ids)
    whole.sync()
    total = points(whole, undone(whole))
    whole.sync()
    for dies_at in range(1, total + 1):
        two = mixed(ids)
        two.sync()
        killed(two, dies_at, undone(two))
        two.sync()
        if dies_at > 6:  # the plan to undo was there
            assert {side: two.values(side) for side in SIDES} == {side: whole.values(side) for side in SIDES}
        before = two.writes()
        two.sync(is_full=True)
        assert two.writes() == before, f"killed at {dies_at}"
        assert all(one.state is not OperationState.SENT for one in two.journal())


def test_decision_that_was_killed_takes_effect_at_the_next_run_E17_E29() -> None:
    def deciding() -> tuple[TwoSystems, Callable[[], object]]:
        two = TwoSystems(flow())
        two.left.put({**ANN, "tag": "t"}, id="a")
        two.sync()
        two.left.edit("a", {"phone": "2"})
        two.right.edit(two.partner(LEFT, "a"), {"phone": "3"})
        two.sync()
        return two, lambda: two.decide("right")

    two, act = deciding()
    for dies_at in range(1, points(two, act) + 1):
        two, act = deciding()
        killed(two, dies_at, act)
        is_decided = not two.reviews()
        two.sync()
        if is_decided:
            assert two.left.get("a")["phone"] == "3", f"killed at {dies_at}"  # type: ignore[index]
        else:
            assert two.left.get("a")["phone"] == "2"  # type: ignore[index]
            assert len(two.reviews()) == 1


@pytest.mark.parametrize("side", SIDES)
def test_no_write_without_an_intent_E27(side: Side) -> None:
    whole = mixed()
    total = points(whole, whole.sync)
    for dies_at in range(1, total + 1):
        two = mixed()
        before = len(two.worlds[side].accepted())
        killed(two, dies_at, two.sync)
        intents = {
            (o.action, o.id_on(side)) for o in two.journal() if o.side is side and o.state is not OperationState.PLANNED
        }
        for write in two.worlds[side].accepted()[before:]:
            assert (write.action, write.id) in intents, f"killed at {dies_at}"
