"""Making integrations and changing their documents: every change is a version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.errors import ChangedMeanwhile, DocumentError, DocumentErrors, InputRefused, NotFound, ScopeBusy
from tallystick.runs.pauses import Pauses
from tallystick.server.designer.documents import loaded_of, read
from tallystick.server.designer.models import Integration, IntegrationVersion
from tallystick.server.designer.place import jobs
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.spec.reading import Loaded
from tallystick.spec.write import rewrite


def integration_of(name: str) -> Integration:
    """With its current version. Raises NotFound."""
    found = Integration.objects.select_related("current").filter(name=name).first()
    if found is None or found.current is None:
        raise NotFound(
            _("There is no integration {name}.").format(name=name),
            hint=_("The list of integrations shows those there are."),
        )
    return found


def current_of(integration: Integration) -> IntegrationVersion:
    current: IntegrationVersion | None = integration.current
    assert current is not None  # noqa: S101  integration_of looked
    return current


def version_of(name: str, number: int) -> IntegrationVersion:
    """Raises NotFound."""
    found = IntegrationVersion.objects.filter(integration__name=name, number=number).first()
    if found is None:
        raise NotFound(
            _("The integration {name} has no version {number}.").format(name=name, number=number),
            hint=_("The page of the integration lists its versions."),
        )
    return found


def create(actor: Actor, text: str, *, comment: str = "") -> Integration:
    """A new integration, not enabled yet. Raises NotAllowed, DocumentErrors, InputRefused when the name is taken."""
    actor.check("designer.add_integration")
    loaded = read(text)
    name = loaded.integration.name
    with transaction.atomic():
        try:
            with transaction.atomic():
                made = Integration.objects.create(name=name, created_by=actor.name, changed_by=actor.name)
        except IntegrityError as error:
            fault = _("There is an integration {name} already.").format(name=name)
            hint = _("Give this one another name after `integration:`, or save it as a new version of that one.")
            raise InputRefused(fault, fields={"text": f"{fault} {hint}"}) from error
        _keep(actor, made, loaded, comment or _("First version"))
        audit(actor, "designer.add_integration", subject=made)
    return made


def save(actor: Actor, name: str, text: str, *, comment: str = "", seen: int | None = None) -> IntegrationVersion:
    """A new version; the current one when nothing is different. `seen`: the number that was being edited.

    Raises NotAllowed, NotFound, DocumentErrors, ChangedMeanwhile.
    """
    actor.check("designer.change_integration")
    integration = integration_of(name)
    loaded = read(text)
    if loaded.integration.name != name:
        line = loaded.source.line(("integration",))
        raise DocumentErrors(
            (
                DocumentError(
                    _("The integration is called {name}, and its links and runs belong to that name.").format(
                        name=name
                    ),
                    file=loaded.source.name,
                    line=line,
                    key="integration",
                    hint=_("Write `integration: {name}`; the title may be anything.").format(name=name),
                ),
            )
        )
    with transaction.atomic():
        integration = (
            Integration.objects.select_for_update(of=("self",)).select_related("current").get(pk=integration.pk)
        )
        current = current_of(integration)
        if seen is not None and current.number != seen:
            raise ChangedMeanwhile(
                _("{who} saved version {number} since you began to edit version {seen}.").format(
                    who=current.made_by, number=current.number, seen=seen
                ),
                by=current.made_by,
                at=current.made_at.isoformat(),
                hint=_("Your text is still here: look at what changed, take it over, then save again."),
            )
        if loaded.text == current.text:
            return current
        version = _keep(actor, integration, loaded, comment)
        audit(actor, "designer.change_integration", subject=integration, details={"version": version.number})
    return version


def roll_back(actor: Actor, name: str, number: int) -> IntegrationVersion:
    """A new version with the text of an older one. Raises as `save`."""
    actor.check("designer.change_integration")
    text = version_of(name, number).text
    return save(actor, name, text, comment=_("Back to version {number}").format(number=number))


def set_schedule(actor: Actor, name: str, flow: str, schedule: str) -> IntegrationVersion:
    """How often a flow runs (`every 5 minutes`; empty: only when somebody asks), as a new version.

    The rest of the document stays as it is, comments too. Raises as `save`, and NotFound for an unknown flow.
    """
    wanted = schedule.strip()

    def edit(one: dict[str, Any]) -> str:
        if wanted:
            one["schedule"] = wanted
        else:
            one.pop("schedule", None)
        return _("Schedule of {flow}: {schedule}").format(flow=flow, schedule=wanted or _("by hand"))

    return in_flow(actor, name, flow, edit)


def in_flow(actor: Actor, name: str, flow: str, edit: Callable[[dict[str, Any]], str]) -> IntegrationVersion:
    """A new version in which `edit` changed what the document says of one flow; it gives the comment.

    The rest of the document stays as it is, comments too. Raises as `save`, NotFound for an unknown flow, and what
    `edit` raises.
    """
    actor.check("designer.change_integration")
    current = current_of(integration_of(name))
    data: dict[str, Any] = deepcopy(dict(loaded_of(current).data))
    one = next((one for one in data["flows"] if one["flow"] == flow), None)
    if one is None:
        raise NotFound(_("There is no flow {flow} in {name}.").format(flow=flow, name=name))
    comment = edit(one)
    return save(actor, name, rewrite(current.text, data), comment=comment, seen=current.number)


def delete(actor: Actor, name: str) -> Mapping[str, int]:
    """Deletes the integration and its versions; `links` in the answer says how many links are kept.

    Links, journal and runs stay: an integration of this name that is made later goes on where this one stopped.
    Raises NotAllowed, NotFound, ScopeBusy while it is running.
    """
    from tallystick.server.designer.domain.standing import flows_going
    from tallystick.server.state.models import Scope

    actor.check("designer.delete_integration")
    integration = integration_of(name)
    if going := flows_going(name):
        raise ScopeBusy(
            _("The integration {name} is running ({flows}).").format(name=name, flows=", ".join(sorted(going))),
            hint=_("Pause or drain it first, and delete it when nothing runs any more."),
        )
    links = sum(Scope.objects.filter(integration=name).values_list("linked", flat=True))
    with transaction.atomic():
        audit(actor, "designer.delete_integration", subject=integration, details={"links kept": links})
        Integration.objects.filter(pk=integration.pk).update(current=None)
        integration.delete()
    Pauses(jobs()).resume(name, "")  # one of this name that is made later is not paused
    return {"links": links}


def _keep(actor: Actor, integration: Integration, loaded: Loaded, comment: str) -> IntegrationVersion:
    """The caller holds a transaction."""
    last = IntegrationVersion.objects.filter(integration=integration).aggregate(last=Max("number"))["last"] or 0
    version = IntegrationVersion.objects.create(
        integration=integration,
        number=last + 1,
        text=loaded.text,
        fingerprint=loaded.integration.fingerprint,
        comment=comment.strip()[:400],
        made_by=actor.name,
    )
    Integration.objects.filter(pk=integration.pk).update(
        current=version, title=loaded.integration.title[:400], changed_at=timezone.now(), changed_by=actor.name
    )
    integration.current, integration.title = version, loaded.integration.title[:400]
    return version
