"""Pages of guided tours: the list, and one tour."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tallystick.server.packs import tours
from tallystick.server.people.actor import for_everyone, request_actor


@for_everyone
@require_safe
def every(request: HttpRequest) -> HttpResponse:
    """The tours that lead to a page this person may open."""
    actor = request_actor(request)
    rows = [(tour, *_count(tours.shown(tour, actor))) for tour in tours.tours_for(actor)]
    return render(request, "packs/tours.html", {"rows": rows})


@for_everyone  # `tour_of` refuses those who may open none of its pages
@require_safe
def one(request: HttpRequest, name: str) -> HttpResponse:
    actor = request_actor(request)
    tour = tours.tour_of(actor, name)
    steps = tours.shown(tour, actor)
    done, count = _count(steps)
    crumbs = [(_("Guided tours"), reverse("packs:tours"))]
    context = {"tour": tour, "steps": steps, "done": done, "count": count, "crumbs": crumbs}
    return render(request, "packs/tour.html", context)


def _count(steps: list[tours.StepShown]) -> tuple[int, int]:
    """How many steps are done, of how many that can be."""
    told = [step.standing for step in steps if step.standing is not None]
    return sum(standing.is_done for standing in told), len(told)
