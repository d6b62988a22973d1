"""What a store promises of reviews and of decisions."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec.structs import replace

from tallystick.errors import AlreadyDecided, ConfigurationError, StaleDecision
from tallystick.model.flow import Scope
from tallystick.model.plan import (
    ReviewKind,
    ReviewStatus,
)
from tallystick.model.side import Side
from tallystick.ports.store import Store
from tallystick.testing.store_samples import (
    ANN,
    OTHER,
    SCOPE,
    review,
)


class ReviewPromises:
    def test_review_raised_comes_back(self, store: Store) -> None:
        assert store.raise_reviews(SCOPE, [review()]) == 1
        (kept,) = store.reviews(SCOPE)
        assert kept == review(number=kept.number)
        assert store.review(kept.number) == (SCOPE, kept)
        assert store.review(kept.number + 1000) is None

    def test_reviews_of_one_subject_are_one_open_review(self, store: Store) -> None:
        different = [
            review(),
            review(topic="name"),
            review(kind=ReviewKind.LOSSY_EDIT),
            review(left=None),
            review(right=None),
            review(left="R1", right="L1"),
        ]
        assert store.raise_reviews(SCOPE, different) == 6
        assert store.raise_reviews(OTHER, [review()]) == 1
        assert store.raise_reviews(SCOPE, different) == 0
        assert len(store.reviews()) == 7
        assert store.raise_reviews(SCOPE, [review("L9"), review("L9", fingerprint="f2", since="later")]) == 1
        assert store.reviews()[-1] == review("L9", number=store.reviews()[-1].number, fingerprint="f2", since="later")

    def test_review_raised_again_is_refreshed_and_keeps_number_and_since(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review()])
        (first,) = store.reviews()
        again = review(fields={"phone": {"left": "3"}}, evidence={}, fingerprint="f2", run="next", since="later")
        assert store.raise_reviews(SCOPE, [again, review(topic="new")]) == 1
        assert store.reviews()[0] == replace(again, number=first.number, since=first.since)

    def test_reviews_raised_by_two_threads_at_once_are_one(self, store: Store) -> None:
        start = threading.Barrier(2)

        def ask(_: int) -> int:
            start.wait()
            return store.raise_reviews(SCOPE, [review(f"L{number}") for number in range(50)])

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(ask, range(2))) == 50
        assert len(store.reviews()) == 50

    def test_review_decided_is_not_asked_again_for_the_same_records_E17(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review()])
        (first,) = store.reviews()
        decided = store.decide(first.number, ANN, "f1")
        assert decided == replace(first, status=ReviewStatus.DECIDED, decision=ANN)
        assert store.review(first.number) == (SCOPE, decided)
        assert store.raise_reviews(SCOPE, [review(run="next", since="later")]) == 0
        assert store.reviews() == []
        assert store.reviews(status=ReviewStatus.DECIDED) == [decided]

    def test_review_decided_is_asked_anew_when_the_records_changed_E17(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review()])
        (first,) = store.reviews()
        decided = store.decide(first.number, ANN, "f1")
        changed = review(fingerprint="f2", since="later")
        assert store.raise_reviews(SCOPE, [changed]) == 1
        (second,) = store.reviews()
        assert second == replace(changed, number=second.number)
        assert second.number > first.number
        assert store.reviews_of(SCOPE, Side.LEFT, ["L1"]) == [decided, second]
        # Changed back to what was decided: the decision holds, the open question is withdrawn.
        assert store.raise_reviews(SCOPE, [review()]) == 0
        assert store.reviews() == []
        assert store.review(second.number) == (SCOPE, replace(second, status=ReviewStatus.CLEARED))

    def test_decide_refuses_stale_decided_cleared_and_unknown_E17(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review(), review("L2")])
        first, second = store.reviews()
        with pytest.raises(StaleDecision, match=str(first.number)):
            store.decide(first.number, ANN, "f0")
        assert store.review(first.number) == (SCOPE, first)
        store.decide(first.number, ANN, "f1")
        with pytest.raises(AlreadyDecided, match="ann"):
            store.decide(first.number, replace(ANN, by="bob"), "f1")
        assert store.review(first.number) == (SCOPE, replace(first, status=ReviewStatus.DECIDED, decision=ANN))
        store.clear_reviews(SCOPE, [second.number])
        with pytest.raises(StaleDecision):
            store.decide(second.number, ANN, "f1")
        with pytest.raises(ConfigurationError):
            store.decide(second.number + 1000, ANN, "f1")

    def test_decide_by_two_people_at_once_keeps_one_decision_E17(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review(f"L{number}") for number in range(10)])
        start = threading.Barrier(2)

        def answer(by: str) -> list[int]:
            start.wait()
            mine = []
            for one in store.reviews(status=None):
                try:
                    mine.append(store.decide(one.number, replace(ANN, by=by), "f1").number)
                except AlreadyDecided:
                    continue
            return mine

        with ThreadPoolExecutor(2) as pool:
            ann, bob = pool.map(answer, ["ann", "bob"])
        everything = store.reviews(status=ReviewStatus.DECIDED)
        assert sorted(ann + bob) == [one.number for one in everything]
        for one in everything:
            assert one.decision == replace(ANN, by="ann" if one.number in ann else "bob")

    def test_reopen_takes_a_decision_back_E17(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review()])
        (first,) = store.reviews()
        assert store.reopen(first.number) == first
        store.decide(first.number, ANN, "f1")
        assert store.reopen(first.number) == first
        assert store.reviews() == [first]
        store.decide(first.number, ANN, "f1")
        store.raise_reviews(SCOPE, [review(fingerprint="f2")])
        with pytest.raises(StaleDecision):
            store.reopen(first.number)
        with pytest.raises(ConfigurationError):
            store.reopen(first.number + 1000)
        store.clear_reviews(SCOPE, [one.number for one in store.reviews(SCOPE)])
        assert store.reopen(first.number) == first

    def test_clear_reviews_clears_the_open_ones_whose_cause_is_gone(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review("a"), review("b"), review("c")])
        store.raise_reviews(OTHER, [review("a")])
        a, b, c = store.reviews(SCOPE)
        store.decide(c.number, ANN, "f1")
        (elsewhere,) = store.reviews(OTHER)
        assert store.count_reviews(SCOPE) == {ReviewKind.CONFLICT: 2}
        assert store.clear_reviews(SCOPE, [a.number, c.number, elsewhere.number, elsewhere.number + 1000]) == 1
        assert store.clear_reviews(SCOPE, []) == 0
        assert store.count_reviews(SCOPE) == {ReviewKind.CONFLICT: 1}
        assert store.reviews(SCOPE) == [b]
        assert len(store.reviews(OTHER)) == 1
        assert [one.status for one in store.reviews(SCOPE, status=None)] == [
            ReviewStatus.CLEARED,
            ReviewStatus.OPEN,
            ReviewStatus.DECIDED,
        ]
        # The cause is back: asked anew.
        assert store.raise_reviews(SCOPE, [review("a")]) == 1
        with pytest.raises(StaleDecision):
            store.reopen(a.number)

    def test_reviews_are_oldest_first_and_filtered(self, store: Store) -> None:
        elsewhere = Scope(integration="other", flow="assets")
        store.raise_reviews(SCOPE, [review("a"), review("b", kind=ReviewKind.POSSIBLE)])
        store.raise_reviews(elsewhere, [review("c")])
        store.raise_reviews(OTHER, [review("d", kind=ReviewKind.HELD)])

        def found(**question: Any) -> list[str | None]:
            return [one.left_id for one in store.reviews(**question)]

        assert found() == ["a", "b", "c", "d"]
        assert found(limit=2) == ["a", "b"]
        assert found(integration="crm-assets") == ["a", "b", "d"]
        assert found(scope=OTHER) == ["d"]
        assert found(kinds=[ReviewKind.HELD, ReviewKind.POSSIBLE]) == ["b", "d"]
        assert found(scope=Scope(integration="none", flow="none")) == []
        assert [one.left_id for one in store.reviews_of(SCOPE, Side.LEFT, ["a", "b", "c"])] == ["a", "b"]
        assert [one.left_id for one in store.reviews_of(SCOPE, Side.RIGHT, ["R1"])] == ["a", "b"]
        assert store.reviews_of(SCOPE, Side.RIGHT, []) == []
