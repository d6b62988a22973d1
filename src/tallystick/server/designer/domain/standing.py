"""Whether an integration runs by itself: enabled, paused, drained; and a run now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from tallystick.errors import ConfigurationError, NotFound
from tallystick.runs import requests
from tallystick.runs.durable import going
from tallystick.runs.pauses import Pause, Pauses, is_paused
from tallystick.runs.schedule import asked
from tallystick.runs.world import TimeIds
from tallystick.server.designer.documents import loaded_of
from tallystick.server.designer.domain.change import current_of, integration_of
from tallystick.server.designer.models import Integration
from tallystick.server.designer.place import jobs, state_url
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`run` is the id its run will have, so that one can wait for it."""

    job: str
    run: str
    flows: tuple[str, ...]


def enable(actor: Actor, name: str) -> Integration:
    """Its flows run on their schedules from now on. Raises NotAllowed, NotFound, DocumentErrors."""
    integration = _permitted(actor, name)
    loaded_of(current_of(integration))  # a document that cannot be read is not begun with
    _set(actor, integration, "designer.enable_integration", is_enabled=True, is_draining=False)
    return integration_of(name)


def disable(actor: Actor, name: str) -> Integration:
    """Nothing runs by itself any more; a run that is going is finished. Raises NotAllowed, NotFound."""
    integration = _permitted(actor, name)
    _set(actor, integration, "designer.disable_integration", is_enabled=False, is_draining=False)
    return integration_of(name)


def pause(actor: Actor, name: str, flow: str = "") -> bool:
    """Stops a flow, or all, after the batch at hand; whether it was not paused already.

    Raises NotAllowed, NotFound, StateUnusable, Unreachable.
    """
    integration = _permitted(actor, name)
    _check_flow(integration, flow)
    changed = Pauses(jobs()).pause(name, flow, by=actor.name, at=datetime.now(UTC))
    if changed:
        audit(actor, "designer.pause_integration", subject=integration, details={"flow": flow} if flow else {})
    return changed


def resume(actor: Actor, name: str, flow: str = "") -> bool:
    """Lets it go on; what was left is finished first. Whether it was paused or drained. Raises as `pause`."""
    integration = _permitted(actor, name)
    _check_flow(integration, flow)
    changed = Pauses(jobs()).resume(name, flow)
    if integration.is_draining and not flow:
        Integration.objects.filter(pk=integration.pk).update(is_draining=False)
        changed = True
    if changed:
        audit(actor, "designer.resume_integration", subject=integration, details={"flow": flow} if flow else {})
    return changed


def drain(actor: Actor, name: str) -> Integration:
    """Lets what is going be finished and begins nothing new. Raises NotAllowed, NotFound."""
    integration = _permitted(actor, name)
    _set(actor, integration, "designer.drain_integration", is_draining=True)
    return integration_of(name)


def run_now(
    actor: Actor, name: str, flows: Collection[str] = (), *, is_full: bool = False, is_approved: bool = False
) -> Asked:
    """Asks the workers for a run of these flows, or all; it begins as soon as a run of them that is going has ended.

    Raises NotAllowed, NotFound, ConfigurationError while it is paused, StateUnusable, Unreachable.
    """
    actor.check("designer.run_integration")
    integration = integration_of(name)
    loaded = loaded_of(current_of(integration))
    for flow in flows:
        _check_flow(integration, flow)
    paused = pauses_of(name)
    wanted = [flow.name for flow in loaded.integration.flows if not flows or flow.name in flows]
    if stopped := [flow for flow in wanted if is_paused(paused, name, flow)]:
        raise ConfigurationError(
            _("{what} is paused, so no run of it begins.").format(what=", ".join(stopped)),
            hint=_("Resume it, then run it."),
        )
    job = asked(loaded.integration, flows, id_=TimeIds().new(), by=actor.name, is_full=is_full, is_approved=is_approved)
    requests.ask(state_url(), job)
    details = {"flows": list(job.flows), "full": is_full, "run": job.run}
    audit(actor, "designer.run_integration", subject=integration, details=details)
    return Asked(job=job.id, run=job.run, flows=job.flows)


def pauses_of(name: str) -> Mapping[str, Pause]:
    """What people paused of this integration, by token. Raises StateUnusable or Unreachable."""
    return {token: pause for token, pause in Pauses(jobs()).all().items() if pause.integration == name}


def flows_going(name: str) -> frozenset[str]:
    """The flows of this integration that wait for a worker or are being worked on."""
    jobs_going = [*requests.requests_of(state_url()).waiting(), *going(jobs())]
    mine = [job for job in jobs_going if job.integration == name and not job.errand]
    return frozenset(flow for job in mine for flow in job.flows)


def _permitted(actor: Actor, name: str) -> Integration:
    actor.check("designer.pause_integration")
    return integration_of(name)


def _set(actor: Actor, integration: Integration, action: str, **fields: bool) -> None:
    if Integration.objects.filter(pk=integration.pk).exclude(**fields).update(**fields):
        audit(actor, action, subject=integration)


def _check_flow(integration: Integration, flow: str) -> None:
    known = {one.name for one in loaded_of(current_of(integration)).integration.flows}
    if flow and flow not in known:
        raise NotFound(
            _("There is no flow {flow} in {name}.").format(flow=flow, name=integration.name),
            hint=_("There are: {flows}.").format(flows=", ".join(sorted(known))),
        )
