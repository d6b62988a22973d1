"""What people do to runs: stop and resume an integration, undo. Source: spec/engine.md E33, E39."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from tallystick.runs.pauses import Pause, Pauses
from tallystick.runs.report import Report
from tallystick.server.designer.place import jobs
from tallystick.server.ops import opened
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit

CONTROL: Final = "ops.control_run"


def undo(actor: Actor, run: str, *, is_approved: bool = False) -> Report:
    """Takes a run back by compensating operations; what was edited since is left and listed.

    Raises NotAllowed, ConfigurationError (there is no such run); an error of a flow is in the report.
    """
    actor.check(CONTROL)
    with opened.state(actor.name) as state:
        report = state.undo(run, is_approved=is_approved)
    audit(actor, "ops.undo_run", subject_type="run", subject_id=run, details={"run": report.run})
    return report


def stop(actor: Actor, integration: str, flow: str = "") -> bool:
    """Lets the batch at hand be finished and begins no other until it is resumed; whether it was not so already."""
    actor.check(CONTROL)
    is_new = _pauses().pause(integration, flow, by=actor.name, at=datetime.now(UTC))
    if is_new:
        audit(actor, "ops.stop", subject_type="integration", subject_id=integration, details={"flow": flow})
    return is_new


def resume(actor: Actor, integration: str, flow: str = "") -> bool:
    """What was stopped goes on where it was; whether it was stopped."""
    actor.check(CONTROL)
    was_stopped = _pauses().resume(integration, flow)
    if was_stopped:
        audit(actor, "ops.resume", subject_type="integration", subject_id=integration, details={"flow": flow})
    return was_stopped


def pauses() -> list[Pause]:
    """What is stopped now. Raises StateUnusable or Unreachable."""
    return list(_pauses().all().values())


def _pauses() -> Pauses:
    return Pauses(jobs())
