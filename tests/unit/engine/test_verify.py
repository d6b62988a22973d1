"""A plan is applied line by line, or refused line by line. Row E24; scenario S25."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tallystick.errors import PlanRefused
from tallystick.model.side import SIDES, Side
from tallystick.runs.plans import apply_plan, make_plan
from tallystick.runs.report import Report
from tests.two_systems import TwoSystems, flow

LEFT, RIGHT = SIDES
ANN = {"name": "Ann", "phone": "1", "city": "X"}


def systems(*more: str, count: int = 4) -> TwoSystems:
    two = TwoSystems(flow(*more))
    for number in range(count):
        two.left.put({**ANN, "tag": str(number)}, id=f"{number:03}")
    two.sync()
    return two


def plan_of(two: TwoSystems, **options: bool) -> dict[str, Any]:
    before = two.writes(), [(link.left, link.right) for link in two.links()], len(two.reviews())
    with two.workspace() as workspace:
        plan = make_plan(workspace, **options)
    assert before == (two.writes(), [(link.left, link.right) for link in two.links()], len(two.reviews()))
    loaded: dict[str, Any] = json.loads(json.dumps(plan))
    return loaded


def apply(two: TwoSystems, plan: dict[str, Any]) -> Report:
    with two.workspace() as workspace:
        return apply_plan(workspace, plan)


def refused(report: Report) -> list[tuple[str, str | None, str]]:
    return [(line["action"], line["id"], line["why"]) for line in report.extra["refused"]]


def test_plan_and_result_are_equal_line_by_line_E24() -> None:
    two = systems()
    theirs = [two.partner(LEFT, f"{number:03}") for number in range(4)]
    two.left.edit("000", {"phone": "9"})
    two.right.edit(theirs[1], {"city": "Q"})
    two.left.delete("002")
    two.left.put({**ANN, "tag": "new"}, id="new")
    plan = plan_of(two)
    report = apply(two, plan)
    assert (report.status, refused(report)) == ("done", [])
    planned = {
        (line["side"], line["action"], line["id"], json.dumps(line["fields"], sort_keys=True))
        for line in plan["flows"]["people"]["operations"]
    }
    done = {
        (
            o.side.value,
            o.action.value,
            o.id_on(o.side) if o.action.value != "create" else None,
            json.dumps(
                {name: [value, None] for name, value in o.before.items()}
                if o.action.value == "delete"
                else {name: [o.before.get(name), value] for name, value in o.after.items()},
                sort_keys=True,
            ),
        )
        for o in two.journal(run=report.run)
    }
    assert planned == done
    before = two.writes()
    two.settle()
    assert two.writes() == before


def test_lines_that_moved_are_refused_and_all_others_applied_E24_S25() -> None:
    two = systems(count=40)
    theirs = {f"{number:03}": two.partner(LEFT, f"{number:03}") for number in range(40)}
    for id_ in theirs:
        two.left.edit(id_, {"phone": "2"})
    plan = plan_of(two)
    two.left.edit("003", {"phone": "3"})  # what the line rests on
    two.right.edit(theirs["005"], {"phone": "5"})  # what the line writes
    two.left.delete("007")
    report = apply(two, plan)
    assert sorted(refused(report)) == [
        ("update", theirs["003"], "the left record was changed since the plan"),
        ("update", theirs["005"], "the record was changed since the plan"),
        ("update", theirs["007"], "the left record is gone"),
    ]
    assert report.status == "partial"
    assert two.worlds[RIGHT].writes().total() == 40 + 37
    two.settle()
    assert two.right.get(theirs["003"])["phone"] == "3"  # type: ignore[index]
    assert two.right.get(theirs["007"]) is None
    assert len(two.reviews()) == 1  # 005 was edited on both sides


def test_deletion_for_a_record_that_is_back_in_the_filter_is_refused_E2_E24() -> None:
    where = "where: {field: city, is_not: gone}"
    two = TwoSystems(flow("'on': {left_scope: delete}", left=where, guards="{delete: none}"))
    for number in range(4):
        two.left.put({**ANN, "tag": str(number)}, id=f"{number:03}")
    two.sync()
    back, away = (two.partner(LEFT, id_) for id_ in ("000", "001"))
    for id_ in ("000", "001"):
        two.left.edit(id_, {"city": "gone"})
    plan = plan_of(two)
    two.left.edit("000", {"city": "X"})
    assert refused(apply(two, plan)) == [("delete", back, "the left record is there again")]
    assert two.right.get(back) is not None
    assert two.right.get(away) is None


def test_deletion_of_a_record_that_is_back_is_refused_E2_E24() -> None:
    two = systems()
    there = two.partner(LEFT, "000")
    two.left.delete("000")
    plan = plan_of(two)
    two.left.restore("000")
    assert refused(apply(two, plan)) == [("delete", there, "the left record is there again")]
    assert two.right.get(there) is not None


def test_creation_of_a_record_that_was_linked_meanwhile_is_refused_E16_E24() -> None:
    two = systems()
    two.left.put({**ANN, "tag": "new"}, id="new")
    plan = plan_of(two)
    two.sync()
    assert refused(apply(two, plan)) == [("create", None, "the left record has been linked meanwhile")]
    assert len(two.values(RIGHT)) == 5


def test_link_that_changed_meanwhile_refuses_its_lines_E24() -> None:
    two = systems()
    two.left.edit("000", {"phone": "2"})
    plan = plan_of(two)
    two.store.replace_links(two.scope(), two.links())
    (line,) = refused(apply(two, plan))
    assert line[2] == "the link has changed meanwhile"


def test_match_whose_record_was_edited_meanwhile_is_refused_E24() -> None:
    two = TwoSystems(flow("match: {definite: [[tag]]}"))
    two.left.put({**ANN, "tag": "t"}, id="a")
    two.right.put({**ANN, "tag": "t"}, id="z")
    plan = plan_of(two)
    two.right.edit("z", {"phone": "7"})
    assert [why for _, _, why in refused(apply(two, plan))] == ["the right record was changed since the plan"]
    assert two.links() == []


@pytest.mark.parametrize("rule", ["left", "right", "add_both", "ignore"])
def test_plan_of_a_conflict_is_applied_as_planned_E19_E24(rule: str) -> None:
    two = systems(f"conflict: {{rule: {rule}}}", count=1)
    there = two.partner(LEFT, "000")
    two.left.edit("000", {"phone": "2"})
    two.right.edit(there, {"phone": "3"})
    report = apply(two, plan_of(two))
    assert (report.status, refused(report)) == ("done", [])
    before = two.writes()
    two.settle()
    assert two.writes() == before


def test_plan_is_refused_when_altered_applied_or_of_another_file_E24() -> None:
    two = systems()
    two.left.edit("000", {"phone": "2"})
    plan = plan_of(two)
    altered = json.loads(json.dumps(plan))
    altered["flows"]["people"]["operations"][0]["fields"]["phone"][1] = "666"
    with pytest.raises(PlanRefused, match="altered"):
        apply(two, altered)
    file = two.loaded
    two.loaded = TwoSystems(flow("primary: right")).loaded
    with pytest.raises(PlanRefused, match="edited since"):
        apply(two, plan)
    two.loaded = file
    apply(two, plan)
    with pytest.raises(PlanRefused, match="applied already"):
        apply(two, plan)
    assert two.right_of("000")["phone"] == "2"  # type: ignore[index]


def test_side_of_the_lines_is_the_one_written_E24() -> None:
    two = systems()
    two.right.edit(two.partner(LEFT, "000"), {"phone": "2"})
    (line,) = plan_of(two)["flows"]["people"]["operations"]
    assert (Side(line["side"]), line["id"], line["fields"]) == (LEFT, "000", {"phone": ["1", "2"]})
