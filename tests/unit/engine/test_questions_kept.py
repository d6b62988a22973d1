"""Questions stay until what they are about was looked at, and few are read to tell. Rows E17, E25; scenario S16."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from tallystick.connectors.memory import Changes
from tallystick.engine import asked
from tallystick.model.plan import Review, ReviewKind, RunStatus
from tallystick.model.side import Side
from tallystick.ports.store import Store
from tests.two_systems import TwoSystems, flow, person

MANY = 30


@pytest.fixture
def two() -> Iterator[TwoSystems]:
    """New people of the left are asked about."""
    telling = [person(changes=Changes.SEQUENCE)]
    with TwoSystems(flow("on: {new_left: ask}", "match: {definite: [[tag]]}"), left=telling, right=telling) as made:
        for number in range(MANY):
            made.left.put({"name": f"Person {number}", "tag": str(number)}, id=str(number))
        made.sync()
        assert len(made.reviews()) == MANY
        yield made


@pytest.fixture(params=[0, 7, 10_000])
def remembered(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many records that were looked at are remembered whether or not a question is about them."""
    monkeypatch.setattr(asked, "MANY", request.param)


@pytest.mark.usefixtures("remembered")
def test_increment_leaves_the_questions_about_what_did_not_change_E17(two: TwoSystems) -> None:
    before = {review.left_id: review for review in two.reviews()}
    two.left.edit("3", {"name": "Somebody else"})
    two.sync()
    after = {review.left_id: review for review in two.reviews()}
    assert after.keys() == before.keys()
    assert {id_ for id_ in after if after[id_] != before[id_]} == {"3"}
    two.sync()
    assert {review.left_id: review for review in two.reviews()} == after


@pytest.mark.usefixtures("remembered")
def test_full_comparison_clears_the_questions_about_what_is_gone_S16(two: TwoSystems) -> None:
    for number in range(MANY - 2):
        two.left.delete(str(number))
    two.sync(is_full=True, approval=True)
    assert {review.left_id for review in two.reviews()} == {str(MANY - 2), str(MANY - 1)}


@pytest.mark.parametrize("is_full", [True, False])
def test_what_is_gone_is_neither_asked_about_nor_remembered_S16(two: TwoSystems, is_full: bool) -> None:
    two.left.delete("4")
    two.sync(is_full=is_full)
    left = {str(number) for number in range(MANY)} - {"4"}
    assert {review.left_id for review in two.reviews()} == left
    assert {one.id for one in two.store.unlinked(two.scope(), Side.LEFT)} == left
    with two.workspace() as workspace:
        sync = workspace.flow_sync(workspace.chosen(())[0], run="")
        keys = [key.key for tag in "45" for key in sync.keys(Side.LEFT, {"tag": tag})]
    assert {one.id for one in two.store.matching(two.scope(), Side.LEFT, keys)} == {"5"}
    two.left.restore("4")
    two.sync()
    assert len(two.reviews()) == MANY


def test_listing_that_holds_the_run_clears_no_question_E25() -> None:
    with TwoSystems(flow("on: {new_left: ask}", guards="{delete: 5%}")) as two:
        for number in range(MANY):
            two.right.put({"name": f"Linked {number}"})
        two.sync()
        for number in range(5):
            two.left.put({"name": f"Person {number}"}, id=f"new {number}")
        two.sync()
        before = two.reviews()
        assert len(before) == 5
        for one in list(two.left.records()):
            two.left.delete(one)
        assert two.sync().status is RunStatus.HELD
        assert [one for one in two.reviews() if one.kind is not ReviewKind.HELD] == before
        assert len(list(two.store.unlinked(two.scope(), Side.LEFT))) == 5


def test_increment_reads_the_questions_about_what_it_looked_at_alone(two: TwoSystems) -> None:
    two.store = counted = cast(Any, Counted(two.store))
    two.left.edit("3", {"name": "Somebody else"})
    two.sync()
    assert 0 < counted.count < 6


class Counted:
    """Implements ports.store.Store: a store that counts the questions it is asked for."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._inner, name)
        if name not in ("reviews", "reviews_of"):
            return call

        def counting(*of: Any, **named: Any) -> list[Review]:
            found: list[Review] = call(*of, **named)
            self.count += len(found)
            return found

        return counting
