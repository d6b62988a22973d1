"""Dry runs: what a run would do, kept to be looked at, and applied exactly as it was shown. Source: engine.md E24.

A worker makes and applies them (designer.planning); here they are asked for and read.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.errors import NotFound, PlanRefused
from tallystick.runs import requests
from tallystick.runs.durable import going
from tallystick.runs.schedule import Job
from tallystick.runs.world import TimeIds
from tallystick.server.designer.documents import loaded_of
from tallystick.server.designer.domain.change import current_of, integration_of
from tallystick.server.designer.models import KeptPlan, PlanPage, PlanState
from tallystick.server.designer.packed import unpacked
from tallystick.server.designer.place import jobs, state_url
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit

KEPT: Final = 20
"""Plans of an integration that are kept; older ones go."""
PAGE: Final = 50
"""Operations of a page."""
PLAN: Final = "plan"
APPLY: Final = "apply plan"
"""The errands of a worker, by kind."""
AT_WORK: Final = {PlanState.PLANNING: PLAN, PlanState.APPLYING: APPLY}


def dry_run(actor: Actor, name: str, flows: Collection[str] = (), *, is_full: bool = False) -> KeptPlan:
    """Begins to make a plan; nothing is written to either side. Raises NotAllowed, NotFound, DocumentErrors."""
    actor.check("designer.run_integration")
    integration = integration_of(name)
    version = current_of(integration)
    known = {flow.name for flow in loaded_of(version).integration.flows}
    if unknown := set(flows) - known:
        raise NotFound(_("There is no flow {flow} in {name}.").format(flow=min(unknown), name=name))
    plan = KeptPlan.objects.create(
        id=TimeIds().new(),
        integration=integration,
        version=version.number,
        flows=sorted(flows),
        is_full=is_full,
        made_by=actor.name,
    )
    _forget_old(plan)
    transaction.on_commit(lambda: _ask(plan, PLAN))
    return plan


def apply(actor: Actor, id_: str) -> KeptPlan:
    """Begins to do exactly that plan; what moved since is refused line by line.

    Raises NotAllowed, NotFound, and PlanRefused when it is not ready, was applied already, or is of another version.
    """
    actor.check("designer.run_integration")
    with transaction.atomic():
        plan = KeptPlan.objects.select_for_update(of=("self",)).select_related("integration").filter(pk=id_).first()
        if plan is None:
            raise _gone()
        if plan.state != PlanState.READY:
            raise PlanRefused(
                _("This plan cannot be applied: {state}.").format(state=PlanState(plan.state).label),
                hint=_("Make a new plan."),
            )
        current = current_of(integration_of(plan.integration.name))
        if current.number != plan.version:
            raise PlanRefused(
                _("The integration was changed since the plan was made: it is at version {number}.").format(
                    number=current.number
                ),
                hint=_("Make a new plan."),
            )
        applying = {"state": PlanState.APPLYING, "applied_by": actor.name, "doing": "", "done": 0}
        KeptPlan.objects.filter(pk=id_).update(**applying, touched_at=timezone.now())
        audit(actor, "designer.apply_plan", subject=plan.integration, details={"plan": plan.pk})
    transaction.on_commit(lambda: _ask(plan, APPLY))
    return plan_of(actor, id_)


def plan_of(actor: Actor, id_: str) -> KeptPlan:
    """Without its operations. Raises NotAllowed, NotFound."""
    actor.check("designer.view_integration")
    plan = KeptPlan.objects.defer("artefact").select_related("integration").filter(pk=id_).first()
    if plan is None:
        raise _gone()
    return plan


def artefact_of(actor: Actor, id_: str) -> dict[str, Any]:
    """The plan as `tallystick plan --out` writes it. Raises NotAllowed, NotFound."""
    actor.check("designer.view_integration")
    plan = KeptPlan.objects.filter(pk=id_).first()
    if plan is None or plan.artefact is None:
        raise _gone()
    return dict(unpacked(plan.artefact))


def operations_of(actor: Actor, id_: str, number: int) -> list[dict[str, Any]]:
    """The operations of one page of a plan (from 0), each with its flow; none beyond the last. Raises NotAllowed."""
    actor.check("designer.view_integration")
    page = PlanPage.objects.filter(plan=id_, number=number).first()
    return list(unpacked(page.rows)) if page is not None else []


def ask_again() -> None:
    """Asks for what was begun and is in nobody's hands: the database of jobs was lost. Raises as `requests.ask`."""
    left = KeptPlan.objects.filter(state__in=list(AT_WORK)).select_related("integration").defer("artefact")
    if not (plans := list(left)):
        return
    known = {job.subject for job in (*requests.requests_of(state_url()).waiting(), *going(jobs())) if job.errand}
    for plan in plans:
        if plan.pk not in known:
            _ask(plan, AT_WORK[PlanState(plan.state)])


def _ask(plan: KeptPlan, errand: str) -> None:
    wanted = loaded_of(current_of(plan.integration)).integration.flows
    job = Job(
        id=f"{errand}:{TimeIds().new()}",
        integration=plan.integration.name,
        flows=tuple(flow.name for flow in wanted if not plan.flows or flow.name in plan.flows),
        at_ms=int(time.time() * 1_000),
        by=plan.made_by,
        errand=errand,
        subject=plan.pk,
    )
    requests.ask(state_url(), job)


def _forget_old(plan: KeptPlan) -> None:
    old = KeptPlan.objects.filter(integration=plan.integration).order_by("-made_at").values_list("pk", flat=True)
    KeptPlan.objects.filter(pk__in=list(old[KEPT:])).delete()


def _gone() -> NotFound:
    return NotFound(_("There is no such plan."), hint=_("Plans are kept for a while only; make a new one."))
