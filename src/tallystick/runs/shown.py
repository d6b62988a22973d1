"""Reviews, runs and operations as `--json` prints them and the API answers. Source: spec/interface.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tallystick.model.plan import Operation, Review, ReviewKind, Run, Take

TAKES: Final[Mapping[ReviewKind, tuple[Take, ...]]] = {
    ReviewKind.CONFLICT: (Take.LEFT, Take.RIGHT, Take.IGNORE),
    ReviewKind.LOSSY_EDIT: (Take.LEFT, Take.RIGHT, Take.IGNORE),
    ReviewKind.POSSIBLE: (Take.LINK, Take.CREATE, Take.IGNORE),
    ReviewKind.DISPUTED: (Take.LINK, Take.CREATE, Take.IGNORE),
    ReviewKind.COLLISION: (Take.LINK, Take.CREATE, Take.IGNORE),
    ReviewKind.UNMAPPED_CODE: (Take.IGNORE,),
    ReviewKind.REJECT: (Take.IGNORE,),
    ReviewKind.UNKNOWN: (Take.CREATE, Take.LINK, Take.IGNORE),
    ReviewKind.HELD: (Take.APPROVE, Take.REFUSE),
}
"""The answers each kind of question takes."""


def review_shown(review: Review) -> dict[str, Any]:
    """A review as `review list --json` prints it."""
    shown: dict[str, Any] = {
        "id": review.number,
        "kind": review.kind.value,
        "flow": review.flow,
        "left": review.left_id,
        "right": review.right_id,
        "fields": {name: dict(values) for name, values in review.fields.items()},
        "since": review.since,
        "status": review.status.value,
        "takes": [take.value for take in TAKES[review.kind]],
    }
    shown.update({name: value for name, value in review.evidence.items() if name != "operation"})
    if review.topic:
        shown["topic"] = review.topic
    if review.decision is not None:
        decision = review.decision
        shown["decision"] = {
            "take": decision.take.value,
            "fields": {name: take.value for name, take in decision.fields.items()},
            "partner": decision.partner,
            "by": decision.by,
            "at": decision.at,
            "note": decision.note,
        }
    return shown


def run_shown(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "kind": run.kind.value,
        "integration": run.integration,
        "file": run.file,
        "status": run.status.value,
        "by": run.by,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "of": run.of or None,
        "result": dict(run.result),
    }


def operation_shown(operation: Operation) -> dict[str, Any]:
    """A line of the journal, with before and after."""
    names = sorted({*operation.before, *operation.after})
    is_delete = operation.action.value == "delete"
    return {
        "run": operation.run,
        "flow": operation.flow,
        "action": operation.action.value,
        "side": operation.side.value,
        "left": operation.left_id,
        "right": operation.right_id,
        "fields": {
            name: [operation.before.get(name), None if is_delete else operation.after.get(name)] for name in names
        },
        "reason": operation.reason,
        "rules": dict(operation.rules),
        "state": operation.state.value,
        "message": operation.message,
        "attempts": operation.attempts,
        "at": operation.at,
    }
