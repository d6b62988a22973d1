"""The questions of the store in memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from tallystick.errors import AlreadyDecided, ConfigurationError, StaleDecision
from tallystick.model.flow import Scope
from tallystick.model.plan import Decision, Review, ReviewKind, ReviewStatus
from tallystick.model.side import Side


class MemoryReviews:
    """That part of `tallystick.ports.store.Store`; with what its other parts need too: a lock, and numbers."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._reviews: dict[int, tuple[Scope, Review]] = {}
        self._last = 0

    def _number(self) -> int:
        self._last += 1
        return self._last

    def raise_reviews(self, scope: Scope, reviews: Sequence[Review]) -> int:
        with self._lock:
            fresh = 0
            known: dict[tuple[object, ...], list[Review]] = {}
            for of, review in self._reviews.values():
                if of == scope and review.status is not ReviewStatus.CLEARED:
                    known.setdefault(_subject(review), []).append(review)
            # Of one subject the last one counts.
            for review in {_subject(review): review for review in reviews}.values():
                same = known.setdefault(_subject(review), [])
                is_open = next((one for one in same if one.status is ReviewStatus.OPEN), None)
                if any(one.status is ReviewStatus.DECIDED and one.fingerprint == review.fingerprint for one in same):
                    if is_open is not None:
                        self._reviews[is_open.number] = scope, replace(is_open, status=ReviewStatus.CLEARED)
                        same.remove(is_open)
                    continue
                if is_open is None:
                    fresh += 1
                    kept = replace(review, number=self._number(), status=ReviewStatus.OPEN, decision=None)
                else:
                    same.remove(is_open)
                    kept = replace(
                        review,
                        number=is_open.number,
                        since=is_open.since,
                        status=ReviewStatus.OPEN,
                        decision=None,
                    )
                same.append(kept)
                self._reviews[kept.number] = (scope, kept)
            return fresh

    def clear_reviews(self, scope: Scope, numbers: Sequence[int]) -> int:
        named = set(numbers)
        with self._lock:
            gone = [review for review in self.reviews(scope) if review.number in named]
            for review in gone:
                self._reviews[review.number] = (scope, replace(review, status=ReviewStatus.CLEARED))
            return len(gone)

    def count_reviews(self, scope: Scope) -> Mapping[ReviewKind, int]:
        return Counter(review.kind for review in self.reviews(scope))

    def reviews(
        self,
        scope: Scope | None = None,
        *,
        integration: str | None = None,
        status: ReviewStatus | None = ReviewStatus.OPEN,
        kinds: Sequence[ReviewKind] = (),
        limit: int | None = None,
    ) -> list[Review]:
        with self._lock:
            return [
                review
                for _, (of, review) in sorted(self._reviews.items())
                if scope in (None, of)
                and integration in (None, of.integration)
                and status in (None, review.status)
                and (not kinds or review.kind in kinds)
            ][:limit]

    def reviews_of(self, scope: Scope, side: Side, ids: Sequence[str]) -> list[Review]:
        wanted = set(ids)
        with self._lock:
            return [
                review
                for review in self.reviews(scope, status=None)
                if review.status is not ReviewStatus.CLEARED
                and (review.left_id if side is Side.LEFT else review.right_id) in wanted
            ]

    def review(self, number: int) -> tuple[Scope, Review] | None:
        with self._lock:
            return self._reviews.get(number)

    def decide(self, number: int, decision: Decision, fingerprint: str) -> Review:
        with self._lock:
            scope, review = self._existing(number)
            if review.decision is not None:
                raise AlreadyDecided(
                    f"Review {number} was already decided: {review.decision.take} by {review.decision.by}."
                )
            if review.status is ReviewStatus.CLEARED:
                raise StaleDecision(f"Review {number} no longer asks anything: its cause is gone.")
            if review.fingerprint != fingerprint:
                raise StaleDecision(
                    f"The records of review {number} changed since it was shown.", hint="Look at it again, then decide."
                )
            decided = replace(review, status=ReviewStatus.DECIDED, decision=decision)
            self._reviews[number] = (scope, decided)
            return decided

    def reopen(self, number: int) -> Review:
        with self._lock:
            scope, review = self._existing(number)
            if review.status is ReviewStatus.OPEN:
                return review
            if review.status is ReviewStatus.CLEARED:
                raise StaleDecision(f"Review {number} no longer asks anything: its cause is gone.")
            for other in self.reviews(scope):
                if _subject(other) == _subject(review):
                    raise StaleDecision(
                        f"The records of review {number} changed since; the question is asked anew.",
                        hint=f"Decide review {other.number} instead.",
                    )
            opened = replace(review, status=ReviewStatus.OPEN, decision=None)
            self._reviews[number] = (scope, opened)
            return opened

    def _existing(self, number: int) -> tuple[Scope, Review]:
        if number not in self._reviews:
            raise ConfigurationError(
                f"There is no review {number}.", hint="`tallystick review list` shows those that wait."
            )
        return self._reviews[number]


def _subject(review: Review) -> tuple[object, ...]:
    """What a review is about, within its scope: one open review each."""
    return (review.kind, review.left_id, review.right_id, review.topic)
