"""Undo of runs over records that refer to each other. Rows E25, E26, E29, E33; scenario S25."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping

import pytest

from tallystick.connectors.memory import IdsFrom
from tallystick.connectors.memory.describe import FieldSettings
from tallystick.model.plan import ReviewKind, RunKind, RunStatus
from tallystick.model.side import SIDES, Side
from tallystick.model.value import FieldType, Value
from tallystick.model.write import Action
from tallystick.runs.report import Report
from tests.two_systems import TwoSystems, flow, killed, person, points

LEFT, RIGHT = SIDES
NONE = "{delete: none, shrink: none}"


def systems(ids: IdsFrom = IdsFrom.SYSTEM, *, guards: str = NONE, is_needed: bool = False) -> TwoSystems:
    """Organisations with a main one above them; people with a boss, an organisation, and friends in a list."""
    friends = FieldSettings(name="friends", type=FieldType.LIST)
    org = FieldSettings(name="org", required=is_needed)
    types = [person("org", ("tag", "above"), ids=ids), person("person", ("tag", "boss", org, friends), ids=ids)]
    refers = [f"{{left: {name}, right: {name}, ref: {to}}}" for name, to in
              (("boss", "people"), ("org", "orgs"), ("friends", "people"))]  # fmt: skip
    two = TwoSystems(
        flow(name="orgs", record="org", fields=("tag", "{left: above, right: above, ref: orgs}"), guards=guards),
        flow(name="people", record="person", fields=("tag", *refers), guards=NONE),
        left=types,
        right=types,
    )
    orgs, people = two.table(LEFT, "org"), two.table(LEFT, "person")
    for tag, above in (("top", None), ("low", "top")):
        orgs.put({"tag": tag, "above": above}, id=tag)
    for tag, boss, friends_of in (("ann", None, []), ("bob", "ann", ["ann"]), ("cy", "bob", ["ann", "bob"])):
        friends_there = json.dumps(friends_of, separators=(",", ":"))
        people.put({"tag": tag, "boss": boss, "org": "low", "friends": friends_there}, id=tag)
    for _ in range(3):
        two.run(approval=True)
    return two


def held(two: TwoSystems, side: Side = RIGHT) -> dict[str, tuple[Value, ...]]:
    """Tag of every record -> the tags of what it names."""
    orgs, people = two.table(side, "org").records(), two.table(side, "person").records()

    def tag(records: Mapping[str, Mapping[str, Value]], id_: Value) -> Value:
        return records[id_]["tag"] if id_ in records else id_

    found: dict[str, tuple[Value, ...]] = {str(one["tag"]): (tag(orgs, one["above"]),) for one in orgs.values()}
    for one in people.values():
        friends = [str(tag(people, id_)) for id_ in json.loads(one["friends"] or "[]")]
        found[str(one["tag"])] = (tag(people, one["boss"]), tag(orgs, one["org"]), " ".join(friends))
    return found


WHOLE = {
    "top": (None,),
    "low": ("top",),
    "ann": (None, "low", ""),
    "bob": ("ann", "low", "ann"),
    "cy": ("bob", "low", "ann bob"),
}


def delete(two: TwoSystems, *tags: str) -> str:
    """A run after these were deleted on the left."""
    for tag in tags:
        two.table(LEFT, "org" if tag in ("top", "low") else "person").delete(tag)
    return two.run(approval=True).run


def undo(two: TwoSystems, run: str, *, approval: bool = True) -> Report:
    earlier = two.store.run(run)
    assert earlier is not None
    with two.workspace() as workspace:
        return workspace.undo(earlier, approval=approval)


def quiet(two: TwoSystems) -> None:
    before = two.writes(), held(two)
    two.run(approval=True)
    two.run(is_full=True, approval=True)
    assert (two.writes(), held(two)) == before


@pytest.mark.parametrize("ids", IdsFrom)
@pytest.mark.parametrize(
    "tags",
    [("ann", "bob", "cy", "top", "low"), ("ann",), ("low",), ("top", "low"), ("bob", "cy"), ("bob", "low")],
    ids="-".join,
)
def test_what_is_put_back_is_named_by_the_id_it_has_now_E26_E33(ids: IdsFrom, tags: tuple[str, ...]) -> None:
    two = systems(ids)
    assert held(two) == WHOLE
    run = delete(two, *tags)
    assert held(two).keys() == WHOLE.keys() - set(tags)
    report = undo(two, run)
    assert (report.status, report.extra["left"], list(report.flows)) == ("done", [], ["orgs", "people"])
    assert held(two) == WHOLE
    quiet(two)
    undo(two, run)
    assert held(two) == WHOLE
    quiet(two)


@pytest.mark.parametrize("ids", IdsFrom)
def test_circles_are_put_back_as_they_were_E26_E33(ids: IdsFrom) -> None:
    two = systems(ids)
    two.table(LEFT, "person").edit("ann", {"boss": "cy", "friends": '["ann","cy"]'})
    two.settle()
    circle = {**WHOLE, "ann": ("cy", "low", "ann cy")}
    assert held(two) == circle
    run = delete(two, "ann", "bob", "cy")
    assert undo(two, run).extra["left"] == []
    assert held(two) == circle
    quiet(two)


def test_reference_that_was_changed_in_the_run_names_what_is_back_E33() -> None:
    two = systems()
    two.table(LEFT, "person").edit("bob", {"boss": None, "org": "top"})
    run = delete(two, "ann", "low")
    assert held(two)["bob"][:2] == (None, "top")
    assert undo(two, run).extra["left"] == []
    assert held(two) == WHOLE


def test_reference_that_a_person_changed_since_stays_E33() -> None:
    two = systems()
    run = delete(two, "ann")
    (bob,) = (id_ for id_, one in two.table(RIGHT, "person").records().items() if one["tag"] == "bob")
    two.table(RIGHT, "person").edit(bob, {"boss": bob})
    undo(two, run)
    assert held(two)["bob"] == ("bob", "low", "ann")


def test_undo_held_in_one_flow_leaves_the_reference_out_and_sets_it_once_let_pass_E25_E33() -> None:
    two = systems(guards="{delete: none, shrink: none, create: 1}")
    run = delete(two, "top", "low", "cy")
    report = undo(two, run, approval=False)
    assert report.flows["orgs"].status is RunStatus.HELD
    assert held(two)["cy"] == ("bob", None, "ann bob")
    (left,) = report.extra["left"]
    assert (left["flow"], left["fields"], left["why"]) == ("people", ["org"], "it names a record that is not there")
    assert undo(two, run).extra["left"] == []
    assert held(two) == WHOLE
    quiet(two)


def test_record_that_cannot_be_without_it_waits_for_what_it_names_E26_E33() -> None:
    two = systems(is_needed=True)
    run = delete(two, "low", "ann", "bob", "cy")
    assert undo(two, run).extra["left"] == []
    assert held(two) == WHOLE


@pytest.mark.parametrize("ids", IdsFrom)
def test_undo_of_several_flows_killed_anywhere_is_gone_on_with_in_all_of_them_E29_E33(ids: IdsFrom) -> None:
    def begun() -> tuple[TwoSystems, str]:
        two = systems(ids)
        two.table(LEFT, "person").edit("bob", {"boss": None})
        two.table(LEFT, "org").put({"tag": "new", "above": None}, id="new")
        return two, delete(two, "low", "cy")

    two, run = begun()
    after = held(two)
    count = points(two, lambda: undo(two, run))
    assert count > 20
    taken_back = 0
    for dies_at in range(1, count + 1):
        two, run = begun()
        assert killed(two, dies_at, lambda two=two, run=run: undo(two, run))
        is_begun = any(two.store.flow_runs(one.id) for one in two.store.runs() if one.kind is RunKind.UNDO)
        two.run(approval=True)
        assert held(two) == (WHOLE if is_begun else after), f"killed at {dies_at} of {count}"
        taken_back += is_begun
        quiet(two)
        two.close()
    assert taken_back > count / 2


def test_chain_is_put_back_in_its_order_without_a_second_write_E26_E33() -> None:
    two = systems()
    run = delete(two, "ann", "bob", "cy")
    report = undo(two, run)
    assert report.flows["people"].writes[RIGHT] == Counter({Action.CREATE: 3})
    assert held(two) == WHOLE


def test_new_record_waits_for_one_that_was_taken_away_E26_E33() -> None:
    two = systems()
    two.table(LEFT, "person").put({"tag": "dee", "boss": None, "org": "low", "friends": "[]"}, id="dee")
    undo(two, two.run().run)
    two.table(LEFT, "person").put({"tag": "eve", "boss": "dee", "org": "low", "friends": "[]"}, id="eve")
    two.run()
    assert held(two) == WHOLE
    (asked,) = two.reviews(flow_name="people")
    assert (asked.kind, asked.left_id) == (ReviewKind.REJECT, "eve")


def test_nothing_new_names_what_the_run_is_about_to_delete_E26() -> None:
    two = systems()
    orgs, people = two.table(LEFT, "org"), two.table(LEFT, "person")
    orgs.delete("low")
    for id_ in ("ann", "bob", "cy"):
        people.edit(id_, {"org": "top"})
    people.put({"tag": "dee", "boss": None, "org": "low", "friends": "[]"}, id="dee")
    two.run(approval=True)
    assert held(two).keys() == {"top", "ann", "bob", "cy"}
    assert [(one.kind, one.left_id) for one in two.reviews(flow_name="people")] == [(ReviewKind.REJECT, "dee")]
