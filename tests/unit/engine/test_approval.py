"""An approval covers what was shown and no more (E17, E25)."""

from __future__ import annotations

from tests.two_systems import TwoSystems, flow


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
