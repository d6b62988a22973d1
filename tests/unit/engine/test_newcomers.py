"""New records that refer to each other, in chains and in circles. Rows E23, E24, E25, E26, E29."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tallystick.connectors.memory import IdsFrom
from tallystick.connectors.memory.describe import FieldSettings
from tallystick.errors import Unreachable
from tallystick.model.link import Standing
from tallystick.model.plan import RunStatus
from tallystick.model.record import Batch
from tallystick.model.selection import Selection
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action
from tallystick.ports.system import Known
from tallystick.runs.plans import apply_plan, make_plan
from tallystick.testing.faults import ALWAYS, FaultySystem, LostAnswer
from tallystick.testing.faults.fault import Layer
from tests.two_systems import TwoSystems, flow, killed, person, points

LEFT, RIGHT = SIDES
TREE = flow(fields=("name", "{left: phone, right: phone, ref: people}", "city", "tag"))


def tree(*, ids: IdsFrom = IdsFrom.WRITER, guards: str = "{delete: none}", is_required: bool = False) -> TwoSystems:
    text = flow(fields=("name", "{left: phone, right: phone, ref: people}", "city", "tag"), guards=guards)
    phone = FieldSettings(name="phone", required=is_required)
    return TwoSystems(text, right=[person(fields=["name", phone, "city", "tag"], ids=ids)])


def put(two: TwoSystems, **refers: str | None) -> None:
    """Records on the left, each with the id of the one it refers to."""
    for id_, of in refers.items():
        two.left.put({"name": id_, "phone": of, "city": "X", "tag": id_}, id=id_)


def written(two: TwoSystems, side: Side = RIGHT) -> Counter[Action]:
    return Counter(write.action for write in two.worlds[side].accepted())


def refers(two: TwoSystems, side: Side = RIGHT) -> dict[str, str | None]:
    """Name -> name of the record referred to."""
    records = two.table(side).records()
    names = {id_: record["name"] for id_, record in records.items()}
    return {record["name"] or "": names.get(record["phone"] or "") for record in records.values()}


def is_quiet(two: TwoSystems) -> bool:
    """Whether another run has nothing to write and nothing to ask."""
    before = two.writes()
    two.run(is_full=True)
    two.run()
    parked = [one for side in SIDES for one in two.store.unlinked(two.scope(), side)]
    return two.writes() == before and not two.reviews() and not parked


@pytest.mark.parametrize("ids", IdsFrom)
def test_two_that_refer_to_each_other_are_created_and_then_refer_E26(ids: IdsFrom) -> None:
    two = tree(ids=ids)
    put(two, a="b", b="a")
    result = two.sync()
    assert (result.status, result.rejects) == (RunStatus.DONE, 0)
    assert refers(two) == {"a": "b", "b": "a"}
    assert written(two) == {Action.CREATE: 2, Action.UPDATE: 1}
    assert is_quiet(two)


@pytest.mark.parametrize("ids", IdsFrom)
def test_record_that_refers_to_itself_is_created_and_then_refers_E26(ids: IdsFrom) -> None:
    two = tree(ids=ids)
    put(two, a="a")
    two.sync()
    assert refers(two) == {"a": "a"}
    assert written(two) == {Action.CREATE: 1, Action.UPDATE: 1}
    assert is_quiet(two)


@pytest.mark.parametrize("side", SIDES)
def test_circle_of_three_and_what_hangs_from_it_is_cut_once_E26(side: Side) -> None:
    two = tree()
    links = {"d": "c", "e": "d", "a": "b", "b": "c", "c": "a"}
    for id_, of in links.items():
        two.table(side).put({"name": id_, "phone": of, "city": "X", "tag": id_}, id=id_)
    assert two.sync().status is RunStatus.DONE
    assert refers(two, side.other) == links
    assert written(two, side.other) == {Action.CREATE: 5, Action.UPDATE: 1}
    assert is_quiet(two)


def test_two_circles_are_each_cut_E26() -> None:
    two = tree()
    put(two, a="b", b="a", c="d", d="c")
    two.sync()
    assert refers(two) == {"a": "b", "b": "a", "c": "d", "d": "c"}
    assert written(two) == {Action.CREATE: 4, Action.UPDATE: 2}


@pytest.mark.parametrize("ids", IdsFrom)
def test_chain_of_any_depth_is_planned_whole_and_in_order_E24_E26(ids: IdsFrom) -> None:
    two = tree(ids=ids)
    put(two, **{f"r{n:02}": f"r{n + 1:02}" for n in range(30)}, r30=None)
    with two.workspace() as workspace:
        plan = make_plan(workspace)
    lines = [line["partner"] for line in plan["flows"]["people"]["operations"]]
    assert lines == [f"r{n:02}" for n in range(30, -1, -1)]
    with two.workspace() as workspace:
        assert apply_plan(workspace, plan).status == "done"
    assert refers(two) == {f"r{n:02}": f"r{n + 1:02}" for n in range(30)} | {"r30": None}
    assert written(two) == {Action.CREATE: 31}
    assert is_quiet(two)


def test_guard_counts_what_is_created_down_a_chain_E25_E26() -> None:
    two = tree(guards="{create: 2}")
    put(two, a="b", b="c", c=None)
    assert two.sync().status is RunStatus.HELD
    assert two.values(RIGHT) == []


def test_circle_in_a_plan_is_created_by_apply_and_the_next_run_closes_it_E24_E26() -> None:
    two = tree()
    put(two, a="b", b="a")
    with two.workspace() as workspace:
        plan = make_plan(workspace)
    lines = plan["flows"]["people"]["operations"]
    assert (plan["flows"]["people"]["rejects"], plan["flows"]["people"]["reviews"]) == (0, 0)
    assert [(line["partner"], line["fields"].get("phone")) for line in lines] == [
        ("a", None),
        ("b", [None, {"ref": ["people", "left", "a"]}]),
    ]
    with two.workspace() as workspace:
        assert apply_plan(workspace, plan).status == "done"
    assert refers(two) == {"a": None, "b": "a"}
    two.run()
    assert refers(two) == {"a": "b", "b": "a"}
    assert is_quiet(two)


def test_circle_whose_field_may_not_be_empty_is_rejected_with_a_sentence_E26() -> None:
    two = tree(is_required=True)
    put(two, a="b", b="a", c="a", d=None)
    two.left.edit("d", {"phone": "d"})
    result = two.sync()
    assert (result.rejects, two.writes()) == (4, 0)
    told = {review.left_id: review.evidence["message"] for review in two.reviews()}
    assert told["a"] == (
        "phone on the left names 'b', which the flow people has not linked to a record on the right yet."
        " They refer to each other, and none of these fields may be empty on the right."
    )
    assert "They refer to each other" in told["b"]
    assert "They refer to each other" in told["d"]
    assert "They refer to each other" not in told["c"]  # it waits for a, and that is all


def test_circle_that_was_stuck_goes_when_it_is_opened_E26() -> None:
    two = tree(is_required=True)
    two.right.put({"name": "z", "phone": "z", "city": "X", "tag": "z"}, id="z")
    two.right.edit("z", {"city": "Y"})
    two.sync()
    put(two, a="b", b="a")
    two.sync()
    assert {record["name"] for record in two.values(RIGHT)} == {"z"}
    two.left.edit("a", {"phone": two.partner(RIGHT, "z")})
    two.run()
    two.run()
    assert refers(two) == {"z": "z", "a": "z", "b": "a"}
    assert is_quiet(two)


def test_circle_that_waits_for_another_record_too_waits_whole_E26() -> None:
    lines = ("name", "{left: phone, right: phone, ref: people}", "{left: city, right: city, ref: people}", "tag")
    two = TwoSystems(flow(fields=lines))
    two.left.put({"name": "a", "phone": "b", "city": "gone", "tag": "a"}, id="a")
    two.left.put({"name": "b", "phone": "a", "city": None, "tag": "b"}, id="b")
    assert two.sync().rejects == 2
    assert two.writes() == 0
    assert {one.id: one.standing for one in two.store.unlinked(two.scope(), LEFT)} == {
        "a": Standing.WAITING,
        "b": Standing.WAITING,
    }
    two.left.put({"name": "c", "phone": None, "city": None, "tag": "c"}, id="gone")
    two.run()
    assert refers(two) == {"a": "b", "b": "a", "c": None}
    assert is_quiet(two)


def test_chain_that_waits_for_what_is_not_there_is_rejected_once_each_E24_E26() -> None:
    two = tree()
    put(two, a="gone", b="a", c="b")
    with two.workspace() as workspace:
        plan = make_plan(workspace)
    assert (plan["flows"]["people"]["rejects"], plan["flows"]["people"]["operations"]) == (3, [])


def unanswered(**refers: str | None) -> TwoSystems:
    """These records were created on the right, and every answer was lost."""
    two = TwoSystems(TREE, right=[person(ids=IdsFrom.SYSTEM, idempotency=False, find=False)])
    put(two, **refers)
    two.wrap = lambda side, system: (
        FaultySystem(system, (LostAnswer(times=ALWAYS, is_written=True),), two.clock) if side is RIGHT else system
    )
    two.run()
    two.wrap = lambda side, system: system
    return two


def test_chain_from_a_record_whose_lost_create_is_found_again_is_created_once_E26_E28() -> None:
    two = unanswered(p=None)
    put(two, a="p", b="a", c="b")
    two.run(is_full=True)
    assert written(two) == {Action.CREATE: 4}
    assert refers(two) == {"p": None, "a": "p", "b": "a", "c": "b"}
    assert is_quiet(two)


@pytest.mark.parametrize("of", ["a", None])
def test_lost_create_is_found_again_through_any_kill_also_of_what_refers_to_itself_E26_E28_E29(of: str | None) -> None:
    whole = unanswered(a=of)
    for dies_at in range(1, points(whole, lambda: whole.run(is_full=True)) + 1):
        two = unanswered(a=of)
        assert killed(two, dies_at, lambda two=two: two.run(is_full=True))  # type: ignore[misc]
        plan_and_apply(two)
        two.run(is_full=True)
        assert written(two)[Action.CREATE] == 1, dies_at
        assert written(two, LEFT)[Action.CREATE] == 0, dies_at
        assert refers(two) == {"a": of}, dies_at
        assert is_quiet(two), dies_at


def plan_and_apply(two: TwoSystems) -> None:
    with two.workspace() as workspace:
        plan = make_plan(workspace)
    with two.workspace() as workspace:
        assert apply_plan(workspace, plan).errors == {}


def test_circle_through_a_list_is_cut_E26() -> None:
    text = flow(fields=("name", "{left: phone, right: phone, ref: people, separator: ';'}", "city", "tag"))
    two = TwoSystems(text)
    put(two, a="b; c", b="a", c=None)
    for _ in range(2):
        two.run()
    there = {id_: two.partner(LEFT, id_) for id_ in ("a", "b", "c")}
    assert two.right_of("a") == {"name": "a", "phone": f"{there['b']};{there['c']}", "city": "X", "tag": "a"}
    assert two.right_of("b") == {"name": "b", "phone": there["a"], "city": "X", "tag": "b"}
    assert is_quiet(two)


def test_circle_closed_by_a_later_record_is_cut_by_an_incremental_run_E26() -> None:
    two = tree()
    put(two, a="b")
    assert two.sync().rejects == 1
    put(two, b="a")
    two.run()
    assert refers(two) == {"a": "b", "b": "a"}
    assert is_quiet(two)


def test_record_that_refers_to_one_linked_by_the_same_plan_is_planned_with_it_E24_E26() -> None:
    text = flow("match: {definite: [[tag]]}", fields=("name", "{left: phone, right: phone, ref: people}", "tag"))
    two = TwoSystems(
        text, left=[person(fields=("name", "phone", "tag"))], right=[person(fields=("name", "phone", "tag"))]
    )
    two.left.put({"name": "a", "phone": "b", "tag": "a"}, id="a")
    two.left.put({"name": "b", "phone": None, "tag": "b"}, id="b")
    two.right.put({"name": "b", "phone": None, "tag": "b"}, id="other")
    with two.workspace() as workspace:
        plan = make_plan(workspace)
    assert [line["action"] for line in plan["flows"]["people"]["operations"]] == ["link", "create"]
    with two.workspace() as workspace:
        assert apply_plan(workspace, plan).status == "done"
    assert refers(two) == {"a": "b", "b": None}
    assert is_quiet(two)


def test_circle_killed_anywhere_is_closed_and_nothing_doubled_E26_E29() -> None:
    def begun(ids: IdsFrom) -> TwoSystems:
        two = tree(ids=ids)
        put(two, a="b", b="a")
        return two

    for ids in IdsFrom:
        two = begun(ids)
        count = points(two, two.run)
        for dies_at in range(1, count + 1):
            two = begun(ids)
            assert killed(two, dies_at, two.run)
            two.run()
            two.run()
            assert refers(two) == {"a": "b", "b": "a"}, dies_at
            assert len(two.values(RIGHT)) == 2
            assert is_quiet(two)
            two.close()


# --- over two flows

PEOPLE = flow(fields=("name", "{left: phone, right: phone, ref: orgs}", "city", "tag"))
ORGS = flow(name="orgs", record="org", fields=("name", "{left: boss, right: boss, ref: people}", "tag"))


def two_flows(*, ids: IdsFrom = IdsFrom.WRITER, is_person_first: bool = True, required: str = "") -> TwoSystems:
    """Persons who are of an organisation, which has a person as its boss."""
    flows = (PEOPLE, ORGS) if is_person_first else (ORGS, PEOPLE)
    phone = FieldSettings(name="phone", required="phone" in required)
    boss = FieldSettings(name="boss", required="boss" in required)
    left = [person(), person("org", fields=("name", "boss", "tag"))]
    right = [person(fields=("name", phone, "city", "tag"), ids=ids), person("org", ("name", boss, "tag"), ids=ids)]
    two = TwoSystems(*flows, left=left, right=right)
    two.left.put({"name": "Ann", "phone": "acme", "city": "X", "tag": "t"}, id="ann")
    two.table(LEFT, "org").put({"name": "Acme", "boss": "ann", "tag": "u"}, id="acme")
    return two


def is_closed(two: TwoSystems) -> bool:
    """Whether both are there, refer to each other, and another run has nothing to write and nothing to ask."""
    ann, acme = two.partner(LEFT, "ann"), two.partner(LEFT, "acme", "orgs")
    before = two.writes()
    two.run(is_full=True)
    two.run()
    return (
        two.table(RIGHT).records() == {ann: {"name": "Ann", "phone": acme, "city": "X", "tag": "t"}}
        and two.table(RIGHT, "org").records() == {acme: {"name": "Acme", "boss": ann, "tag": "u"}}
        and two.writes() == before
        and not two.reviews()
        and not two.reviews(flow_name="orgs")
    )


@pytest.mark.parametrize("ids", IdsFrom)
@pytest.mark.parametrize("is_person_first", [True, False])
@pytest.mark.parametrize("is_full", [True, False])
def test_circle_over_two_flows_is_closed_by_the_run_E26(ids: IdsFrom, is_person_first: bool, is_full: bool) -> None:
    two = two_flows(ids=ids, is_person_first=is_person_first)
    report = two.run(is_full=is_full)
    assert report.status == "done"
    assert two.writes() == 3  # two are created, of one the reference is set later
    assert is_closed(two)


@pytest.mark.parametrize("is_person_first", [True, False])
def test_circle_over_two_flows_is_planned_and_applied_E24_E26(is_person_first: bool) -> None:
    two = two_flows(is_person_first=is_person_first)
    with two.workspace() as workspace:
        plan = make_plan(workspace)
        assert two.writes() == 0
        assert [(flow["rejects"], flow["reviews"]) for flow in plan["flows"].values()] == [(0, 0), (0, 0)]
        report = apply_plan(workspace, plan)
    assert (report.status, report.extra["refused"]) == ("done", [])
    assert two.writes() == 2
    two.run()  # the reference left out is set by the next run
    assert two.writes() == 3
    assert is_closed(two)


@pytest.mark.parametrize("is_person_first", [True, False])
@pytest.mark.parametrize("in_pieces", [True, False])
def test_chain_to_and_fro_between_two_flows_is_created_by_one_run_E26(is_person_first: bool, in_pieces: bool) -> None:
    two = two_flows(is_person_first=is_person_first)
    orgs = two.table(LEFT, "org")
    orgs.edit("acme", {"boss": "bob"})
    for name, of, behind in (("bob", "bolt", "cid"), ("cid", "core", "dan"), ("dan", "dove", None)):
        two.left.put({"name": name, "phone": of, "city": "X", "tag": "v"}, id=name)
        orgs.put({"name": of, "boss": behind, "tag": "w"}, id=of)  # ann -> acme -> bob -> bolt -> cid -> core -> dan
    if in_pieces:
        two.run_in_pieces("one")
    else:
        two.run()
    assert two.writes() == 8
    assert all(record["phone"] for record in two.values(RIGHT))
    assert [record["name"] for record in two.values(RIGHT, "org") if record["boss"] is None] == ["dove"]
    two.run(is_full=True)
    assert two.writes() == 8


@pytest.mark.parametrize("required", ["phone", "boss"])
@pytest.mark.parametrize("is_person_first", [True, False])
def test_circle_over_two_flows_is_cut_where_the_field_may_be_empty_E26(required: str, is_person_first: bool) -> None:
    two = two_flows(required=required, is_person_first=is_person_first)
    for _ in range(3):
        two.run()
    assert two.writes() == 3
    assert is_closed(two)


def test_circle_over_two_flows_that_cannot_be_cut_says_so_E26() -> None:
    two = two_flows(required="phone boss")
    for _ in range(3):
        two.run()
    assert two.writes() == 0
    messages = [review.evidence["message"] for name in ("people", "orgs") for review in two.reviews(flow_name=name)]
    assert messages == [
        "phone on the left names 'acme', which the flow orgs has not linked to a record on the right yet."
        " They refer to each other, and none of these fields may be empty on the right.",
        "boss on the left names 'ann', which the flow people has not linked to a record on the right yet."
        " They refer to each other, and none of these fields may be empty on the right.",
    ]


@pytest.mark.parametrize("is_person_first", [True, False])
@pytest.mark.parametrize("is_full", [True, False])
def test_circle_over_two_flows_and_back_again_is_closed_E26(is_person_first: bool, is_full: bool) -> None:
    two = two_flows(is_person_first=is_person_first)
    two.left.put({"name": "Bob", "phone": "bolt", "city": "X", "tag": "v"}, id="bob")
    two.table(LEFT, "org").put({"name": "Bolt", "boss": "ann", "tag": "w"}, id="bolt")
    two.table(LEFT, "org").edit("acme", {"boss": "bob"})  # acme -> bob -> bolt -> ann -> acme
    for _ in range(3):
        two.run(is_full=is_full)
    there = {id_: two.partner(LEFT, id_) for id_ in ("ann", "bob")}
    orgs = {id_: two.partner(LEFT, id_, "orgs") for id_ in ("acme", "bolt")}
    assert {record["name"]: record["phone"] for record in two.values(RIGHT)} == {
        "Ann": orgs["acme"],
        "Bob": orgs["bolt"],
    }
    assert {record["name"]: record["boss"] for record in two.values(RIGHT, "org")} == {
        "Acme": there["bob"],
        "Bolt": there["ann"],
    }
    before = two.writes()
    two.run(is_full=True)
    assert two.writes() == before


def test_circle_over_two_flows_killed_anywhere_is_closed_E26_E29() -> None:
    two = two_flows()
    count = points(two, two.run)
    two.close()
    for dies_at in range(1, count + 1):
        two = two_flows()
        assert killed(two, dies_at, two.run)
        two.run()
        assert is_closed(two), dies_at
        two.close()


class NoOrgs(Layer):
    """A system whose organisations cannot be read."""

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        if selection.record == "org":
            raise Unreachable("The organisations cannot be read.")
        return super().listing(selection, known)


def test_what_a_flow_left_is_done_although_a_flow_it_refers_to_failed_E26() -> None:
    two = two_flows(is_person_first=False)
    two.left.put({"name": "Bob", "phone": None, "city": "X", "tag": "v"}, id="bob")
    two.run()
    two.left.delete("bob")
    two.wrap = lambda side, system: NoOrgs(system)
    report = two.run(is_full=True)
    assert (list(report.errors), report.flows["people"].status) == (["orgs"], RunStatus.DONE)
    assert [record["name"] for record in two.values(RIGHT)] == ["Ann"]
