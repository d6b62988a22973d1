"""Questions that wait for a person, worded as reviews. Source: spec/engine.md E12-E17; glossary "review"."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tallystick.engine.guards import Breach
from tallystick.engine.merge import Difference
from tallystick.model.plan import Decision, Review, ReviewKind, ReviewStatus
from tallystick.model.side import Side
from tallystick.model.value import Value

Key = tuple[ReviewKind, str | None, str | None, str]
"""What tells reviews of one scope apart."""


def key_of(review: Review) -> Key:
    return (review.kind, review.left_id, review.right_id, review.topic)


def likeness(review: Review) -> tuple[Any, ...]:
    """Equal for questions of a scope that differ in nothing but the record they are about: one answer may do for all.

    What cannot be translated is alike when it was refused for the same reason.
    """
    message = ""
    if review.kind in (ReviewKind.REJECT, ReviewKind.UNMAPPED_CODE):
        message = str(review.evidence.get("message", ""))
        for id_ in (review.left_id, review.right_id):
            if id_:
                message = message.replace(id_, "")
    candidates = min(2, len(review.evidence.get("candidates", ())))
    return (review.flow, review.kind, review.topic, tuple(sorted(review.fields)), candidates, message)


def named(key: Key) -> list[tuple[Side, str]]:
    """The records a review is about."""
    return [(side, id_) for side, id_ in ((Side.LEFT, key[1]), (Side.RIGHT, key[2])) if id_ is not None]


def answer_to(question: Review, answers: Sequence[Review]) -> Decision | None:
    """The answer a person gave to exactly this question, as it still stands (E17)."""
    return next(
        (
            answer.decision
            for answer in answers
            if answer.status is ReviewStatus.DECIDED
            and key_of(answer) == key_of(question)
            and answer.fingerprint == question.fingerprint
        ),
        None,
    )


def stamp(*parts: Any) -> str:
    """A fingerprint of what a person is shown: a decision on another one is stale (E17)."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def of_differences(
    kind: ReviewKind, flow: str, left_id: str, right_id: str, differences: Mapping[str, Difference]
) -> Review:
    """A conflict or lossy edit: what each side says, and what both said last."""
    fields = {name: difference.shown() for name, difference in sorted(differences.items())}
    return Review(
        flow=flow,
        kind=kind,
        left_id=left_id,
        right_id=right_id,
        fields=fields,
        fingerprint=stamp(kind, fields),
    )


def of_record(
    kind: ReviewKind,
    flow: str,
    ids: Mapping[Side, str | None],
    message: str,
    *,
    topic: str = "",
    shown: Any = None,
    **evidence: Any,
) -> Review:
    """A question about one record or pair with a sentence: a reject, an unmapped code, a collision."""
    return Review(
        flow=flow,
        kind=kind,
        left_id=ids.get(Side.LEFT),
        right_id=ids.get(Side.RIGHT),
        topic=topic,
        evidence={"message": message, **evidence},
        fingerprint=stamp(kind, topic, message, shown),
    )


def of_candidates(
    kind: ReviewKind,
    flow: str,
    candidates: Sequence[Mapping[str, Any]],
    records: Mapping[Side, Mapping[str, Mapping[str, Value]]],
) -> Review:
    """Possible or disputed: who might be whom, on what evidence.

    `candidates` are {"left", "right", "rule", "score", "fields"}; `records` the values of everybody named, in the
    flow's shared fields, so that they can be shown side by side.
    """
    lefts = sorted({candidate["left"] for candidate in candidates})
    rights = sorted({candidate["right"] for candidate in candidates})
    fields: dict[str, Mapping[str, Value]] = {}
    if len(lefts) == 1 and len(rights) == 1:
        left, right = records[Side.LEFT].get(lefts[0], {}), records[Side.RIGHT].get(rights[0], {})
        fields = {
            name: {"base": None, "left": left.get(name), "right": right.get(name)} for name in sorted({*left, *right})
        }
    return Review(
        flow=flow,
        kind=kind,
        left_id=lefts[0] if len(lefts) == 1 else None,
        right_id=rights[0] if len(rights) == 1 else None,
        topic="" if len(lefts) == 1 or len(rights) == 1 else lefts[0],
        fields=fields,
        evidence={"candidates": [dict(candidate) for candidate in candidates]},
        fingerprint=stamp(kind, [dict(candidate) for candidate in candidates], fields),
    )


def of_guards(flow: str, breaches: Sequence[Breach]) -> Review:
    shown = [breach.shown() for breach in breaches]
    return Review(
        flow=flow,
        kind=ReviewKind.HELD,
        evidence={"message": " ".join(breach.message for breach in breaches), "guards": shown},
        fingerprint=stamp(ReviewKind.HELD, shown),
    )
