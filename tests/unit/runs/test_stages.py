"""A flow stage by stage: what `sync` drains, and what a durable run takes one by one."""

import itertools

import pytest

from tallystick.errors import PlanRefused
from tallystick.model.plan import RunKind, RunStatus
from tallystick.model.side import Side
from tallystick.runs.plans import apply_plan, make_plan
from tallystick.runs.report import Report
from tallystick.runs.workspace import Workspace
from tests.two_systems import TwoSystems, flow, killed, points

PEOPLE = 6


@pytest.fixture
def two():
    with TwoSystems() as systems:
        for number in range(PEOPLE):
            systems.left.put({"name": f"Person {number}"})
        yield systems


def begun(workspace: Workspace, id_: str = "0" * 32):
    return workspace.begin(RunKind.SYNC, id_=id_)


def test_stages_are_the_plan_and_each_batch_then_the_report(two):
    with two.workspace() as workspace:
        run, report = begun(workspace), Report(run="0" * 32)
        (people,) = workspace.chosen(())
        assert list(workspace.stages(run, people, report)) == [PEOPLE, PEOPLE]
        assert report.flows["people"].shown()["writes"]["right"]["create"] == PEOPLE


def test_stages_hold_the_scope_until_they_are_closed_E32(two):
    with two.workspace() as first, two.workspace() as second:
        (people,) = first.chosen(())
        stages = first.stages(begun(first), people, Report(run="0" * 32))
        next(stages)
        report = Report(run="1" * 32)
        assert list(second.stages(begun(second, "1" * 32), people, report)) == []
        assert report.errors["people"].code == "scope_busy"
        stages.close()
        assert second.sync().status == "done"


def test_stages_closed_after_the_plan_go_on_in_the_same_run_E29(two):
    with two.workspace() as first:
        (people,) = first.chosen(())
        stages = first.stages(begun(first), people, Report(run="0" * 32))
        assert next(stages) == PEOPLE
        stages.close()
    with two.workspace() as second:
        run, report = begun(second), Report(run="0" * 32)
        assert list(second.stages(run, people, report)) == [PEOPLE]
        shown = report.flows["people"].shown()
        assert (shown["status"], shown["read"]["left"], shown["writes"]["right"]["create"]) == ("done", PEOPLE, PEOPLE)
        again = Report(run="0" * 32)
        assert list(second.stages(run, people, again)) == []
        assert again.flows["people"].shown() == {**shown, "seconds": again.flows["people"].shown()["seconds"]}
    assert len(two.values(Side.RIGHT)) == PEOPLE


def test_a_run_killed_anywhere_is_reported_whole_when_it_is_settled_E29_S17():
    with TwoSystems() as other:
        for number in range(PEOPLE):
            other.left.put({"name": f"Person {number}"})
        count = points(other, other.run)
    for dies_at in range(1, count):
        with TwoSystems() as systems:
            for number in range(PEOPLE):
                systems.left.put({"name": f"Person {number}"})
            assert killed(systems, dies_at, systems.run)
            systems.run()
            made = 0
            for run in systems.store.runs():
                shown = run.result.get("flows", {}).get("people", {}) if run.finished_at else {}
                made += shown.get("writes", {}).get("right", {}).get("create", 0)
            assert len(systems.values(Side.RIGHT)) == PEOPLE
            assert made == PEOPLE, dies_at
            begun = [run for run in systems.store.runs() if systems.store.flow_runs(run.id)]
            assert all(run.finished_at for run in begun), dies_at


def test_a_flow_is_not_planned_in_a_run_of_another_version_of_the_file(two):
    with two.workspace() as workspace:
        run = begun(workspace)
    with TwoSystems(flow("conflict: {rule: left}"), store=two.store) as other, other.workspace() as workspace:
        report = Report(run=run.id)
        assert list(workspace.stages(run, workspace.chosen(())[0], report)) == []
        assert isinstance(report.errors["people"], PlanRefused)
    assert two.writes() == 0


def test_stages_of_a_held_run_end_with_the_plan_E25():
    with TwoSystems(flow(guards="{create: 1}")) as two:
        for number in range(3):
            two.left.put({"name": f"Person {number}"})
        with two.workspace() as workspace:
            report = Report(run="0" * 32)
            stages = workspace.stages(begun(workspace), workspace.chosen(())[0], report)
            assert len(list(itertools.islice(stages, 9))) == 1
            assert report.flows["people"].status is RunStatus.HELD
            again = Report(run="0" * 32)
            assert list(workspace.stages(begun(workspace), workspace.chosen(())[0], again)) == []
            assert again.flows["people"].held == report.flows["people"].held
        assert two.writes() == 0


def test_time_counts_in_plans_applied_and_runs_taken_back_too(two):
    for number in range(PEOPLE, 100):
        two.left.put({"name": f"Person {number}"})
    with two.workspace() as workspace:
        applied = apply_plan(workspace, make_plan(workspace))
        assert applied.flows["people"].shown()["seconds"] > 0
        run = workspace.store.run(applied.run)
        assert run is not None
        assert workspace.undo(run).flows["people"].shown()["seconds"] > 0
