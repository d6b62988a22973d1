"""Undo of a run. Rows E24, E29, E33; scenario S25."""

from __future__ import annotations

from typing import Any

import pytest

from tallystick.connectors.memory import IdsFrom, Versions
from tallystick.model.plan import RunKind, RunStatus
from tallystick.model.side import SIDES, Side
from tallystick.runs.plans import apply_plan, make_plan
from tallystick.runs.report import Report
from tests.two_systems import TwoSystems, flow, killed, person, points

LEFT, RIGHT = SIDES
ANN = {"name": "Ann", "phone": "1", "city": "X", "tag": "t"}
BOB = {"name": "Bob", "phone": "2", "city": "Y", "tag": "u"}


def systems(
    *more: str, ids: IdsFrom = IdsFrom.WRITER, versions: Versions = Versions.COUNTER, **flows: str
) -> TwoSystems:
    types = [person(ids=ids, versions=versions)]
    two = TwoSystems(flow(*more, **flows), left=types, right=types)
    two.left.put(ANN, id="a")
    two.left.put(BOB, id="b")
    two.sync()
    return two


def undo(two: TwoSystems, run: str, **options: bool) -> Report:
    earlier = two.store.run(run)
    assert earlier is not None
    with two.workspace() as workspace:
        return workspace.undo(earlier, **options)


def quiet(two: TwoSystems) -> None:
    """What undo took back stays taken back: neither an increment nor a full comparison writes."""
    before = two.writes()
    two.sync()
    two.sync(is_full=True)
    assert two.writes() == before


@pytest.mark.parametrize("versions", [Versions.COUNTER, Versions.NONE])
def test_undo_of_updates_restores_what_was_there_and_holds_E33(versions: Versions) -> None:
    two = systems(versions=versions)
    there = two.partner(LEFT, "a")
    two.left.edit("a", {"phone": "9", "name": "Anna"})
    two.right.edit(there, {"city": "Q"})
    run = two.run().run
    report = undo(two, run)
    assert report.status == "done"
    assert report.extra["left"] == []
    assert two.right.get(there) == {**ANN, "city": "Q"}
    assert two.left.get("a") == {**ANN, "phone": "9", "name": "Anna"}
    quiet(two)
    two.left.edit("a", {"phone": "8"})
    two.sync()
    assert two.right.get(there) == {**ANN, "city": "Q", "phone": "8"}  # the next edit flows


@pytest.mark.parametrize("ids", IdsFrom)
def test_undo_of_creates_deletes_them_and_makes_them_not_again_E33(ids: IdsFrom) -> None:
    two = systems(ids=ids)
    (first,) = [run for run in two.store.runs() if run.kind.value == "sync"]
    assert undo(two, first.id).status == "done"
    assert two.values(RIGHT) == []
    assert len(two.values(LEFT)) == 2
    quiet(two)
    two.left.edit("a", {"phone": "5"})
    quiet(two)
    assert two.values(RIGHT) == []


@pytest.mark.parametrize("ids", IdsFrom)
def test_undo_of_deletes_makes_the_whole_record_again_E33(ids: IdsFrom) -> None:
    two = systems(ids=ids)
    two.left.delete("a")
    run = two.run().run
    assert two.values(RIGHT) == [BOB]
    assert undo(two, run).status == "done"
    assert two.values(RIGHT) == [ANN, BOB]
    assert two.values(LEFT) == [BOB]
    quiet(two)


def test_undo_of_a_delete_brings_back_the_fields_no_field_map_names_E33() -> None:
    two = TwoSystems(flow(fields=("name", "tag")))
    two.left.put(ANN, id="a")
    two.sync()
    two.right.edit(two.partner(LEFT, "a"), {"phone": "77", "city": "R"})
    two.sync()
    two.left.delete("a")
    run = two.run().run
    undo(two, run)
    assert two.values(RIGHT) == [{"name": "Ann", "tag": "t", "phone": "77", "city": "R"}]


def test_undo_leaves_and_lists_what_was_edited_since_E33_S25() -> None:
    two = systems()
    theirs = {id_: two.partner(LEFT, id_) for id_ in ("a", "b")}
    two.left.edit("a", {"phone": "9", "city": "Q"})
    two.left.edit("b", {"phone": "8"})
    run = two.run().run
    two.right.edit(theirs["a"], {"phone": "5"})
    report = undo(two, run)
    (left,) = report.extra["left"]
    assert (left["side"], left["id"], left["fields"], left["why"]) == ("right", theirs["a"], ["phone"], "edited since")
    assert two.right.get(theirs["a"]) == {**ANN, "phone": "5"}
    assert two.right.get(theirs["b"]) == BOB
    two.settle()
    assert two.left.get("a") == {**ANN, "phone": "5", "city": "Q"}


def test_undo_leaves_a_created_record_that_was_edited_since_E33() -> None:
    two = systems()
    first = two.store.runs()[-1]
    there = two.partner(LEFT, "a")
    two.right.edit(there, {"city": "Q"})
    report = undo(two, first.id)
    assert [one["id"] for one in report.extra["left"]] == [there]
    assert two.values(RIGHT) == [{**ANN, "city": "Q"}]


def test_undo_goes_through_the_same_guards_E25_E33() -> None:
    two = TwoSystems(flow(guards="{delete: 10%}"))
    for number in range(30):
        two.left.put({**ANN, "tag": str(number)}, id=str(number))
    run = two.run().run
    report = undo(two, run)
    assert report.flows["people"].status is RunStatus.HELD
    assert len(two.values(RIGHT)) == 30
    assert undo(two, run, approval=True).status == "done"
    assert two.values(RIGHT) == []


def test_undo_of_the_undo_does_it_again_E33() -> None:
    two = systems()
    there = two.partner(LEFT, "a")
    two.left.edit("a", {"phone": "9"})
    run = two.run().run
    back = undo(two, run).run
    assert two.right.get(there) == ANN
    assert undo(two, back).status == "done"
    assert two.right.get(there) == {**ANN, "phone": "9"}
    quiet(two)


def test_undo_of_a_match_parts_the_two_and_matches_them_not_again_E33() -> None:
    two = TwoSystems(flow("match: {definite: [[tag]]}"))
    two.left.put(ANN, id="a")
    two.right.put({**ANN, "phone": "7"}, id="z")
    run = two.run().run
    assert two.right.get("z") == ANN
    undo(two, run)
    assert two.right.get("z") == {**ANN, "phone": "7"}
    quiet(two)
    assert len(two.values(LEFT)) == len(two.values(RIGHT)) == 1


def test_undo_of_a_record_touched_twice_in_later_runs_leaves_the_later_value_E33() -> None:
    two = systems()
    there = two.partner(LEFT, "a")
    two.left.edit("a", {"phone": "8"})
    run = two.run().run
    two.left.edit("a", {"phone": "9"})
    two.sync()
    report = undo(two, run)
    assert [one["fields"] for one in report.extra["left"]] == [["phone"]]
    assert two.right.get(there) == {**ANN, "phone": "9"}


def test_undo_takes_edits_of_other_fields_along_later_E33() -> None:
    two = systems()
    there = two.partner(LEFT, "a")
    two.left.edit("a", {"phone": "9"})
    run = two.run().run
    two.right.edit(there, {"name": "Anna"})
    assert undo(two, run).extra["left"] == []
    two.sync()
    assert two.right.get(there) == {**ANN, "name": "Anna"}
    assert two.left.get("a") == {**ANN, "name": "Anna", "phone": "9"}


@pytest.mark.parametrize("side", SIDES)
def test_undo_of_ten_edits_on_either_side_restores_that_side_E33(side: Side) -> None:
    two = systems()
    for number in range(10):
        two.left.put({**ANN, "tag": f"x{number}"}, id=f"x{number}")
    two.sync()
    before = two.values(side.other)
    for id_ in list(two.table(side).records()):
        two.table(side).edit(id_, {"city": "ZZ"})
    run = two.run().run
    assert all(record["city"] == "ZZ" for record in two.values(side.other))
    assert undo(two, run).status == "done"
    assert two.values(side.other) == before
    quiet(two)


def test_undo_killed_anywhere_is_done_whole_or_not_called_done_E29_E33() -> None:
    def begun() -> tuple[TwoSystems, str]:
        two = systems()
        two.left.edit("a", {"phone": "9"})
        return two, two.run().run

    two, run = begun()
    count = points(two, lambda: undo(two, run))
    for dies_at in range(1, count + 1):
        two, run = begun()
        assert killed(two, dies_at, lambda two=two, run=run: undo(two, run))
        two.run()
        is_undone = ANN in two.values(RIGHT)
        statuses = [one.status for one in two.store.runs() if one.kind is RunKind.UNDO]
        assert is_undone or RunStatus.DONE not in statuses, dies_at
        two.close()


def test_plan_whose_apply_is_killed_anywhere_is_applied_whole_or_not_called_done_E24_E29() -> None:
    def begun() -> tuple[TwoSystems, dict[str, Any]]:
        two = systems()
        two.left.edit("a", {"phone": "9"})
        with two.workspace() as workspace:
            return two, make_plan(workspace)

    def apply(two: TwoSystems, plan: dict[str, Any]) -> None:
        with two.workspace() as workspace:
            apply_plan(workspace, plan)

    two, plan = begun()
    count = points(two, lambda: apply(two, plan))
    for dies_at in range(1, count + 1):
        two, plan = begun()
        assert killed(two, dies_at, lambda two=two, plan=plan: apply(two, plan))
        with two.workspace() as workspace:
            workspace.settle(workspace.integration.flow("people"))
        statuses = [one.status for one in two.store.runs() if one.kind is RunKind.APPLY]
        assert {**ANN, "phone": "9"} in two.values(RIGHT) or RunStatus.DONE not in statuses, dies_at
        two.close()


@pytest.mark.parametrize("ids", IdsFrom)
def test_undo_of_a_deletion_asked_for_again_puts_nothing_back_twice_E33(ids: IdsFrom) -> None:
    two = systems(ids=ids, guards="{delete: none}")
    two.left.delete("a")
    run = two.run().run
    assert two.values(RIGHT) == [BOB]
    for _ in range(3):
        assert undo(two, run).status == "done"
        assert {one["tag"] for one in two.values(RIGHT)} == {"t", "u"}
        assert len(two.values(RIGHT)) == 2
        quiet(two)
    assert two.left.records().keys() == {"b"}


def test_plan_whose_apply_is_killed_tells_of_what_moved_before_it_went_on_E24_E29() -> None:
    two = systems()
    two.left.edit("a", {"phone": "9"})
    with two.workspace() as workspace:
        plan = make_plan(workspace)

    def apply() -> Report:
        with two.workspace() as workspace:
            return apply_plan(workspace, plan, is_again=True)

    for dies_at in range(1, 40):  # as soon as it has begun, and before it has sent anything
        assert killed(two, dies_at, apply)
        if any(two.store.flow_runs(one.id) for one in two.store.runs() if one.kind is RunKind.APPLY):
            break
    two.left.edit("a", {"phone": "7"})
    report = apply()
    assert (report.status, report.flows["people"].refused, len(report.extra["refused"])) == ("partial", 1, 1)
