"""Weights of a flow: learned by a worker, looked at, switched on and switched back. Source: spec/engine.md E14, E17.

Switching on and back are versions of the document, so that who did what, when, is found where all changes are. From
the next run on it holds; what is linked already stays linked.
"""

from __future__ import annotations

import time
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, NotFound
from tallystick.model.flow import Weights
from tallystick.runs import requests
from tallystick.runs.durable import going
from tallystick.runs.lessons import match_of, taught, untaught
from tallystick.runs.schedule import Job
from tallystick.runs.world import TimeIds
from tallystick.server.designer.documents import loaded_of, read
from tallystick.server.designer.domain import change
from tallystick.server.designer.models import KeptLesson, LessonState
from tallystick.server.designer.place import jobs, state_url
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.spec.reading import Loaded
from tallystick.spec.write import rewrite

KEPT: Final = 10
"""Lessons of a flow that are kept; older ones go, but not the one in use."""
LEARN: Final = "learn weights"
"""The errand of a worker."""


def learn(actor: Actor, name: str, flow: str) -> KeptLesson:
    """Begins to learn from both sides and the answers; nothing is written to either side, nothing is switched on.

    The lesson at work for this flow is given again where there is one. Raises NotAllowed, NotFound, DocumentErrors.
    """
    actor.check("designer.run_integration")
    integration = change.integration_of(name)
    version = change.current_of(integration)
    if flow not in {one.name for one in loaded_of(version).integration.flows}:
        raise NotFound(_("There is no flow {flow} in {name}.").format(flow=flow, name=name))
    mine = KeptLesson.objects.filter(integration=integration, flow=flow)
    with transaction.atomic():
        type(integration).objects.select_for_update().get(pk=integration.pk)
        if (at_work := mine.filter(state=LessonState.LEARNING).first()) is not None:
            return at_work
        lesson = KeptLesson.objects.create(
            id=TimeIds().new(), integration=integration, flow=flow, version=version.number, made_by=actor.name
        )
        old = mine.exclude(state=LessonState.IN_USE).order_by("-made_at").values_list("pk", flat=True)
        KeptLesson.objects.filter(pk__in=list(old[KEPT:])).delete()
        audit(actor, "designer.learn_weights", subject=integration, details={"flow": flow})
    transaction.on_commit(lambda: _ask(lesson))
    return lesson


def use(actor: Actor, id_: str) -> KeptLesson:
    """Puts the weights into the document, as a version. Raises NotAllowed, NotFound, InputRefused, DocumentErrors."""
    actor.check("designer.change_integration")
    with transaction.atomic():
        lesson = _locked(id_)
        if lesson.state not in (LessonState.READY, LessonState.BACK):
            raise InputRefused(
                _("These weights cannot be switched on: {state}.").format(state=LessonState(lesson.state).label),
                hint=_("Learn again and look at what comes of it."),
            )
        name, flow = lesson.integration.name, lesson.flow
        current = change.current_of(change.integration_of(name))
        data = loaded_of(current).data
        if flow not in {one["flow"] for one in data["flows"]}:
            raise NotFound(_("There is no flow {flow} in {name}.").format(flow=flow, name=name))
        before = {key: value for key, value in match_of(data, flow).items() if key in ("weights", "junk")}
        text = rewrite(current.text, taught(data, flow, lesson.match))
        comment = _("Learned weights of {flow} switched on").format(flow=flow)
        change.save(actor, name, text, comment=comment, seen=current.number)
        others = KeptLesson.objects.filter(integration=lesson.integration, flow=flow, state=LessonState.IN_USE)
        others.update(state=LessonState.BACK)
        now = timezone.now()
        used = {"state": LessonState.IN_USE, "before": before, "used_at": now, "used_by": actor.name}
        KeptLesson.objects.filter(pk=id_).update(**used, touched_at=now)
        audit(actor, "designer.use_weights", subject=lesson.integration, details={"flow": flow, "lesson": id_})
    return lesson_of(actor, id_)


def switch_back(actor: Actor, id_: str) -> KeptLesson:
    """The flow matches as it did before these weights, as a version; whatever else was changed since stays.

    Raises NotAllowed, NotFound, InputRefused where they are not in use or were edited since.
    """
    actor.check("designer.change_integration")
    with transaction.atomic():
        lesson = _locked(id_)
        name, flow = lesson.integration.name, lesson.flow
        current = change.current_of(change.integration_of(name))
        loaded = loaded_of(current)
        if lesson.state != LessonState.IN_USE:
            raise InputRefused(_("These weights are not switched on."), hint=_("Its page tells which ones are."))
        again = read(rewrite(current.text, taught(loaded.data, flow, {"weights": lesson.match["weights"]})))
        if _weights(again, flow) != _weights(loaded, flow):
            raise InputRefused(
                _("The weights of {flow} were edited since these were switched on.").format(flow=flow),
                hint=_("Look at the versions of the integration and go back to the one you mean."),
            )
        text = rewrite(current.text, untaught(loaded.data, flow, lesson.before))
        comment = _("Learned weights of {flow} switched back").format(flow=flow)
        change.save(actor, name, text, comment=comment, seen=current.number)
        KeptLesson.objects.filter(pk=id_).update(state=LessonState.BACK, touched_at=timezone.now())
        audit(actor, "designer.drop_weights", subject=lesson.integration, details={"flow": flow, "lesson": id_})
    return lesson_of(actor, id_)


def lesson_of(actor: Actor, id_: str) -> KeptLesson:
    """Raises NotAllowed, NotFound."""
    actor.check("designer.view_integration")
    lesson = KeptLesson.objects.select_related("integration").filter(pk=id_).first()
    if lesson is None:
        raise _gone()
    return lesson


def ask_again() -> None:
    """Asks for what was begun and is in nobody's hands: the database of jobs was lost. Raises as `requests.ask`."""
    if not (left := list(KeptLesson.objects.filter(state=LessonState.LEARNING).select_related("integration"))):
        return
    known = {job.subject for job in (*requests.requests_of(state_url()).waiting(), *going(jobs())) if job.errand}
    for lesson in left:
        if lesson.pk not in known:
            _ask(lesson)


def _weights(loaded: Loaded, flow: str) -> Weights | None:
    return next((one.match.weights for one in loaded.integration.flows if one.name == flow), None)


def _locked(id_: str) -> KeptLesson:
    rows = KeptLesson.objects.select_for_update(of=("self",)).select_related("integration")
    lesson = rows.filter(pk=id_).first()
    if lesson is None:
        raise _gone()
    return lesson


def _ask(lesson: KeptLesson) -> None:
    job = Job(
        id=f"{LEARN}:{TimeIds().new()}",
        integration=lesson.integration.name,
        flows=(lesson.flow,),
        at_ms=int(time.time() * 1_000),
        by=lesson.made_by,
        errand=LEARN,
        subject=lesson.pk,
    )
    requests.ask(state_url(), job)


def _gone() -> NotFound:
    return NotFound(_("There are no such weights."), hint=_("They are kept for a while only; learn again."))
