"""What follows when a record is not there. Rows E1, E2, E7, E12, E17, E20; scenarios S13, S14, S15, S16, S25."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

import pytest

from tallystick.connectors.memory import Changes
from tallystick.connectors.memory.describe import FieldSettings
from tallystick.engine.result import FlowResult
from tallystick.errors import TallystickError
from tallystick.model.link import LinkState
from tallystick.model.plan import OperationState, ReviewKind, RunStatus
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action
from tallystick.runs.plans import apply_plan, make_plan
from tallystick.testing.faults import Call, EmptyListing, FaultySystem, IncompleteListing, ReadFails, ShortPage
from tallystick.testing.faults.fault import Fault
from tests.two_systems import TwoSystems, flow, person

ANN = {"name": "Ann", "phone": "1", "city": "X", "tag": "t"}
LEFT, RIGHT = SIDES
LISTING = frozenset({Call.LISTING})


def linked(*more: str, side: Side = LEFT, **settings: object) -> tuple[TwoSystems, str, str]:
    """Two systems with one linked record; its id on `side` and on the other."""
    types = {LEFT: [person()], RIGHT: [person()]}
    types[side] = [person(**settings)]
    two = TwoSystems(flow(*more), left=types[LEFT], right=types[RIGHT])
    two.left.put(ANN, id="a")
    two.sync()
    here = "a" if side is LEFT else two.partner(LEFT, "a")
    return two, here, two.partner(side, here)


def state(two: TwoSystems) -> tuple[LinkState, str]:
    (link,) = two.links()
    return link.state, link.cause


# --- a deletion and its reactions


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("changes", [Changes.SEQUENCE, Changes.NONE])
def test_deleted_record_deletes_its_partner_and_keeps_it_whole_in_the_journal_E2_E19(
    side: Side, changes: Changes
) -> None:
    two, here, _ = linked(side=side, changes=changes)
    two.table(side).delete(here)
    two.sync()
    assert two.values(LEFT) == two.values(RIGHT) == []
    (operation,) = [o for o in two.journal() if o.action is Action.DELETE]
    assert (operation.side, operation.before) == (side.other, ANN)


def test_deleted_record_is_kept_on_the_other_side_where_the_flow_says_so_E2() -> None:
    two, here, there = linked("'on': {deleted_left: keep}")
    two.left.delete(here)
    two.settle()
    assert two.right.get(there) == ANN
    assert state(two) == (LinkState.DORMANT, "left deleted, kept")


def test_deleted_record_marks_the_survivor_where_the_flow_says_so_E2() -> None:
    two, here, there = linked("'on': {deleted_left: {set: {city: GONE}}}")
    two.left.delete(here)
    two.settle()
    assert two.right.get(there) == {**ANN, "city": "GONE"}
    assert state(two)[0] is LinkState.DORMANT
    (update,) = [o for o in two.journal() if o.action is Action.UPDATE]
    assert update.before == {"city": "X"}


ANSWERS = [
    # answer, left, right; the record was deleted on the left
    ("left", [], []),
    ("right", [ANN], [ANN]),
    ("ignore", [], [ANN]),
]


@pytest.mark.parametrize(("take", "left", "right"), ANSWERS)
def test_deleted_record_is_asked_about_and_the_answer_stands_E2_E17(take: str, left: list, right: list) -> None:
    two, here, _ = linked("'on': {deleted_left: ask}")
    two.left.delete(here)
    result = two.sync()
    assert result.conflicts == 1
    assert two.values(RIGHT) == [ANN]
    two.decide(take)
    assert (two.values(LEFT), two.values(RIGHT)) == (left, right)
    two.settle()
    assert (two.values(LEFT), two.values(RIGHT)) == (left, right)
    assert not two.reviews()


def test_question_about_a_deletion_stays_open_when_a_run_cannot_tell_the_cause_E2_E17() -> None:
    """An increment sees the deletion no more, and the system does not say why a record is not there."""
    left, right = person(causes=False), person(changes=Changes.NONE)
    two = TwoSystems(flow("'on': {edit_vs_delete: ask}"), left=[left], right=[right])
    two.left.put(ANN, id="a")
    two.sync()
    two.right.edit(two.partner(LEFT, "a"), {"phone": "2"})
    two.left.delete("a")
    two.sync(is_full=True, approval=True)
    (asked,) = two.reviews()
    two.sync()
    assert [review.number for review in two.reviews()] == [asked.number]


EDITED = {**ANN, "phone": "2"}
EDIT_VS_DELETE = [
    # setting, left, right; deleted on the left, edited on the right
    ("edit", [EDITED], [EDITED]),
    ("delete", [], []),
    ("ask", [], [EDITED]),
]


@pytest.mark.parametrize(("setting", "left", "right"), EDIT_VS_DELETE)
def test_edit_meets_delete_E20_S14(setting: str, left: list, right: list) -> None:
    two, here, there = linked(f"'on': {{edit_vs_delete: {setting}}}")
    two.left.delete(here)
    two.right.edit(there, {"phone": "2"})
    two.settle()
    assert (two.values(LEFT), two.values(RIGHT)) == (left, right)
    assert [r.kind for r in two.reviews()] == ([ReviewKind.CONFLICT] if setting == "ask" else [])


@pytest.mark.parametrize(
    ("take", "left", "right"), [("left", [], []), ("right", [EDITED], [EDITED]), ("ignore", [], [EDITED])]
)
def test_edit_meets_delete_answered_E17_E20(take: str, left: list, right: list) -> None:
    two, here, there = linked("'on': {edit_vs_delete: ask}")
    two.left.delete(here)
    two.right.edit(there, {"phone": "2"})
    two.sync()
    two.decide(take)
    two.settle()
    assert (two.values(LEFT), two.values(RIGHT)) == (left, right)


def test_record_deleted_on_both_sides_rests_and_comes_back_with_the_same_link_E12_S15() -> None:
    two, here, there = linked()
    (link,) = two.links()
    two.left.delete(here)
    two.right.delete(there)
    two.settle()
    assert state(two)[0] is LinkState.DORMANT
    two.left.restore(here)
    two.right.restore(there)
    two.settle()
    assert two.links()[0].number == link.number
    assert state(two) == (LinkState.ACTIVE, "")
    assert two.partner(LEFT, here) == there


def test_deleted_record_restored_is_created_again_under_its_link_E12_S15() -> None:
    two, here, _ = linked()
    (link,) = two.links()
    two.left.delete(here)
    two.sync()
    two.left.restore(here)
    two.settle()
    assert two.right_of(here) == ANN
    assert two.links()[0].number == link.number


def test_record_that_comes_back_meets_what_its_partner_was_edited_to_meanwhile_E12() -> None:
    two, here, there = linked("'on': {deleted_left: keep}")
    two.left.delete(here)
    two.sync()
    two.right.edit(there, {"phone": "9"})
    two.sync()
    two.left.restore(here)
    two.sync()  # an increment, in which nothing shows on the right
    assert two.left.get(here) == two.right.get(there) == {**ANN, "phone": "9"}


# --- other causes


@pytest.mark.parametrize("cause", ["archive", "forbid"])
@pytest.mark.parametrize("is_full", [True, False])
def test_archived_or_forbidden_record_deletes_nothing_E2(cause: str, is_full: bool) -> None:
    two, here, there = linked()
    getattr(two.left, cause)(here)
    two.sync(is_full=is_full)
    two.right.edit(there, {"phone": "3"})
    two.sync(is_full=is_full)
    assert two.right.get(there) == {**ANN, "phone": "3"}
    two.left.restore(here)
    two.settle()
    assert two.left.get(here) == two.right.get(there) == {**ANN, "phone": "3"}


SCOPE = [
    # reaction, values on the right once the left record left the filter, whether it flows then
    ("unlink", [ANN], LinkState.DORMANT),
    ("delete", [], LinkState.DORMANT),
    ("keep", [ANN], LinkState.ACTIVE),
]


@pytest.mark.parametrize(("reaction", "right", "link_state"), SCOPE)
@pytest.mark.parametrize("is_full", [True, False])
def test_record_that_left_the_filter_E2_S13(reaction: str, right: list, link_state: LinkState, is_full: bool) -> None:
    two = TwoSystems(flow(f"'on': {{left_scope: {reaction}}}", left="where: {field: city, is: X}"))
    two.left.put(ANN, id="a")
    two.sync()
    (link,) = two.links()
    two.left.edit("a", {"city": "Y", "phone": "2"})
    for _ in range(2):
        two.sync(is_full=is_full)
    assert two.values(RIGHT) == right
    assert two.links()[0].state is link_state
    two.left.edit("a", {"city": "X"})
    two.settle()
    assert two.right_of("a") == {**ANN, "phone": "2"}
    assert two.links()[0].number == link.number


def test_record_merged_into_one_without_a_partner_takes_its_partner_along_E2_S25() -> None:
    two, here, there = linked()
    two.left.put({**ANN, "name": "Anna"}, id="b")
    two.left.merge(here, "b")
    two.settle()
    assert two.partner(LEFT, "b") == there
    assert two.right.get(there) == {**ANN, "name": "Anna"}
    assert len(two.values(RIGHT)) == 1


def test_record_merged_into_a_linked_one_leaves_its_partner_and_asks_E12_S25() -> None:
    two, here, there = linked()
    two.left.put({**ANN, "name": "Bob", "tag": "u"}, id="b")
    two.sync()
    two.left.merge(here, "b")
    for _ in range(3):
        two.sync(is_full=True)
    assert two.right.get(there) == ANN
    assert [review.kind for review in two.reviews()] == [ReviewKind.COLLISION]


def test_id_that_now_means_another_record_is_asked_about_E12_S25() -> None:
    two = TwoSystems(flow("match: {definite: [[tag]]}"))
    two.left.put(ANN, id="a")
    two.sync()
    there = two.partner(LEFT, "a")
    zoe = {"name": "Zoe", "phone": "9", "city": "Q", "tag": "z"}
    two.left.put(zoe, id="a")
    for _ in range(2):
        two.sync(is_full=True)
    assert two.right.get(there) == ANN
    assert [review.kind for review in two.reviews()] == [ReviewKind.COLLISION]
    two.decide("create")
    two.settle()
    assert two.right.get(there) == ANN
    assert two.right_of("a") == zoe


def test_id_that_now_means_another_record_is_the_same_after_all_when_a_person_says_so_E12_E17() -> None:
    two = TwoSystems(flow("match: {definite: [[tag]]}"))
    two.left.put(ANN, id="a")
    two.sync()
    zoe = {"name": "Zoe", "phone": "9", "city": "Q", "tag": "z"}
    two.left.put(zoe, id="a")
    two.sync()
    two.decide("link")
    two.settle()
    assert two.values(RIGHT) == [zoe]
    assert not two.reviews()


def test_record_made_again_after_both_were_deleted_is_new_E12() -> None:
    two = TwoSystems(flow("match: {definite: [[tag]]}"))
    two.left.put(ANN, id="a")
    two.sync()
    two.left.delete("a")
    two.settle()
    two.left.put(ANN, id="b")
    two.settle()
    assert two.right_of("b") == ANN
    assert not two.reviews()


# --- no absence at all


@pytest.mark.parametrize("causes", [True, False])
@pytest.mark.parametrize("is_full", [True, False])
def test_record_that_cannot_be_read_is_a_reject_and_not_gone_E7(causes: bool, is_full: bool) -> None:
    numbers = person(fields=("name", "tag", FieldSettings(name="phone", type="integer")), causes=causes)
    two = TwoSystems(flow(fields=("name", "tag", "phone")), left=[numbers])
    two.left.put({"name": "Ann", "tag": "t", "phone": "1"}, id="a")
    two.sync()
    there = two.partner(LEFT, "a")
    two.left.edit("a", {"phone": "many"})
    result = two.sync(is_full=is_full)
    assert result.rejects == 1
    assert two.right.get(there) is not None
    two.right.edit(there, {"name": "Anna"})  # waits until the left can be read again
    two.sync(is_full=is_full)
    assert two.right.get(there) is not None
    two.left.edit("a", {"phone": "2"})
    two.settle()
    assert two.left.get("a") == {"name": "Anna", "tag": "t", "phone": "2"}
    assert not two.reviews()


def many(count: int = 30, **settings: object) -> TwoSystems:
    two = TwoSystems(flow(guards="{}"), left=[person(**settings)], batch_rows=10)
    for number in range(count):
        two.left.put({**ANN, "tag": str(number)}, id=f"{number:02}")
    two.sync()
    return two


MISREAD: list[tuple[Fault, str]] = [
    (EmptyListing(), "held"),
    (IncompleteListing(page=2, on=LISTING), "done"),
    (ShortPage(page=2, on=LISTING), "done"),
    (ReadFails(status=HTTPStatus.FORBIDDEN, page=1, on=LISTING), "error"),
    (ReadFails(status=HTTPStatus.NOT_FOUND, page=1, on=LISTING), "error"),
    (ReadFails(status=HTTPStatus.INTERNAL_SERVER_ERROR, page=3, on=LISTING), "error"),
    (ReadFails(status=None, page=3, on=LISTING), "error"),
]


@pytest.mark.parametrize(("fault", "becomes"), MISREAD)
@pytest.mark.parametrize("changes", [Changes.SEQUENCE, Changes.NONE])
def test_misreading_deletes_nothing_and_moves_no_cursor_E1_E3_S16(fault: Fault, becomes: str, changes: Changes) -> None:
    two = many(changes=changes, causes=False)
    two.left.edit("00", {"phone": "7"})
    cursors = two.store.scope(two.scope()).cursors
    two.wrap = lambda side, system: FaultySystem(system, (fault,) if side is LEFT else (), two.clock)
    result: FlowResult | None = None
    with suppress(TallystickError):
        result = two.sync(is_full=True)
    assert ("error" if result is None else "held" if result.status is RunStatus.HELD else "done") == becomes
    assert len(two.values(RIGHT)) == 30
    if changes is Changes.SEQUENCE:
        assert two.store.scope(two.scope()).cursors[LEFT] == cursors[LEFT]
    two.wrap = lambda side, system: system
    two.settle()
    assert len(two.values(RIGHT)) == 30
    assert two.right_of("00") == {**ANN, "tag": "00"[1:], "phone": "7"}
    assert not two.reviews()


@pytest.mark.parametrize("causes", [True, False])
@pytest.mark.parametrize("count", [1, 2, 30])
def test_collection_emptied_for_good_waits_for_approval_once_E25_S16(causes: bool, count: int) -> None:
    two = many(count, causes=causes)
    for id_ in two.left.records():
        two.left.delete(id_)
    result = two.sync(is_full=True)
    if count == 1 and causes:
        assert two.values(RIGHT) == []  # one deletion that the system itself names
        return
    assert result.status is RunStatus.HELD
    assert len(two.values(RIGHT)) == count
    two.decide("approve")
    assert two.values(RIGHT) == []
    assert two.sync(is_full=True).status is RunStatus.DONE
    assert not two.reviews()


def test_listing_that_stays_away_tells_no_deletion_even_when_approved_E1() -> None:
    two = many(causes=False)
    two.left.delete("00")
    two.wrap = lambda side, system: FaultySystem(
        system, [ShortPage(page=2, on=LISTING)] if side is LEFT else [], two.clock
    )
    two.sync(is_full=True, approval=True)
    assert len(two.values(RIGHT)) == 30
    assert not [o for o in two.journal() if o.action is Action.DELETE and o.state is not OperationState.DROPPED]


@pytest.mark.parametrize("is_archived", [True, False])
@pytest.mark.parametrize("is_full", [True, False])
def test_record_comes_back_while_its_partner_is_out_of_sight_and_is_not_made_again_E12_S13(
    is_archived: bool, is_full: bool
) -> None:
    two = TwoSystems(flow(right="where: {field: city, is_not: elsewhere}"))
    two.left.put(ANN, id="a")
    two.sync()
    there = two.partner(LEFT, "a")
    two.left.delete("a")
    if is_archived:
        two.right.archive(there)
    else:
        two.right.edit(there, {"city": "elsewhere"})
    two.sync(is_full=is_full)
    assert state(two) == (LinkState.DORMANT, "both deleted")
    two.left.restore("a")
    before = two.writes()
    two.sync(is_full=is_full)
    two.sync(is_full=True)
    assert two.writes() == before
    if is_archived:
        two.right.restore(there)
    else:
        two.right.edit(there, {"city": "Y"})
    two.sync(is_full=is_full)
    assert state(two) == (LinkState.ACTIVE, "")
    assert two.values(LEFT) == two.values(RIGHT)
    assert len(two.values(RIGHT)) == 1


@pytest.mark.parametrize("match", ["match: {definite: [[tag]]}", "primary: left"])
def test_plan_moves_the_link_of_a_record_merged_into_a_new_one_and_does_nothing_else_with_that_E12_E24_S25(
    match: str,
) -> None:
    two, here, there = linked(match)
    two.left.put({**ANN, "tag": "u", "phone": "2"}, id="b")
    two.left.merge(here, "b")
    two.right.put({**ANN, "tag": "u"}, id="else")
    with two.workspace() as workspace:
        plan = make_plan(workspace)
    lines = [(line["action"], line["side"]) for line in plan["flows"]["people"]["operations"]]
    assert lines[0] == ("relink", "left")
    assert ("create", "right") not in lines
    assert ("link", "left") not in lines
    with two.workspace() as workspace:
        assert apply_plan(workspace, plan).extra["refused"] == []
    two.settle()
    assert two.partner(LEFT, "b") == there
    assert two.right.get(there) == two.left.get("b")


def test_two_records_merged_into_one_new_one_leave_one_partner_over_and_ask_E12_S25() -> None:
    two, here, _ = linked()
    two.left.put({**ANN, "tag": "v"}, id="c")
    two.sync()
    two.left.put({**ANN, "tag": "u"}, id="b")
    two.left.merge(here, "b")
    two.left.merge("c", "b")
    result = two.sync()
    assert (result.refused, result.status) == (0, RunStatus.DONE)
    assert [review.kind for review in two.reviews()] == [ReviewKind.COLLISION]
    assert len(two.values(RIGHT)) == 2
    two.settle()
    assert len(two.values(RIGHT)) == 2
