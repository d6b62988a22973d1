"""How flows match: each rule's own precision, and weights that are learned, looked at and switched on."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tallystick.model.flow import Level
from tallystick.server.designer.domain import lessons
from tallystick.server.designer.domain.change import integration_of
from tallystick.server.designer.matching_shown import matching as matching_of
from tallystick.server.designer.models import KeptLesson, LessonState
from tallystick.server.designer.views.pages import crumbs
from tallystick.server.designer.words import LEARNING
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.ui.toasts import toast

VIEW, RUN, CHANGE = "designer.view_integration", "designer.run_integration", "designer.change_integration"
_TONES = {
    LessonState.LEARNING: "info",
    LessonState.READY: "quiet",
    LessonState.FAILED: "bad",
    LessonState.IN_USE: "ok",
    LessonState.BACK: "quiet",
}


@needs(VIEW)
@never_cache
@require_safe
def matching(request: HttpRequest, name: str) -> HttpResponse:
    integration = integration_of(name)
    flows = [
        {"of": one, "lessons": [(lesson, badge(lesson)) for lesson in one.lessons]}
        for one in matching_of(request_actor(request), name)
    ]
    place = [*crumbs(), (str(integration), reverse("designer:one", args=[name]))]
    return render(request, "designer/matching.html", {"integration": integration, "flows": flows, "crumbs": place})


@needs(RUN)
@require_POST
def learn(request: HttpRequest, name: str) -> HttpResponse:
    made = lessons.learn(request_actor(request), name, request.POST.get("flow", "").replace("\0", ""))
    return redirect("designer:lesson", made.pk)


@needs(VIEW)
@never_cache
@require_safe
def lesson(request: HttpRequest, id_: str) -> HttpResponse:
    found = lessons.lesson_of(request_actor(request), id_)
    context = _context(found)
    name = found.integration.name
    context["crumbs"] = [
        *crumbs(),
        (str(found.integration), reverse("designer:one", args=[name])),
        (_("Matching"), reverse("designer:matching", args=[name])),
    ]
    return render(request, "designer/lesson.html", context)


@needs(VIEW)
@never_cache
@require_safe
def state(request: HttpRequest, id_: str) -> HttpResponse:
    """A fragment that asks for itself again until it is done; then the page comes anew."""
    found = lessons.lesson_of(request_actor(request), id_)
    answer = render(request, "designer/lesson_state.html", _context(found))
    if found.state != LessonState.LEARNING:
        answer["HX-Refresh"] = "true"
    return answer


@needs(CHANGE)
@require_POST
def use(request: HttpRequest, id_: str) -> HttpResponse:
    used = lessons.use(request_actor(request), id_)
    text = _("{flow} matches by these weights from the next run on. Compare everything once, so that all are asked.")
    toast(request, text.format(flow=used.flow), undo=reverse("designer:lesson-back", args=[id_]))
    return redirect("designer:lesson", id_)


@needs(CHANGE)
@require_POST
def back(request: HttpRequest, id_: str) -> HttpResponse:
    dropped = lessons.switch_back(request_actor(request), id_)
    toast(request, _("{flow} matches as it did before.").format(flow=dropped.flow))
    return redirect("designer:lesson", id_)


def badge(found: KeptLesson) -> tuple[str, str]:
    state = LessonState(found.state)
    return _TONES[state], str(state.label)


def _context(found: KeptLesson) -> dict[str, Any]:
    told = dict(found.told)
    return {
        "lesson": found,
        "badge": badge(found),
        "is_at_work": found.state == LessonState.LEARNING,
        "doing": LEARNING.get(found.doing, found.doing),
        "told": told,
        "fields": _fields(told),
        "levels": list(Level),
        "tries": [(_("now"), told["before"]), (_("with these weights"), told["after"])] if told else [],
        "blocks": _blocks(told),
        "rivals": list(told.get("weights", {}).get("rivals") or ()),
    }


def _fields(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Name, kind and the weight of each level in bits, None where it has none."""
    fields = told.get("weights", {}).get("fields", {})
    return [
        {"name": name, "kind": of["as"], "weights": [(level.value, of.get(level.value)) for level in Level]}
        for name, of in fields.items()
    ]


def _blocks(told: dict[str, Any]) -> list[str]:
    blocks = told.get("weights", {}).get("blocks", [])
    return [block if isinstance(block, str) else " + ".join(block) for block in blocks]
