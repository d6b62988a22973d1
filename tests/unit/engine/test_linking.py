"""Records found to be one. Rows E12-E16; scenarios S2, S9, S25."""

from __future__ import annotations

import pytest

from tallystick.connectors.memory import Versions
from tallystick.model.plan import ReviewKind
from tallystick.model.side import SIDES, Side
from tallystick.runs import links
from tests.two_systems import TwoSystems, flow, person

LEFT, RIGHT = SIDES
ANN = {"name": "Ann", "phone": "1", "city": "X", "tag": "t"}
MATCH = "match: {definite: [[tag], [name, city]], junk: {tag: [none]}}"


def systems(*more: str, versions: Versions = Versions.COUNTER) -> TwoSystems:
    types = [person(versions=versions)]
    return TwoSystems(flow(MATCH, *more), left=types, right=types)


def test_definite_match_is_linked_with_its_evidence_and_merged_E12_E14_E15() -> None:
    two = systems("primary: right")
    two.left.put({**ANN, "phone": "2", "city": None}, id="a")
    two.right.put({**ANN, "tag": " T ", "phone": "3"}, id="z")
    two.sync()
    assert two.partner(LEFT, "a") == "z"
    assert two.left.get("a") == {**ANN, "tag": " T ", "phone": "3"}
    assert two.right.get("z") == {**ANN, "tag": " T ", "phone": "3"}
    (link,) = two.links()
    assert link.evidence["rule"] == "tag"
    assert [o.before for o in two.journal() if o.before] == [{"phone": "2", "city": None, "tag": "t"}]


def test_two_records_that_claim_one_are_asked_about_and_neither_is_linked_E12_S2() -> None:
    two = systems()
    two.left.put(ANN, id="a")
    two.right.put({**ANN, "name": "Bea"}, id="y")
    two.right.put({**ANN, "name": "Cleo"}, id="z")
    two.sync()
    assert two.links() == []
    assert (len(two.values(LEFT)), len(two.values(RIGHT))) == (1, 2)
    assert len(two.reviews()) == 1


def test_two_rules_that_point_at_different_records_are_disputed_E12_S2() -> None:
    two = systems()
    two.left.put(ANN, id="a")
    two.right.put({**ANN, "name": "Bea"}, id="y")
    two.right.put({**ANN, "tag": "u"}, id="z")
    for _ in range(2):
        two.sync(is_full=True)
        assert two.links() == []
        assert [review.kind for review in two.reviews()] == [ReviewKind.DISPUTED]


def test_junk_is_no_evidence_E14_S2() -> None:
    two = systems()
    two.left.put({**ANN, "tag": "none"}, id="a")
    two.right.put({**ANN, "tag": "None", "name": "Bea"}, id="z")
    two.settle()
    assert len(two.values(LEFT)) == len(two.values(RIGHT)) == 2


@pytest.mark.parametrize("versions", [Versions.COUNTER, Versions.NONE])
@pytest.mark.parametrize("is_full", [True, False])
@pytest.mark.parametrize("side", SIDES)
def test_record_that_came_later_is_matched_to_one_that_was_left_alone_E15(
    versions: Versions, is_full: bool, side: Side
) -> None:
    two = systems(f"'on': {{new_{side.value}: ignore}}", versions=versions)
    two.table(side).put(ANN, id="early")
    two.sync()
    two.table(side.other).put({**ANN, "phone": None}, id="late")
    two.sync(is_full=is_full)
    assert two.partner(side, "early") == "late"
    assert two.values(LEFT) == two.values(RIGHT) == [ANN]


@pytest.mark.parametrize("is_full", [True, False])
def test_record_alike_to_a_linked_one_is_not_linked_again_E12_E16(is_full: bool) -> None:
    two = systems()
    two.left.put(ANN, id="a")
    two.sync()
    two.left.put({**ANN, "name": "Double"}, id="b")
    for _ in range(2):
        two.sync(is_full=is_full)
    assert len(two.links()) == 1
    assert len(two.values(RIGHT)) == 1
    assert len(two.reviews()) == 1


@pytest.mark.parametrize("is_full", [True, False])
def test_record_made_again_after_both_were_deleted_matches_nobody_E12(is_full: bool) -> None:
    two = systems()
    two.left.put(ANN, id="a")
    two.sync()
    two.left.delete("a")
    two.sync(is_full=is_full)
    two.left.put(ANN, id="b")
    two.sync(is_full=is_full)
    assert two.right_of("b") == ANN
    assert not two.reviews()


def test_links_rebuilt_from_both_sides_double_nothing_E34_S25() -> None:
    two = systems()
    for number in range(5):
        two.left.put({**ANN, "name": f"n{number}", "tag": f"t{number}"}, id=str(number))
    two.sync()
    partners = {str(number): two.partner(LEFT, str(number)) for number in range(5)}
    two.left.edit("0", {"phone": "9"})
    two.store.replace_links(two.scope(), [])
    before = two.writes()
    with two.workspace() as workspace:
        links.rebuild(workspace)
    assert two.writes() == before
    assert {str(number): two.partner(LEFT, str(number)) for number in range(5)} == partners
    two.settle()
    assert len(two.values(LEFT)) == len(two.values(RIGHT)) == 5
    assert two.right_of("0")["phone"] == "9"  # type: ignore[index]


def test_links_restored_from_a_backup_double_nothing_E34_S25() -> None:
    two = systems()
    two.left.put(ANN, id="a")
    two.sync()
    with two.workspace() as workspace:
        backup = list(links.export(workspace))
    two.left.put({**ANN, "name": "Bob", "tag": "u"}, id="b")
    two.left.edit("a", {"phone": "9"})
    two.sync()
    with two.workspace() as workspace:
        assert links.restore(workspace, backup) == 1
    two.settle()
    assert len(two.values(LEFT)) == len(two.values(RIGHT)) == len(two.links()) == 2
    assert two.right_of("a") == {**ANN, "phone": "9"}
