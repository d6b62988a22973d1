"""What became of writes whose answer was lost, and of those a killed process had sent. Rows E22, E28, E29; S4, S5."""

from __future__ import annotations

import itertools

import pytest

from tallystick.connectors.memory import IdsFrom, Versions
from tallystick.model.link import Standing
from tallystick.model.plan import OperationState, ReviewKind
from tallystick.model.side import Side
from tallystick.model.write import Action
from tallystick.runs.plans import make_plan
from tallystick.testing.faults import (
    ALWAYS,
    FaultySystem,
    KillPoint,
    KillPoints,
    LostAnswer,
    Moment,
    Normalisation,
    Normalises,
    WriteFails,
)
from tallystick.testing.faults.fault import Fault
from tests.two_systems import TwoSystems, flow, killed, person, points

ANN = {"name": "Ann", "phone": "1", "city": "X", "tag": "t"}


def faulty(two: TwoSystems, *faults: Fault, side: Side = Side.RIGHT) -> None:
    two.wrap = lambda of, system: FaultySystem(system, faults if of is side else (), two.clock)


def two_systems(ids: IdsFrom = IdsFrom.WRITER, **right: object) -> TwoSystems:
    two = TwoSystems(right=[person(ids=ids, **right)])
    two.left.put(ANN, id="a")
    return two


WAYS = [
    (ids, is_idempotent, is_found)
    for ids, is_idempotent, is_found in itertools.product(IdsFrom, [True, False], [True, False])
    if ids is IdsFrom.WRITER or is_idempotent or is_found
]


@pytest.mark.parametrize(("ids", "is_idempotent", "is_found"), WAYS)
@pytest.mark.parametrize("is_written", [True, False])
@pytest.mark.parametrize("times", [1, 2])
def test_create_with_a_lost_answer_is_there_once_E28_S5(
    ids: IdsFrom, is_idempotent: bool, is_found: bool, is_written: bool, times: int
) -> None:
    two = two_systems(ids, idempotency=is_idempotent, find=is_found)
    faulty(two, LostAnswer(times=times, is_written=is_written))
    result = two.sync()
    assert two.values(Side.RIGHT) == [ANN]
    assert result.unknown == result.failed == 0
    before = two.writes()
    two.sync(is_full=True)
    assert two.writes() == before


@pytest.mark.parametrize("way", ["came back", "edited", "both kept"])
@pytest.mark.parametrize("is_written", [True, False])
@pytest.mark.parametrize("is_full", [True, False])
def test_create_for_a_linked_record_whose_answer_is_lost_is_never_sent_again_by_itself_E28_S5(
    way: str, is_written: bool, is_full: bool
) -> None:
    """The record has a link already: at rest, of a partner that was deleted, or of one that differs."""
    cannot_tell = person(ids=IdsFrom.SYSTEM, idempotency=False, find=False)
    two = TwoSystems(flow("conflict: {rule: add_both}"), left=[person()], right=[cannot_tell])
    two.left.put(ANN, id="a")
    two.sync()
    there = two.partner(Side.LEFT, "a")
    if way == "both kept":
        two.left.edit("a", {"city": "Y"})
        two.right.edit(there, {"city": "Z"})
    else:
        two.right.delete(there)
    if way == "edited":
        two.left.edit("a", {"city": "Y"})
    if way == "came back":
        two.sync()
        two.left.restore("a")
    faulty(two, LostAnswer(times=ALWAYS, is_written=is_written))
    two.sync(is_full=is_full)
    faulty(two)
    expected = [*two.values(Side.RIGHT)]
    for _ in range(3):
        assert two.run(is_full=is_full).errors == {}
        assert two.values(Side.RIGHT) == expected
    if is_written:
        assert two.right_of("a") == two.left.get("a")
        assert two.reviews() == []
    else:
        assert [one.left_id for one in two.reviews(ReviewKind.UNKNOWN)] == ["a"]
        two.decide("create")
        assert two.right_of("a") == two.left.get("a")


@pytest.mark.parametrize("ids", IdsFrom)
@pytest.mark.parametrize("is_found", [True, False])
@pytest.mark.parametrize("is_written", [True, False])
@pytest.mark.parametrize("status", [403, 409, 412, 503])
def test_create_refused_after_a_lost_answer_is_not_taken_for_not_written_E28(
    ids: IdsFrom, is_found: bool, is_written: bool, status: int
) -> None:
    """The attempt that was lost may have been taken; only reading back tells, else a person is asked."""
    two = two_systems(ids, idempotency=True, find=is_found)
    faulty(two, LostAnswer(at=1, is_written=is_written), WriteFails(at=2, times=ALWAYS, status=status))
    two.sync()
    faulty(two)
    for _ in range(3):
        two.sync(is_full=True)
    assert two.values(Side.LEFT) == [ANN]
    if ids is IdsFrom.WRITER or is_found or is_written:
        assert two.values(Side.RIGHT) == [ANN]
    else:
        assert (two.values(Side.RIGHT), len(two.reviews(ReviewKind.UNKNOWN))) == ([], 1)


@pytest.mark.parametrize("is_found", [True, False])
def test_create_refused_after_a_kill_is_not_taken_for_not_written_E28_E29(is_found: bool) -> None:
    total = points(two_systems(IdsFrom.SYSTEM, idempotency=True, find=is_found), lambda: None) + 30
    for dies_at in range(1, total):
        two = two_systems(IdsFrom.SYSTEM, idempotency=True, find=is_found)
        if not killed(two, dies_at, two.sync):
            break
        faulty(two, WriteFails(times=ALWAYS, status=403))
        two.sync()
        faulty(two)
        for _ in range(3):
            two.sync(is_full=True)
        assert (two.values(Side.LEFT), len(two.values(Side.RIGHT)) <= 1) == ([ANN], True), dies_at
    assert dies_at > 10


@pytest.mark.parametrize(("ids", "is_idempotent", "is_found"), WAYS)
@pytest.mark.parametrize("is_written", [True, False])
def test_create_whose_answers_are_always_lost_is_never_doubled_E28(
    ids: IdsFrom, is_idempotent: bool, is_found: bool, is_written: bool
) -> None:
    two = two_systems(ids, idempotency=is_idempotent, find=is_found)
    faulty(two, LostAnswer(times=ALWAYS, is_written=is_written))
    two.sync()
    faulty(two)
    two.sync(is_full=True)
    assert len(two.values(Side.RIGHT)) <= 1
    if is_found or ids is IdsFrom.WRITER:
        assert two.values(Side.RIGHT) == [ANN]


def test_create_that_cannot_be_looked_up_waits_for_a_person_E28_S5() -> None:
    two = two_systems(IdsFrom.SYSTEM, idempotency=False, find=False)
    faulty(two, LostAnswer(is_written=False))
    result = two.sync()
    assert result.unknown == 1
    assert [review.kind for review in two.reviews()] == [ReviewKind.UNKNOWN]
    (parked,) = two.store.unlinked(two.scope(), Side.LEFT)
    assert parked.standing is Standing.UNKNOWN
    (operation,) = two.journal()
    assert operation.state is OperationState.UNKNOWN
    faulty(two)
    for _ in range(2):
        two.left.edit("a", {"name": "Anna"})
        two.sync()
    assert two.writes() == 0  # never blindly sent again
    assert len(two.reviews()) == 1


@pytest.mark.parametrize("is_full", [True, False])
def test_create_that_cannot_be_looked_up_is_linked_when_the_record_is_read_E28_S5(is_full: bool) -> None:
    two = two_systems(IdsFrom.SYSTEM, idempotency=False, find=False)
    faulty(two, LostAnswer(is_written=True))
    two.sync()
    faulty(two)
    two.right.put({"name": "Bob", "tag": "u"}, id="another")  # new on the right, and not what was sent
    two.sync(is_full=is_full)
    assert two.right_of("a") == ANN
    assert two.worlds[Side.LEFT].writes()[Action.CREATE] == 1
    assert two.worlds[Side.RIGHT].writes()[Action.CREATE] == 1
    assert not two.reviews()


@pytest.mark.parametrize("is_full", [True, False])
@pytest.mark.parametrize("answer", ["link", "create", "ignore"])
def test_what_may_be_a_lost_create_edited_since_is_asked_about_and_not_passed_back_E28(
    is_full: bool, answer: str
) -> None:
    two = two_systems(IdsFrom.SYSTEM, idempotency=False, find=False)
    faulty(two, LostAnswer(is_written=True))
    two.sync()
    faulty(two)
    (made,) = two.right.records()
    two.right.edit(made, {"name": "Anne"})
    for _ in range(2):
        two.sync(is_full=is_full)
        assert two.left.records().keys() == {"a"}
    (asked,) = two.reviews(ReviewKind.POSSIBLE)
    assert (asked.left_id, asked.right_id) == ("a", made)
    assert asked.fields["name"] == {"base": None, "left": ANN["name"], "right": "Anne"}
    two.state().decide(asked.number, answer)
    two.sync(is_full=True)
    assert len(two.left.records()) == (2 if answer == "create" else 1)
    assert len(two.right.records()) == 1
    assert [one.kind for one in two.reviews()] == ([] if answer == "link" else [ReviewKind.UNKNOWN])
    if answer == "link":
        assert two.partner(Side.LEFT, "a") == made
        assert two.left.get("a") == two.right.get(made)


def test_unknown_create_is_sent_again_when_a_person_says_it_is_not_there_E28() -> None:
    two = two_systems(IdsFrom.SYSTEM, idempotency=False, find=False)
    faulty(two, LostAnswer(is_written=False))
    two.sync()
    assert two.values(Side.RIGHT) == []
    faulty(two)
    two.decide("create")
    assert two.values(Side.RIGHT) == [ANN]
    two.sync(is_full=True)
    assert not two.reviews()


@pytest.mark.parametrize("versions", [Versions.COUNTER, Versions.NONE])
@pytest.mark.parametrize("is_written", [True, False])
def test_update_with_a_lost_answer_is_done_once_E28(versions: Versions, is_written: bool) -> None:
    two = two_systems(versions=versions)
    two.sync()
    two.left.edit("a", {"phone": "2"})
    faulty(two, LostAnswer(is_written=is_written))
    two.sync()
    assert two.right_of("a") == {**ANN, "phone": "2"}
    assert two.worlds[Side.RIGHT].writes()[Action.UPDATE] == 1


def test_update_with_a_lost_answer_edited_meanwhile_keeps_the_edit_E28_E31() -> None:
    two = two_systems()
    two.sync()
    right = two.partner(Side.LEFT, "a")
    two.left.edit("a", {"phone": "2"})

    def edit(point: KillPoint) -> None:
        if point.moment is Moment.AFTER and point.number == 1:
            two.right.edit(right, {"phone": "3"})

    faulty(two, KillPoints(act=edit), LostAnswer())
    two.sync()
    two.sync(is_full=True)
    assert two.right.get(right) == {**ANN, "phone": "3"}  # never overwritten unasked


def test_plan_links_what_a_lost_create_left_and_creates_nothing_besides_E24_E28() -> None:
    """The side that was written is listed first: its new record is recognized before the source is looked at."""
    two = TwoSystems(left=[person(ids=IdsFrom.SYSTEM, idempotency=False, find=False)])
    two.right.put(ANN)
    faulty(two, LostAnswer(times=ALWAYS, is_written=True), side=Side.LEFT)
    two.sync()
    faulty(two)
    with two.workspace() as workspace:
        plan = make_plan(workspace, is_full=True)
    assert [line["action"] for line in plan["flows"]["people"]["operations"]] == ["link"]


@pytest.mark.parametrize("is_written", [True, False])
def test_delete_with_a_lost_answer_is_done_E28(is_written: bool) -> None:
    two = two_systems()
    two.sync()
    two.left.delete("a")
    faulty(two, LostAnswer(is_written=is_written))
    two.sync()
    assert two.values(Side.RIGHT) == []
    (deleted,) = [o for o in two.journal() if o.action is Action.DELETE]
    assert deleted.state is OperationState.DONE
    assert deleted.before == ANN


@pytest.mark.parametrize("ids", IdsFrom)
@pytest.mark.parametrize("is_idempotent", [True, False])
def test_create_broken_off_by_the_keyboard_is_not_sent_again_E28_E29(ids: IdsFrom, is_idempotent: bool) -> None:
    two = two_systems(ids, idempotency=is_idempotent)

    def interrupt(point: KillPoint) -> None:
        if point.moment is Moment.AFTER:
            raise KeyboardInterrupt

    faulty(two, KillPoints(act=interrupt))
    with pytest.raises(KeyboardInterrupt):
        two.sync()
    faulty(two)
    two.sync()
    assert two.values(Side.RIGHT) == [ANN]


@pytest.mark.parametrize("ids", IdsFrom)
@pytest.mark.parametrize("is_idempotent", [True, False])
def test_run_killed_before_the_file_changed_creates_once_E29(ids: IdsFrom, is_idempotent: bool) -> None:
    total = points(two_systems(ids, idempotency=is_idempotent), lambda: None) + 30
    for dies_at in range(1, total):
        two = two_systems(ids, idempotency=is_idempotent)
        if not killed(two, dies_at, two.sync):
            break
        two.loaded = TwoSystems(flow(fields=("name", "phone", "city", "tag"), guards="{delete: 5}")).loaded
        two.sync(is_full=True)
        assert two.values(Side.RIGHT) == [ANN]
    assert dies_at > 10


@pytest.mark.parametrize("ids", IdsFrom)
@pytest.mark.parametrize("is_idempotent", [True, False])
def test_source_edited_after_the_kill_is_created_once_E28_E29(ids: IdsFrom, is_idempotent: bool) -> None:
    """A create that may be there already is settled first; only then does what became of its source count."""
    total = points(two_systems(ids, idempotency=is_idempotent), lambda: None) + 30
    for dies_at in range(1, total):
        two = two_systems(ids, idempotency=is_idempotent)
        if not killed(two, dies_at, two.sync):
            break
        two.left.edit("a", {"phone": "7"})
        two.sync(is_full=True)
        two.settle()
        assert two.values(Side.LEFT) == two.values(Side.RIGHT) == [{**ANN, "phone": "7"}], dies_at
    assert dies_at > 10


@pytest.mark.parametrize("ids", IdsFrom)
def test_create_found_by_reading_back_takes_later_edits_along_E28_E29(ids: IdsFrom) -> None:
    two = two_systems(ids, idempotency=False)
    faulty(two, KillPoints(act=lambda point: two.right.edit(created(two), {"phone": "9"}) if is_after(point) else None),
           LostAnswer())  # fmt: skip
    two.sync()
    faulty(two)
    two.sync(is_full=True)
    if ids is IdsFrom.WRITER:
        assert two.values(Side.LEFT) == two.values(Side.RIGHT) == [{**ANN, "phone": "9"}]


def is_after(point: KillPoint) -> bool:
    return point.moment is Moment.AFTER


def created(two: TwoSystems) -> str:
    return next(iter(two.right.records()))


@pytest.mark.parametrize("versions", [Versions.COUNTER, Versions.NONE])
@pytest.mark.parametrize("is_full", [True, False])
@pytest.mark.parametrize("is_told", [True, False])
def test_peer_that_normalises_settles_in_one_extra_write_E22_S4(
    versions: Versions, is_full: bool, is_told: bool
) -> None:
    two = two_systems(versions=versions)
    two.sync()
    faulty(two, Normalises(fields=frozenset({"name"}), by=Normalisation.UPPER, is_told=is_told))
    two.left.edit("a", {"name": "bob"})
    before = two.writes()
    for _ in range(4):
        two.sync(is_full=is_full)
    assert two.writes() - before <= 2
    assert two.left.get("a") == two.right_of("a") == {**ANN, "name": "BOB"}


@pytest.mark.parametrize("edited", [{"name": "Anna"}, {"phone": "2"}, {"city": "Y", "phone": "3"}])
def test_create_killed_over_and_edited_before_the_hub_is_back_is_asked_about_not_sent_again_E28_E29(
    edited: dict[str, str],
) -> None:
    two = two_systems(IdsFrom.SYSTEM, idempotency=False)
    total = points(two, two.sync)
    copies: list[int] = []
    for dies_at in range(1, total + 1):
        two = two_systems(IdsFrom.SYSTEM, idempotency=False)
        assert killed(two, dies_at, two.sync)
        for id_ in list(two.right.records()):
            two.right.edit(id_, edited)
        is_sent = bool(two.right.records()) and not two.links()
        two.sync()
        assert len(two.values(Side.RIGHT)) == len(two.values(Side.LEFT)) == 1, dies_at
        if is_sent:
            copies.append(dies_at)
            assert [one.kind for one in two.reviews()] == [ReviewKind.UNKNOWN, ReviewKind.POSSIBLE]
        two.close()
    assert copies


def test_create_with_an_id_of_ours_and_edited_throughout_is_asked_about_E28_E29() -> None:
    whole = two_systems()
    total = points(whole, whole.sync)
    asked = 0
    for dies_at in range(1, total + 1):
        two = two_systems()
        assert killed(two, dies_at, two.sync)
        for id_ in list(two.right.records()):
            two.right.edit(id_, {"name": "b", "phone": "b", "city": "b"})
        two.sync()
        two.sync(is_full=True)
        assert len(two.values(Side.RIGHT)) == len(two.values(Side.LEFT)) == 1, dies_at
        asked += ReviewKind.UNKNOWN in [one.kind for one in two.reviews()]
        two.close()
    assert asked
