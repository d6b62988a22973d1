"""Carrying out a plan. Rows E16, E22, E26, E27, E30, E31; scenarios S4, S14."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from tallystick.connectors.memory import IdsFrom, Versions
from tallystick.connectors.memory.describe import FieldSettings
from tallystick.errors import PermissionRefused, Unreachable
from tallystick.model.link import Standing
from tallystick.model.plan import OperationState, ReviewKind, RunStatus
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action
from tallystick.runs.plans import apply_plan, make_plan
from tallystick.testing.faults import ALWAYS, CallFails, FaultySystem, KillPoint, KillPoints, Moment, WriteFails
from tallystick.testing.faults.fault import Fault
from tests.two_systems import TwoSystems, flow, person

LEFT, RIGHT = SIDES
ANN = {"name": "Ann", "phone": "1", "city": "X", "tag": "t"}
BOB = {"name": "Bob", "phone": "2", "city": "Y", "tag": "u"}


def faulty(two: TwoSystems, *faults: Fault, side: Side = RIGHT) -> None:
    two.wrap = lambda of, system: FaultySystem(system, faults if of is side else (), two.clock)


def linked(*more: str, **right: Any) -> TwoSystems:
    two = TwoSystems(flow(*more), right=[person(**right)])
    two.left.put(ANN, id="a")
    two.sync()
    return two


# --- retry, wait, give up


def test_throttled_write_waits_as_long_as_it_is_told_E30() -> None:
    two = linked()
    two.left.edit("a", {"phone": "2"})
    faulty(two, WriteFails(status=HTTPStatus.TOO_MANY_REQUESTS, retry_after_s=17.0))
    before = two.clock.now()
    two.sync()
    assert (two.clock.now() - before).total_seconds() == 1.0 + 17.0
    assert two.right_of("a") == {**ANN, "phone": "2"}


def test_write_that_is_told_to_wait_for_an_hour_is_left_to_the_next_run_E30() -> None:
    two = linked()
    two.left.edit("a", {"phone": "2"})
    faulty(two, WriteFails(status=HTTPStatus.TOO_MANY_REQUESTS, retry_after_s=3_600.0))
    before = two.clock.now()
    two.sync()
    assert (two.clock.now() - before).total_seconds() == 1.0
    assert two.right_of("a") == ANN
    faulty(two)
    two.sync()
    assert two.right_of("a") == {**ANN, "phone": "2"}


def test_write_that_fails_again_and_again_backs_off_and_is_left_to_the_next_run_E30() -> None:
    two = linked()
    two.left.edit("a", {"phone": "2"})
    faulty(two, WriteFails(status=HTTPStatus.SERVICE_UNAVAILABLE, times=ALWAYS))
    before = two.clock.now()
    result = two.sync()
    waited_s = (two.clock.now() - before).total_seconds() - 1.0
    assert 0.5 * (0.5 + 1.0 + 2.0) <= waited_s < 0.5 + 1.0 + 2.0
    assert (result.failed, result.status) == (1, RunStatus.PARTIAL)
    faulty(two)
    two.sync()  # an increment: the cursor did not move past it
    assert two.right_of("a") == {**ANN, "phone": "2"}


@pytest.mark.parametrize(("status", "error"), [(None, Unreachable), (HTTPStatus.FORBIDDEN, PermissionRefused)])
def test_system_that_cannot_be_written_leaves_the_plan_for_the_next_run_E29_E30(
    status: HTTPStatus | None, error: type[Exception]
) -> None:
    two = linked()
    two.left.edit("a", {"phone": "2"})
    two.left.put(BOB, id="b")
    faulty(two, CallFails(status=status, times=ALWAYS))
    with pytest.raises(error):
        two.sync()
    faulty(two)
    two.sync()
    assert two.values(RIGHT) == [{**ANN, "phone": "2"}, BOB]
    assert two.worlds[RIGHT].writes()[Action.CREATE] == 2


def test_refused_record_is_parked_with_its_reason_and_blocks_nobody_E7_E30() -> None:
    two = TwoSystems()
    for number, values in enumerate([ANN, BOB, {**ANN, "tag": "v"}]):
        two.left.put(values, id=str(number))
    faulty(two, WriteFails(status=HTTPStatus.UNPROCESSABLE_ENTITY, at=2))
    result = two.sync()
    assert (result.refused, len(two.values(RIGHT))) == (1, 2)
    (review,) = two.reviews()
    assert review.kind is ReviewKind.REJECT
    assert "422" in review.evidence["message"]
    (parked,) = two.store.unlinked(two.scope(), LEFT)
    assert (parked.id, parked.standing) == ("1", Standing.REJECTED)
    faulty(two)
    two.settle()
    assert two.right_of("1") == BOB
    assert not two.reviews()


def test_record_the_target_would_refuse_is_rejected_before_it_is_sent_E24() -> None:
    fields = (FieldSettings(name="name", required=True), FieldSettings(name="tag"))
    two = TwoSystems(flow(fields=("name", "tag")), left=[person(fields=("name", "tag"))], right=[person(fields=fields)])
    two.left.put({"name": None, "tag": "t"}, id="a")
    two.left.put({"name": "Bob", "tag": "u"}, id="b")
    result = two.sync()
    assert result.rejects == 1
    assert len(two.values(RIGHT)) == 1
    assert "name" in two.reviews()[0].evidence["message"]
    two.left.edit("a", {"name": "Ann"})
    two.settle()
    assert len(two.values(RIGHT)) == 2
    assert not two.reviews()


# --- moved


@pytest.mark.parametrize("versions", [Versions.COUNTER, Versions.NONE])
@pytest.mark.parametrize(("edit", "expected"), [({"city": "Q"}, {"phone": "2", "city": "Q"}), ({"phone": "3"}, None)])
def test_record_that_moved_under_the_run_is_read_and_planned_anew_E31(
    versions: Versions, edit: dict[str, str], expected: dict[str, str] | None
) -> None:
    two = linked(versions=versions)
    there = two.partner(LEFT, "a")
    two.left.edit("a", {"phone": "2"})

    def meanwhile(point: KillPoint) -> None:
        if (point.moment, point.number) == (Moment.BEFORE, 1):
            two.right.edit(there, edit)

    faulty(two, KillPoints(act=meanwhile))
    two.sync()
    faulty(two)
    two.sync()
    if expected is None:
        assert two.right.get(there) == {**ANN, **edit}
        assert [review.kind for review in two.reviews()] == [ReviewKind.CONFLICT]
    else:
        assert two.right.get(there) == two.left.get("a") == {**ANN, **expected}


def test_record_that_is_deleted_under_the_run_is_put_back_E20_E31() -> None:
    two = linked()
    there = two.partner(LEFT, "a")
    two.left.edit("a", {"phone": "2"})

    def meanwhile(point: KillPoint) -> None:
        if (point.moment, point.number) == (Moment.BEFORE, 1):
            two.right.delete(there)

    faulty(two, KillPoints(act=meanwhile))
    two.sync()
    assert two.right_of("a") == {**ANN, "phone": "2"}


def test_record_that_moves_at_every_try_is_left_to_the_next_run_E31() -> None:
    two = linked()
    there = two.partner(LEFT, "a")
    two.left.edit("a", {"phone": "2"})

    def meanwhile(point: KillPoint) -> None:
        if point.moment is Moment.BEFORE:
            two.right.edit(there, {"city": str(point.number)})

    faulty(two, KillPoints(act=meanwhile))
    assert two.sync().status is RunStatus.PARTIAL
    faulty(two)
    two.sync()
    assert two.left.get("a") == two.right.get(there)
    assert two.right.get(there)["phone"] == "2"  # type: ignore[index]


# --- references

ORGS = flow(name="orgs", record="org", fields=("name", "tag"))
PEOPLE = flow(fields=("name", "{left: phone, right: phone, ref: orgs}", "city", "tag"))
ORG = {"name": "Acme", "tag": "o"}


def referring(ids: IdsFrom = IdsFrom.WRITER) -> TwoSystems:
    types = [person(ids=ids), person("org", fields=("name", "tag"), ids=ids)]
    return TwoSystems(ORGS, PEOPLE, left=[person(), person("org", fields=("name", "tag"))], right=types)


@pytest.mark.parametrize("ids", IdsFrom)
def test_referenced_records_are_created_first_E26(ids: IdsFrom) -> None:
    two = referring(ids)
    two.left.put({**ANN, "phone": "o1"}, id="a")
    two.table(LEFT, "org").put(ORG, id="o1")
    assert two.run().status == "done"
    assert two.right_of("a") == {**ANN, "phone": two.partner(LEFT, "o1", "orgs")}


@pytest.mark.parametrize("ids", IdsFrom)
def test_plan_refers_to_records_it_is_still_to_create_and_apply_fills_them_in_E24_E26(ids: IdsFrom) -> None:
    two = referring(ids)
    two.left.put({**ANN, "phone": "o1"}, id="a")
    two.table(LEFT, "org").put(ORG, id="o1")
    with two.workspace() as workspace:
        plan = make_plan(workspace)
    (line,) = plan["flows"]["people"]["operations"]
    assert line["fields"]["phone"] == [None, {"ref": ["orgs", "left", "o1"]}]
    with two.workspace() as workspace:
        assert apply_plan(workspace, plan).status == "done"
    assert two.right_of("a") == {**ANN, "phone": two.partner(LEFT, "o1", "orgs")}


@pytest.mark.parametrize("is_full", [True, False])
@pytest.mark.parametrize("is_edited", [True, False])
def test_record_without_its_reference_is_a_reject_and_goes_when_it_is_there_E26(is_full: bool, is_edited: bool) -> None:
    two = referring()
    two.left.put({**ANN, "phone": "o1"}, id="a")
    two.left.put({**BOB, "phone": None}, id="b")
    assert two.run().flows["people"].rejects == 1
    assert len(two.values(RIGHT)) == 1
    (review,) = two.reviews()
    assert "o1" in review.evidence["message"]
    (parked,) = two.store.unlinked(two.scope(), LEFT)
    assert (parked.standing, parked.waits_for) == (Standing.WAITING, ("orgs", LEFT, "o1"))
    two.run(is_full=is_full)
    assert two.reviews()  # it still waits, and still says so
    two.table(LEFT, "org").put(ORG, id="o1")
    if is_edited:
        two.left.edit("a", {"city": "Q"})
    two.run(is_full=is_full)
    assert two.right_of("a") == {**ANN, "phone": two.partner(LEFT, "o1", "orgs"), "city": "Q" if is_edited else "X"}
    assert len(two.values(RIGHT)) == 2
    assert not two.reviews()
    assert not list(two.store.unlinked(two.scope(), LEFT))


def test_update_to_a_missing_reference_is_held_and_goes_when_it_is_there_E26() -> None:
    two = referring()
    two.left.put({**ANN, "phone": None}, id="a")
    two.run()
    two.left.edit("a", {"phone": "o1", "city": "Q"})
    two.run()
    assert two.right_of("a") == {**ANN, "phone": None, "city": "Q"}
    two.table(LEFT, "org").put(ORG, id="o1")
    two.run()
    assert two.right_of("a") == {**ANN, "phone": two.partner(LEFT, "o1", "orgs"), "city": "Q"}
    assert not two.reviews()


def test_reference_within_a_flow_follows_in_the_same_run_E26() -> None:
    two = TwoSystems(flow(fields=("name", "{left: phone, right: phone, ref: people}", "city", "tag")))
    two.left.put({**ANN, "phone": "b"}, id="a")
    two.left.put({**BOB, "phone": "c"}, id="b")
    two.left.put({**BOB, "phone": None, "tag": "v"}, id="c")
    result = two.sync()
    assert two.right_of("a") == {**ANN, "phone": two.partner(LEFT, "b")}
    assert two.right_of("b") == {**BOB, "phone": two.partner(LEFT, "c")}
    assert (result.status, result.rejects) == (RunStatus.DONE, 0)
    assert not two.reviews()


def test_record_whose_reference_was_planned_and_refused_waits_and_says_so_E26() -> None:
    two = referring()
    two.left.put({**ANN, "phone": "o1"}, id="a")
    two.table(LEFT, "org").put(ORG, id="o1")
    with two.workspace() as workspace:
        plan = make_plan(workspace)
    two.table(LEFT, "org").edit("o1", {"name": "Changed"})
    with two.workspace() as workspace:
        assert apply_plan(workspace, plan).status == "partial"
    assert two.values(RIGHT) == []
    (review,) = two.reviews()
    assert (review.kind, review.left_id) == (ReviewKind.REJECT, "a")
    assert "orgs o1" in review.evidence["message"]
    two.run()
    assert two.right_of("a") == {**ANN, "phone": two.partner(LEFT, "o1", "orgs")}
    assert not two.reviews()


# --- two that fight, one link per id


@pytest.mark.parametrize("changes", ["name", "city"])
def test_two_systems_that_fight_over_a_field_are_stopped_E22_S4(changes: str) -> None:
    two = linked()
    there = two.partner(LEFT, "a")
    before = two.writes()
    for _ in range(20):
        if two.left.get("a")[changes] != "one":  # type: ignore[index]
            two.left.edit("a", {changes: "one"})
        two.sync()
        if two.right.get(there)[changes] != "two":  # type: ignore[index]
            two.right.edit(there, {changes: "two"})
        two.sync()
    assert two.writes() - before <= 8
    assert [review.kind for review in two.reviews()] == [ReviewKind.CONFLICT]
    two.left.edit("a", {"phone": "7"})
    two.sync()
    assert two.right.get(there)["phone"] == "7"  # type: ignore[index]


def test_add_both_gives_each_side_the_others_version_E19_S14() -> None:
    for ids in IdsFrom:
        two = linked("conflict: {rule: add_both}", ids=ids)
        there = two.partner(LEFT, "a")
        two.left.edit("a", {"phone": "2"})
        two.right.edit(there, {"phone": "3"})
        two.settle()
        assert two.left.get("a") == two.right_of("a") == {**ANN, "phone": "2"}
        assert two.right.get(there) == two.left_of(there) == {**ANN, "phone": "3"}
        assert len(two.links()) == len(two.values(LEFT)) == len(two.values(RIGHT)) == 2


def test_add_both_that_one_side_refuses_loses_nothing_and_doubles_nothing_E16_E19() -> None:
    for side in SIDES:
        two = linked("conflict: {rule: add_both}")
        there = two.partner(LEFT, "a")
        two.left.edit("a", {"phone": "2"})
        two.right.edit(there, {"phone": "3"})
        faulty(two, WriteFails(status=HTTPStatus.UNPROCESSABLE_ENTITY, times=ALWAYS), side=side)
        two.sync()
        faulty(two, side=side)
        two.settle()
        assert two.left.get("a") == two.right_of("a") == {**ANN, "phone": "2"}
        assert two.right.get(there) == two.left_of(there) == {**ANN, "phone": "3"}
        assert len(two.links()) == len(two.values(LEFT)) == len(two.values(RIGHT)) == 2


def test_journal_tells_intent_and_outcome_of_every_write_E27() -> None:
    two = linked()
    two.left.edit("a", {"phone": "2"})
    two.sync()
    update, create = two.journal()
    assert (create.action, create.state, create.attempts, create.after) == (
        Action.CREATE,
        OperationState.DONE,
        1,
        ANN,
    )
    assert (update.before, update.after, update.rules) == (
        {"phone": "1"},
        {"phone": "2"},
        {"phone": "changed on the left"},
    )
