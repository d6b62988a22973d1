"""Reviews: the questions that wait for a person, and the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from django.db.backends.utils import CursorWrapper
from msgspec.structs import replace

from tallystick.errors import AlreadyDecided, ConfigurationError, StaleDecision
from tallystick.model.flow import Scope
from tallystick.model.plan import Decision, Review, ReviewKind, ReviewStatus
from tallystick.model.side import Side
from tallystick.server.state.bulk import chunks
from tallystick.server.state.codec import decision_of, decision_text, mapping, text_of
from tallystick.server.state.likeness import likeness_of, words_of
from tallystick.server.state.rows import Rows

REVIEW = "number, flow, kind, left_id, right_id, topic, fields, evidence, fingerprint, status, decision, run, since"
SELECT = f"SELECT {REVIEW} FROM state_review"
COLUMNS = (
    "scope_id",
    "subject",
    "flow",
    "kind",
    "left_id",
    "right_id",
    "topic",
    "fields",
    "evidence",
    "fingerprint",
    "status",
    "run",
    "since",
    "likeness",
    "words",
)
OPEN, DECIDED, CLEARED = (status.value for status in (ReviewStatus.OPEN, ReviewStatus.DECIDED, ReviewStatus.CLEARED))


class ReviewRows(Rows):
    def raise_reviews(self, scope: Scope, reviews: Sequence[Review]) -> int:
        with self._database.writing() as cursor:
            known = self._locked(cursor, scope)
            # Of one subject the last one counts, as if they were raised one after the other.
            last = {_subject(review): review for review in reviews}
            return sum(self._raise(cursor, known, dict(chunk)) for chunk in chunks(last.items()))

    def _raise(self, cursor: CursorWrapper, scope: int, reviews: dict[str, Review]) -> int:
        condition, values = self._bulk.among("subject", list(reviews))
        cursor.execute(
            f"SELECT subject, number, status, fingerprint FROM state_review "
            f"WHERE scope_id = %s AND status <> '{CLEARED}' AND {condition}",
            [scope, *values],
        )
        opened: dict[str, int] = {}
        decided: set[tuple[str, str]] = set()
        for subject, number, status, fingerprint in cursor.fetchall():
            if status == OPEN:
                opened[subject] = number
            else:
                decided.add((subject, fingerprint))
        fresh, refreshed, cleared = [], [], []
        for subject, review in reviews.items():
            number = opened.get(subject)
            if (subject, review.fingerprint) in decided:
                if number is not None:
                    cleared.append(number)
            elif number is None:
                fresh.append((scope, subject, *_values(review)))
            else:
                shown = (text_of(review.fields), text_of(review.evidence), review.fingerprint, review.run, review.flow)
                refreshed.append((*shown, likeness_of(review), words_of(review), number))
        self._bulk.insert(cursor, "state_review", COLUMNS, fresh)
        if refreshed:
            cursor.executemany(
                "UPDATE state_review SET fields = %s, evidence = %s, fingerprint = %s, run = %s, flow = %s, "
                "likeness = %s, words = %s WHERE number = %s",
                refreshed,
            )
        self._clear(cursor, scope, cleared)
        return len(fresh)

    def clear_reviews(self, scope: Scope, numbers: Sequence[int]) -> int:
        with self._database.writing() as cursor:
            return self._clear(cursor, self._locked(cursor, scope), numbers)

    def _clear(self, cursor: CursorWrapper, scope: int, numbers: Sequence[int]) -> int:
        if not numbers:
            return 0
        condition, values = self._bulk.among("number", numbers)
        cursor.execute(
            f"UPDATE state_review SET status = '{CLEARED}' WHERE status = '{OPEN}' AND scope_id = %s AND {condition}",
            [scope, *values],
        )
        return int(cursor.rowcount)

    def count_reviews(self, scope: Scope) -> Mapping[ReviewKind, int]:
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT kind, COUNT(*) FROM state_review WHERE status = '{OPEN}' AND scope_id = %s GROUP BY kind",
                [self._known(cursor, scope)],
            )
            return {ReviewKind(kind): count for kind, count in cursor.fetchall()}

    def reviews(
        self,
        scope: Scope | None = None,
        *,
        integration: str | None = None,
        status: ReviewStatus | None = ReviewStatus.OPEN,
        kinds: Sequence[ReviewKind] = (),
        limit: int | None = None,
    ) -> list[Review]:
        conditions, values = ["1 = 1"], list[Any]()
        # Those of a kind are few: they are found by it and then sorted, not looked for among all in order.
        order = "+number" if kinds and scope is not None else "number"
        with self._database.reading() as cursor:
            if scope is not None:
                conditions.append("scope_id = %s")
                values.append(self._known(cursor, scope))
            if integration is not None:
                conditions.append("scope_id IN (SELECT number FROM state_scope WHERE integration = %s)")
                values.append(integration)
            if status is not None:
                conditions.append("status = %s")
                values.append(status.value)
            if kinds:
                conditions.append(f"kind IN ({', '.join(['%s'] * len(kinds))})")
                values.extend(kind.value for kind in kinds)
            most = ""
            if limit is not None:
                most = " LIMIT %s"
                values.append(limit)
            cursor.execute(f"{SELECT} WHERE {' AND '.join(conditions)} ORDER BY {order}{most}", values)
            return [review_of(row) for row in cursor.fetchall()]

    def reviews_of(self, scope: Scope, side: Side, ids: Sequence[str]) -> list[Review]:
        condition, values = self._bulk.among(f"{side}_id", ids, is_id=True)
        with self._database.reading() as cursor:
            cursor.execute(
                f"{SELECT} WHERE scope_id = %s AND status <> '{CLEARED}' AND {condition} ORDER BY number",
                [self._known(cursor, scope), *values],
            )
            return [review_of(row) for row in cursor.fetchall()]

    def review(self, number: int) -> tuple[Scope, Review] | None:
        with self._database.reading() as cursor:
            cursor.execute(f"{SELECT} WHERE number = %s", [number])
            row = cursor.fetchone()
            if row is None:
                return None
            cursor.execute(
                "SELECT integration, flow, instance FROM state_scope "
                "WHERE number = (SELECT scope_id FROM state_review WHERE number = %s)",
                [number],
            )
            integration, flow, instance = cursor.fetchone()
        return Scope(integration=integration, flow=flow, instance=instance), review_of(row)

    def decide(self, number: int, decision: Decision, fingerprint: str) -> Review:
        with self._database.writing() as cursor:
            review = self._existing(cursor, number)
            if review.decision is not None:
                raise AlreadyDecided(
                    f"Review {number} was already decided: {review.decision.take} by {review.decision.by}."
                )
            if review.status is ReviewStatus.CLEARED:
                raise _cause_gone(number)
            if review.fingerprint != fingerprint:
                raise StaleDecision(
                    f"The records of review {number} changed since it was shown.", hint="Look at it again, then decide."
                )
            cursor.execute(
                f"UPDATE state_review SET status = '{DECIDED}', decision = %s, decided_at = %s, decided_by = %s "
                "WHERE number = %s",
                [decision_text(decision), decision.at, decision.by, number],
            )
        return replace(review, status=ReviewStatus.DECIDED, decision=decision)

    def reopen(self, number: int) -> Review:
        with self._database.writing() as cursor:
            review = self._existing(cursor, number)
            if review.status is ReviewStatus.OPEN:
                return review
            if review.status is ReviewStatus.CLEARED:
                raise _cause_gone(number)
            cursor.execute(
                f"SELECT a.number FROM state_review a JOIN state_review b "
                f"ON a.scope_id = b.scope_id AND a.subject = b.subject "
                f"WHERE b.number = %s AND a.status = '{OPEN}'",
                [number],
            )
            if (other := cursor.fetchone()) is not None:
                raise StaleDecision(
                    f"The records of review {number} changed since; the question is asked anew.",
                    hint=f"Decide review {other[0]} instead.",
                )
            cursor.execute(
                f"UPDATE state_review SET status = '{OPEN}', decision = NULL, decided_at = NULL, decided_by = NULL "
                "WHERE number = %s",
                [number],
            )
        return replace(review, status=ReviewStatus.OPEN, decision=None)

    def _existing(self, cursor: CursorWrapper, number: int) -> Review:
        """The review, nobody else changing it until the transaction ends."""
        cursor.execute(f"{SELECT} WHERE number = %s {self._bulk.for_update}", [number])
        row = cursor.fetchone()
        if row is None:
            raise ConfigurationError(
                f"There is no review {number}.", hint="`tallystick review list` shows those that wait."
            )
        return review_of(row)


def _cause_gone(number: int) -> StaleDecision:
    return StaleDecision(f"Review {number} no longer asks anything: its cause is gone.")


def _subject(review: Review) -> str:
    """What a review is about, within its scope: one open review each."""
    subject = text_of([review.kind, review.left_id, review.right_id, review.topic])
    return blake2b(subject.encode(), digest_size=16).hexdigest()


def _values(review: Review) -> tuple[Any, ...]:
    return (
        review.flow,
        review.kind.value,
        review.left_id,
        review.right_id,
        review.topic,
        text_of(review.fields),
        text_of(review.evidence),
        review.fingerprint,
        OPEN,
        review.run,
        review.since,
        likeness_of(review),
        words_of(review),
    )


def review_of(row: tuple[Any, ...]) -> Review:
    """The review of a row of REVIEW."""
    number, flow, kind, left_id, right_id, topic, fields, evidence, fingerprint, status, decision, run, since = row
    return Review(
        number=number,
        flow=flow,
        kind=ReviewKind(kind),
        left_id=left_id,
        right_id=right_id,
        topic=topic,
        fields=mapping(fields),
        evidence=mapping(evidence),
        fingerprint=fingerprint,
        status=ReviewStatus(status),
        decision=decision_of(decision),
        run=run,
        since=since,
    )
