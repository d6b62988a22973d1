"""The worker's part of dry runs: it makes plans and applies them, and tells how far it is. Source: engine.md E24, E29.

Both are begun anew by another worker when the one that was at it is gone: a plan is made again from its beginning, one
that is being applied goes on in the same run where it was.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.engine.result import Progress
from tallystick.errors import TallystickError
from tallystick.runs.errands import Doing, Errand
from tallystick.runs.plans import apply_plan, make_plan
from tallystick.runs.schedule import Job
from tallystick.runs.worker import BATCH
from tallystick.server.designer.domain.plans import APPLY, PAGE, PLAN
from tallystick.server.designer.models import IntegrationVersion, KeptPlan, PlanPage, PlanState
from tallystick.server.designer.packed import packed, unpacked
from tallystick.server.designer.workspaces import workspace_of_version
from tallystick.server.ui import mishaps

BEAT_S: Final = 1.0
"""So often at most it is told how far a plan is."""


def make(job: Job, doing: Doing) -> None:
    """Implements tallystick.runs.errands.Errand."""
    _attend(job.subject, PlanState.PLANNING, lambda plan: _made(plan, doing))


def apply(job: Job, doing: Doing) -> None:
    """Implements tallystick.runs.errands.Errand."""
    _attend(job.subject, PlanState.APPLYING, lambda plan: _applied(plan, doing))


ERRANDS: Final[Mapping[str, Errand]] = {PLAN: make, APPLY: apply}


def _attend(id_: str, state: PlanState, work: Callable[[KeptPlan], None]) -> None:
    """Nothing to do where it is done, or gone with its integration."""
    with _noting(id_):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        plan = KeptPlan.objects.select_related("integration").filter(pk=id_, state=state).first()
        if plan is not None:
            work(plan)


def _made(plan: KeptPlan, doing: Doing) -> None:
    told = _telling(plan.pk, doing.progress)
    told("reading", 0)
    with workspace_of_version(_version(plan), by=plan.made_by, clock=doing.clock, progress=told) as opened:
        artefact = make_plan(opened, list(plan.flows), is_full=plan.is_full)
    with transaction.atomic():
        mine = KeptPlan.objects.select_for_update().filter(pk=plan.pk, state=PlanState.PLANNING)
        if mine.first() is None:  # somebody else made it meanwhile, or it went
            return
        PlanPage.objects.filter(plan=plan).delete()
        PlanPage.objects.bulk_create(_pages(plan, artefact), batch_size=200)
        ready = {"state": PlanState.READY, "artefact": packed(artefact), "summary": _summary(artefact), "doing": ""}
        KeptPlan.objects.filter(pk=plan.pk).update(**ready, touched_at=timezone.now())


def _applied(plan: KeptPlan, doing: Doing) -> None:
    artefact = unpacked(plan.artefact)
    by = plan.applied_by or plan.made_by
    told = _telling(plan.pk, doing.progress)
    told("writing", 0)
    with workspace_of_version(_version(plan), by=by, clock=doing.clock, progress=told, batch=BATCH) as opened:
        report = apply_plan(opened, artefact, is_again=True)
    message = " ".join(str(error) for error in report.errors.values())
    applied = {"state": PlanState.APPLIED, "run": report.run, "doing": "", "message": message}
    KeptPlan.objects.filter(pk=plan.pk).update(**applied, touched_at=timezone.now())


def _version(plan: KeptPlan) -> IntegrationVersion:
    return IntegrationVersion.objects.get(integration=plan.integration, number=plan.version)


def _pages(plan: KeptPlan, artefact: Mapping[str, Any]) -> Iterator[PlanPage]:
    every = ({"flow": name, **one} for name, flow in artefact["flows"].items() for one in flow["operations"])
    number = 0
    while rows := list(itertools.islice(every, PAGE)):
        yield PlanPage(plan=plan, number=number, rows=packed(rows))
        number += 1


def _summary(artefact: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, flow in artefact["flows"].items():
        counts: dict[str, dict[str, int]] = {}
        for operation in flow["operations"]:
            side = counts.setdefault(str(operation["side"]), {})
            side[operation["action"]] = side.get(operation["action"], 0) + 1
        rest = {key: flow[key] for key in ("situations", "conflicts", "reviews", "rejects", "held", "notes")}
        found[name] = {"counts": counts, "operations": len(flow["operations"]), **rest}
    return found


@contextmanager
def _noting(id_: str) -> Iterator[None]:
    """The outermost edge of an errand: what went wrong stands in the plan."""
    try:
        yield
    except TallystickError as error:
        _failed(id_, error.message or str(error), error.hint)
    except Exception as error:  # noqa: BLE001  nobody is above
        reference = mishaps.keep(error)
        _failed(
            id_,
            _("Something went wrong that Tallystick did not foresee (reference {reference}).").format(
                reference=reference
            ),
            _("Try again; if it happens again, send the reference to whoever looks after this hub."),
        )


def _failed(id_: str, message: str, hint: str) -> None:
    failed = {"state": PlanState.FAILED, "message": message, "hint": hint, "doing": ""}
    KeptPlan.objects.filter(pk=id_).update(**failed, touched_at=timezone.now())


def _telling(id_: str, between: Progress) -> Progress:
    """Notes how far it is, once a second at most; counts within what is being done."""
    said = 0.0
    total: dict[str, int] = {}

    def step(what: str, count: int) -> None:
        nonlocal said
        between(what, count)
        total[what] = total.get(what, 0) + count
        now = time.monotonic()
        if now - said >= BEAT_S:
            said = now
            KeptPlan.objects.filter(pk=id_).update(doing=what[:200], done=total[what], touched_at=timezone.now())

    return step
