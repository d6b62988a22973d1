"""Field maps that change, vanish and come back. Rows E3, E7, E10, E11, E15; scenarios S20, S24."""

from __future__ import annotations

import pytest

from tallystick.connectors.memory import Versions
from tallystick.connectors.memory.describe import FieldSettings
from tallystick.errors import UnknownField, UnknownRecordType
from tallystick.model.plan import OperationState, ReviewKind, RunStatus
from tallystick.model.side import SIDES, Side
from tallystick.runs.plans import make_plan
from tallystick.testing.faults import Call, FaultySystem, ShortPage
from tests.two_systems import TwoSystems, flow, killed, loaded, person, points

LEFT, RIGHT = SIDES
ANN = {"name": "Ann", "phone": "1", "city": "X", "tag": "t"}
FEW = ("name", "tag")


def linked(fields: tuple[str, ...], versions: Versions = Versions.COUNTER) -> TwoSystems:
    two = TwoSystems(flow(fields=fields), left=[person(versions=versions)], right=[person(versions=versions)])
    two.left.put(ANN, id="a")
    two.left.put({**ANN, "tag": "u"}, id="b")
    two.sync()
    return two


@pytest.mark.parametrize("versions", [Versions.COUNTER, Versions.NONE])
def test_added_field_map_flows_from_the_next_run_for_all_records_E11_S24(versions: Versions) -> None:
    two = linked(FEW, versions)
    two.loaded = loaded(flow(fields=("name", "phone", "tag")))
    two.sync()
    assert [record["phone"] for record in two.values(RIGHT)] == ["1", "1"]
    before = two.writes()
    assert two.sync().unchanged == 2
    assert two.writes() == before


def test_added_field_map_waits_for_a_whole_listing_E1_E11() -> None:
    two = linked(FEW)
    two.loaded = loaded(flow(fields=("name", "phone", "tag")))
    broken = ShortPage(page=1, on=frozenset({Call.LISTING}))
    two.wrap = lambda side, system: FaultySystem(system, [broken], two.clock)
    two.sync()
    two.wrap = lambda side, system: system
    two.sync()
    assert [record["phone"] for record in two.values(RIGHT)] == ["1", "1"]


def test_removed_field_map_leaves_both_sides_and_is_looked_at_once_E11() -> None:
    two = linked(("name", "phone", "tag"))
    two.loaded = loaded(flow(fields=FEW))
    before = two.writes()
    two.sync(is_full=True)
    assert two.writes() == before
    assert two.sync(is_full=True).unchanged == 2


@pytest.mark.parametrize("side", SIDES)
def test_field_that_vanished_pauses_its_map_and_nulls_nothing_E11_S24(side: Side) -> None:
    two = linked(("name", "phone", "tag"))
    table = two.table(side)
    table.drop_field("phone")
    for run in range(3):
        two.left.edit("a", {"name": f"Ann {run}"})
        result = two.sync(is_full=run == 1)
        assert result.notes == ["Paused, because a system no longer has the field: phone."]
        assert [record["phone"] for record in two.table(side.other).records().values()] == ["1", "1"]
        assert two.right_of("a")["name"] == f"Ann {run}"  # type: ignore[index]
    table.add_field(FieldSettings(name="phone"))
    for id_ in table.records():
        table.edit(id_, {"phone": None})  # as a database shows a new column
    two.settle()
    assert [record["phone"] for record in table.records().values()] == ["1", "1"]


def test_field_that_never_was_there_is_a_fault_of_the_file_E11() -> None:
    two = TwoSystems(flow(fields=("name", "phnoe")))
    with pytest.raises(UnknownField, match=r"'phnoe'.*Did you mean 'phone'"):
        two.sync()


def test_record_type_that_is_not_there_is_a_fault_of_the_file_E11() -> None:
    two = TwoSystems(flow(record="persons"))
    with pytest.raises(UnknownRecordType, match=r"'persons'.*Did you mean 'person'"):
        two.sync()


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("versions", [Versions.COUNTER, Versions.NONE])
def test_record_type_that_vanished_pauses_its_flow_and_goes_on_when_it_is_back_E11_S24(
    side: Side, versions: Versions
) -> None:
    notes = "{left: text, right: text}", "{left: owner, right: owner, ref: people}"
    kinds = [person(versions=versions), person("note", ("text", "owner"), versions=versions)]
    two = TwoSystems(flow(), flow(name="notes", record="note", fields=notes), left=kinds, right=kinds)
    two.left.put(ANN, id="a")
    two.table(LEFT, "note").put({"text": "x", "owner": "a"}, id="n")
    two.sync()
    there, records = two.partner(LEFT, "a"), two.table(side).records()
    before = {one: two.values(one, "note") for one in SIDES}
    two.worlds[side].drop("person")
    system = "crm" if side is LEFT else "register"
    note = f"Paused, because {system} no longer has the record type person."
    note += " Nothing is changed on the other side; the flow goes on when it is back."
    for run in range(3):
        two.table(LEFT, "note").edit("n", {"text": f"x{run}"})
        if run and side is RIGHT:
            two.left.edit("a", {"name": f"Ann {run}"})
        report = two.run(is_full=run == 1)
        assert report.errors == {}
        assert report.flows["people"].notes == [note]
        assert (report.status, report.needs_person) == ("partial", True)
        assert [one["text"] for one in two.values(RIGHT, "note")] == [f"x{run}"]
        assert [one["owner"] for one in two.values(RIGHT, "note")] == [one["owner"] for one in before[RIGHT]]
    assert len(two.table(side.other).records()) == 1
    with two.workspace() as workspace:
        assert make_plan(workspace)["flows"]["people"]["notes"] == [note]
    two.worlds[side].define(kinds[0])
    for id_, values in records.items():
        two.table(side).put(values, id=id_)
    result = two.sync()
    assert result.notes == []
    two.settle()
    assert two.partner(LEFT, "a") == there
    assert two.values(LEFT) == two.values(RIGHT)
    assert [one["name"] for one in two.values(LEFT)] == ["Ann 2" if side is RIGHT else "Ann"]


@pytest.mark.parametrize("side", SIDES)
def test_record_type_that_comes_back_empty_deletes_nothing_unasked_E11_E25(side: Side) -> None:
    two = TwoSystems(flow(guards="{delete: 10%, shrink: 20%}"))
    for number in range(30):
        two.left.put({**ANN, "tag": str(number)})
    two.sync()
    two.worlds[side].drop("person")
    assert two.sync().status is RunStatus.PARTIAL
    two.worlds[side].define(person())
    assert two.sync().status is RunStatus.HELD
    assert two.sync().status is RunStatus.HELD
    assert len(two.values(side.other)) == 30


def test_run_killed_before_a_record_type_vanished_is_settled_when_it_is_back_E11_E29() -> None:
    whole = linked(FEW)
    whole.left.edit("a", {"name": "Anna"})
    total = points(whole, whole.sync)
    for dies_at in range(1, total + 1):
        two = linked(FEW)
        two.left.edit("a", {"name": "Anna"})
        assert killed(two, dies_at, two.sync)
        records = two.right.records()
        two.worlds[RIGHT].drop("person")
        assert two.run().flows["people"].status is RunStatus.PARTIAL
        two.worlds[RIGHT].define(person())
        for id_, values in records.items():
            two.right.put(values, id=id_)
        two.sync()
        two.sync()
        assert (two.right_of("a") or {})["name"] == "Anna"
        assert all(one.state is not OperationState.SENT for one in two.journal())


CODED = ("name", "{left: phone, right: phone, codes: kinds}", "tag")


@pytest.mark.parametrize("is_new", [True, False])
def test_unmapped_code_holds_its_field_and_flows_when_it_is_mapped_E10_S20(is_new: bool) -> None:
    two = TwoSystems(flow(fields=CODED), code_sets="  kinds:\n    A: X\n")
    two.left.put({**ANN, "phone": "B" if is_new else "A"}, id="a")
    two.sync()
    if not is_new:
        two.left.edit("a", {"phone": "B", "name": "Anna"})
        two.sync()
        assert two.right_of("a")["name"] == "Anna"  # type: ignore[index]
    assert two.right_of("a")["phone"] == (None if is_new else "X")  # type: ignore[index]
    assert [review.kind for review in two.reviews()] == [ReviewKind.UNMAPPED_CODE]
    two.sync()
    two.sync(is_full=True)
    assert len(two.reviews()) == 1
    two.loaded = loaded(flow(fields=CODED), code_sets="  kinds:\n    A: X\n    B: Y\n")
    two.sync()
    assert two.right_of("a")["phone"] == "Y"  # type: ignore[index]
    assert not two.reviews()


def test_code_that_is_no_longer_mapped_is_not_wiped_S20() -> None:
    two = TwoSystems(flow(fields=CODED), code_sets="  kinds:\n    A: X\n")
    two.left.put({**ANN, "phone": "A"}, id="a")
    two.sync()
    two.loaded = loaded(flow(fields=CODED), code_sets="  kinds:\n    C: Z\n")
    two.settle()
    assert two.right_of("a")["phone"] == "X"  # type: ignore[index]
    assert ReviewKind.UNMAPPED_CODE in [review.kind for review in two.reviews()]


def test_full_comparison_finds_and_counts_what_increments_missed_E3() -> None:
    two = linked(("name", "phone", "tag"))
    with two.worlds[LEFT].changing() as state:
        state.tables["person"].rows["a"].values["phone"] = "9"  # a commit that no feed shows
        state.tables["person"].rows["a"].sequence = 0
    assert two.sync().missed == 0
    assert two.right_of("a")["phone"] == "1"  # type: ignore[index]
    assert two.sync(is_full=True).missed == 1
    assert two.right_of("a")["phone"] == "9"  # type: ignore[index]


def test_full_comparison_comes_by_itself_after_a_day_E3() -> None:
    two = linked(("name", "phone", "tag"))
    with two.worlds[LEFT].changing() as state:
        state.tables["person"].rows["a"].values["phone"] = "9"
        state.tables["person"].rows["a"].sequence = 0
    two.clock.move(86_000.0)
    two.sync()
    assert two.right_of("a")["phone"] == "1"  # type: ignore[index]
    two.clock.move(400.0)
    two.sync()
    assert two.right_of("a")["phone"] == "9"  # type: ignore[index]
