"""A lost link table is found again from both sides (E34)."""

from __future__ import annotations

import pytest

from tallystick.model.flow import Scope
from tallystick.model.link import LinkState
from tallystick.model.side import SIDES, Side
from tallystick.runs import links
from tests.two_systems import FLOW, TwoSystems, flow, killed, points

SCOPE = Scope(integration="two", flow=FLOW)


def test_rebuild_after_a_lost_link_table_links_equal_records_and_creates_nothing_E34_S25() -> None:
    with TwoSystems(flow()) as two:
        for number in range(30):
            two.left.put({"name": f"Ann {number}", "phone": str(number), "city": "Graz", "tag": f"t{number}"})
        two.sync()
        pairs = _pairs(two)
        two.store.replace_links(SCOPE, [])
        with two.workspace() as workspace:
            report = links.rebuild(workspace)
        assert sum(sum(counts.values()) for counts in report.flows[FLOW].writes.values()) == 0
        assert _pairs(two) == pairs
        again = two.sync(is_full=True)
        assert sum(sum(counts.values()) for side in SIDES for counts in [again.writes[side]]) == 0
        assert len(two.right.records()) == 30


def test_rebuild_of_records_that_are_equal_to_several_links_none_of_them_E34() -> None:
    with TwoSystems(flow()) as two:
        for _ in range(2):
            two.left.put({"name": "Twin", "phone": "1", "city": "Graz", "tag": "t"})
        two.sync()
        two.store.replace_links(SCOPE, [])
        with two.workspace() as workspace:
            links.rebuild(workspace)
        assert _pairs(two) == set()
        assert len(two.right.records()) == 2


@pytest.mark.parametrize("side", SIDES)
def test_rebuild_finds_a_pair_of_which_one_record_left_its_filter_E34_S13(side: Side) -> None:
    """Its link rests; without one, the other would be created a second time."""
    ends = {side.value: "where: {field: tag, is: keep}"}
    with TwoSystems(flow("match: {definite: [[name]]}", **ends)) as two:
        for number in range(4):
            two.left.put({"name": f"Ann {number}", "phone": "1", "city": "Graz", "tag": "keep"}, id=str(number))
        two.sync()
        filtered = two.left if side is Side.LEFT else two.right
        pairs, rests = _pairs(two), []
        gone = min(filtered.records())
        filtered.edit(gone, {"tag": "other"})
        for lose in (False, True):
            two.sync()
            if lose:
                two.store.replace_links(SCOPE, [])
                with two.workspace() as workspace:
                    links.rebuild(workspace)
            assert _pairs(two) == pairs
            rests.append([link.cause for link in two.store.all_links(SCOPE) if link.state is LinkState.DORMANT])
        assert rests == [[f"{side.value} out of filter"]] * 2
        before = two.writes()
        two.sync(is_full=True)
        assert two.writes() == before
        assert len(two.left.records()) == len(two.right.records()) == 4


def test_rebuild_killed_anywhere_is_finished_by_the_next_run_E29_E34_S17() -> None:
    """Else that run would take what was not linked yet for new, where its partner is outside a filter."""

    def lost() -> TwoSystems:
        two = TwoSystems(flow("match: {definite: [[name]]}", right="where: {field: tag, is: keep}"))
        for number in range(4):
            two.left.put({"name": f"Ann {number}", "phone": "1", "city": "Graz", "tag": "keep"}, id=str(number))
        two.sync()
        two.right.edit(min(two.right.records()), {"tag": "other"})
        two.sync()
        two.store.replace_links(SCOPE, [])
        return two

    def rebuild(two: TwoSystems) -> None:
        with two.workspace() as workspace:
            links.rebuild(workspace)

    with lost() as whole:
        total = points(whole, lambda: rebuild(whole))
    finished = 0
    for dies_at in range(1, total + 1):
        with lost() as two:
            assert killed(two, dies_at, lambda two=two: rebuild(two))  # type: ignore[misc]
            if two.store.unfinished(SCOPE) is None:
                continue  # before it was written down, or after its end
            finished += 1
            two.sync(is_full=True)
            assert two.store.unfinished(SCOPE) is None
            assert len(two.left.records()) == len(two.right.records()) == len(_pairs(two)) == 4, dies_at
    assert finished > 4


def _pairs(two: TwoSystems) -> set[tuple[str, str]]:
    return {
        (link.left.id, link.right.id)
        for link in two.store.all_links(SCOPE)
        if link.left is not None and link.right is not None
    }
