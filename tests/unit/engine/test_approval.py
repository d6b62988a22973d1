"""An approval covers what was shown and no more (E17, E25)."""

from __future__ import annotations

import pytest

from tallystick.model.plan import RunStatus
from tallystick.model.side import Side
from tests.two_systems import TwoSystems, flow, killed, person, points


def _held(two: TwoSystems) -> list[str]:
    for number in range(40):
        two.left.put({"name": f"Ann {number}", "phone": "1", "city": "Graz", "tag": f"t{number}"}, id=f"p{number}")
    two.sync()
    for number in range(8):
        two.left.delete(f"p{number}")
    two.sync()
    return [f"p{number}" for number in range(8, 20)]


def test_approved_deletions_are_done_when_they_are_those_that_were_shown_E25() -> None:
    with TwoSystems(flow(guards="{delete: 10%}")) as two:
        _held(two)
        two.decide("approve")
        assert len(two.right.records()) == 32


def test_approval_of_fewer_deletions_than_there_are_by_now_holds_the_run_again_E17_E25() -> None:
    with TwoSystems(flow(guards="{delete: 10%}")) as two:
        for id_ in _held(two):
            two.left.delete(id_)
        two.decide("approve")
        assert len(two.right.records()) == 40
        assert len(two.reviews()) == 1


# --- what is planned while a run is on its way

PEOPLE = flow("conflict: {rule: left}", fields=("name", "{left: phone, right: phone, ref: orgs}"), guards="{create: 3}")
ORGS = flow(name="orgs", record="org", fields=("name", "{left: boss, right: boss, ref: people}"))


def circles(is_person_first: bool) -> TwoSystems:
    """Five persons of five organisations, each of which has one of them as its boss; three persons may be created."""
    types = [person(fields=("name", "phone")), person("org", ("name", "boss"))]
    two = TwoSystems(*((PEOPLE, ORGS) if is_person_first else (ORGS, PEOPLE)), left=types, right=types)
    for number in range(5):
        two.left.put({"name": f"Ann {number}", "phone": f"o{number}"}, id=f"p{number}")
        two.table(Side.LEFT, "org").put({"name": f"Acme {number}", "boss": f"p{number}"}, id=f"o{number}")
    return two


@pytest.mark.parametrize("is_person_first", [True, False])
def test_records_that_waited_for_another_flow_go_through_the_guards_when_it_came_E25_E26(is_person_first: bool) -> None:
    with circles(is_person_first) as two:
        report = two.run()
        assert report.flows["people"].status is RunStatus.HELD
        assert [breach.amount for breach in report.flows["people"].held] == [5]
        assert two.values(Side.RIGHT) == []
        (held,) = two.reviews()  # that what they wait for is missing is not so any more, or was never asked
        assert held.kind.value == "held"
        two.decide("approve")
        two.run()
        assert len(two.values(Side.RIGHT)) == len(two.values(Side.RIGHT, "org")) == 5
        assert all(record["boss"] for record in two.values(Side.RIGHT, "org"))
        assert not two.reviews()


def test_share_counts_from_what_was_linked_before_the_run_in_later_turns_too_E25_E26() -> None:
    people = flow(fields=("name", "{left: phone, right: phone, ref: orgs}"), guards="{create: 60%}")
    types = [person(fields=("name", "phone")), person("org", ("name", "boss"))]
    with TwoSystems(ORGS, people, left=types, right=types) as two:
        for number in range(20):
            two.left.put({"name": f"Old {number}", "phone": None})
        two.run()
        for number in range(8):  # at once; with those that wait they are 15 to the 20
            two.left.put({"name": f"New {number}", "phone": None})
        for number in range(7):
            two.left.put({"name": f"Ann {number}", "phone": f"o{number}"}, id=f"p{number}")
            two.table(Side.LEFT, "org").put({"name": f"Acme {number}", "boss": f"p{number}"}, id=f"o{number}")
        (held,) = two.run().flows["people"].held
        assert (held.amount, held.linked) == (15, 20)
        assert len(two.values(Side.RIGHT)) == 28


def edited(two: TwoSystems) -> None:
    """Ten linked records, of which five were changed; three may be."""
    for number in range(10):
        two.left.put({"name": f"Ann {number}", "city": "Graz"}, id=f"p{number}")
    two.run()
    for number in range(5):
        two.left.edit(f"p{number}", {"city": "Wien"})


def test_approved_run_killed_anywhere_is_not_held_by_its_own_approved_changes_E25_E29() -> None:
    text = flow(guards="{change: 3}")
    with TwoSystems(text) as two:
        edited(two)
        count = points(two, lambda: two.run(approval=True))
    goes_on = 0
    for dies_at in range(1, count + 1):
        with TwoSystems(text) as two:
            edited(two)
            assert killed(two, dies_at, lambda: two.run(approval=True))
            two.run()
            there = [record["city"] for record in two.values(Side.RIGHT)].count("Wien")
            goes_on += there == 5
            assert there == 5 or (there == 0 and len(two.reviews()) == 1), dies_at
    assert goes_on > 5
