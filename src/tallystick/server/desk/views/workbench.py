"""The technician's workbench: my work, what awaits a reply, what was replied; one order with all that is done to it."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tallystick.errors import InputRefused
from tallystick.server.desk.codes import OVER, STATUSES
from tallystick.server.desk.domain import closing, replying, technician
from tallystick.server.desk.domain.technician import FROM, Doing
from tallystick.server.desk.forms import TextForm
from tallystick.server.desk.models import Conversation, OrderNote, Question, WorkOrder, WorkTask
from tallystick.server.desk.shown import REPLIES
from tallystick.server.desk.told import called, followers_of
from tallystick.server.messages import beside
from tallystick.server.people.actor import Actor, needs, request_actor
from tallystick.server.records import queries
from tallystick.server.records.entry import LIVE
from tallystick.server.records.models import Relation
from tallystick.server.records.record_types import record_type
from tallystick.server.records.titles import Titles
from tallystick.server.records.values import listed
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.paging import page_of
from tallystick.server.ui.toasts import toast

CHANGE: Final = technician.CHANGE
TABS: Final = (
    ("mine", gettext_lazy("My work")),
    ("awaiting", gettext_lazy("Awaiting a reply")),
    ("replied", gettext_lazy("Replied")),
    ("free", gettext_lazy("Nobody's yet")),
    ("all", gettext_lazy("All open")),
)
_BUTTONS: Final[dict[Doing, tuple[Any, str]]] = {
    Doing.BEGIN: (gettext_lazy("Begin"), "play_arrow"),
    Doing.HOLD: (gettext_lazy("Put on hold"), "pause"),
    Doing.CLOSE: (gettext_lazy("Close"), "task_alt"),
}


@needs(CHANGE)
@never_cache
@require_safe
def workbench(request: HttpRequest) -> HttpResponse:
    actor = request_actor(request)
    tab = request.GET.get("tab", "mine")
    tab = tab if tab in dict(TABS) else "mine"
    page = page_of(_rows(actor, tab), request.GET, order=("-number",))
    replies = {one.pk: one.reply for one in Conversation.objects.filter(pk__in=[one.pk for one in page.rows])}
    rows = [
        {
            "one": one,
            "called": called(one.number),
            "badge": _badge(one),
            "reply": REPLIES.get(replies.get(one.pk, "")),
        }
        for one in page.rows
    ]
    context = {
        "page": page,
        "rows": rows,
        "tab": tab,
        "tabs": TABS,
        "is_person": technician.person_of(actor) is not None,
    }
    return render(request, "desk/workbench.html", context)


@needs(CHANGE)
@never_cache
@require_safe
def order(request: HttpRequest, order_id: str) -> HttpResponse:
    return _page(request, order_id)


@needs(CHANGE)
@require_POST
def take(request: HttpRequest, order_id: str) -> HttpResponse:
    technician.take(request_actor(request), order_id)
    toast(request, _("The work order is yours."))
    return redirect("desk:work", order_id)


@needs(CHANGE)
@require_POST
def do(request: HttpRequest, order_id: str, doing: str) -> HttpResponse:
    if doing not in list(Doing):
        raise InputRefused(_("There is no such step."))
    resolution = request.POST.get("resolution", "")[:32_000].replace("\0", "")
    technician.do(request_actor(request), order_id, Doing(doing), resolution=resolution)
    beside.wake()
    toast(request, _("Done; whoever follows the order is told."))
    return redirect("desk:work", order_id)


@needs(CHANGE)
@require_POST
def note(request: HttpRequest, order_id: str) -> HttpResponse:
    """A note, or with `ask` a question to the help desk."""
    actor, is_question = request_actor(request), request.POST.get("ask") == "yes"
    form = TextForm(request.POST)
    text = str(request.POST.get("text", ""))
    try:
        if is_question:
            replying.ask(actor, order_id, text)
        else:
            technician.note(actor, order_id, text)
    except InputRefused as error:
        form.is_valid()
        if not form.errors:
            add_faults(form, error)
        return _page(request, order_id, form, status=422)
    beside.wake()
    toast(
        request, _("Asked; the order shows when there is a reply.") if is_question else _("The note is in the order.")
    )
    return redirect("desk:work", order_id)


def _rows(actor: Actor, tab: str) -> QuerySet[WorkOrder, WorkOrder]:
    rows = WorkOrder.objects.filter(LIVE).select_related("priority", "shop", "own_status").exclude(status__in=OVER)
    match tab:
        case "awaiting" | "replied":
            return rows.filter(conversation__reply=tab)
        case "free":
            return rows.filter(Q(technicians__isnull=True) | Q(technicians="[]"))
        case "all":
            return rows
        case _:
            person = technician.person_of(actor)
            if person is None:
                return rows.none()
            mine = Relation.objects.using(queries.HUB).filter(
                target=person.pk, record_type="work_order", field="technicians"
            )
            return rows.filter(pk__in=mine.values("record"))


def _badge(one: WorkOrder) -> tuple[str, Any]:
    own = one.own_status if one.own_status_id else None
    return STATUSES.tone(one.status), own.name if own is not None else STATUSES.title(one.status)


def _page(request: HttpRequest, order_id: str, form: TextForm | None = None, *, status: int = 200) -> HttpResponse:
    actor = request_actor(request)
    technician.order_of(actor, order_id)
    found = WorkOrder.objects.select_related("priority", "shop", "problem", "own_status").get(pk=order_id)
    conversation = Conversation.objects.filter(pk=order_id).first()
    titles = Titles(actor)
    people, assets = listed(found.technicians or "[]"), listed(found.assets or "[]")
    titles.look_up("person", people)
    titles.look_up("installed_asset", assets)
    kind = record_type("work_order")
    said: list[dict[str, Any]] = [
        *({"note": one, "at": one.at} for one in OrderNote.objects.filter(order=found).select_related("question")),
        *({"question": one, "at": one.asked_at} for one in Question.objects.filter(order=found)),
    ]
    person = technician.person_of(actor)
    context = {
        "order": found,
        "called": called(found.number),
        "badge": _badge(found),
        "reply": REPLIES.get(conversation.reply) if conversation is not None else None,
        "people": [titles.name("person", one) for one in people],
        "assets": [titles.name("installed_asset", one) for one in assets],
        "tasks": WorkTask.objects.filter(LIVE, order=found).select_related("technician").order_by("number"),
        "task_badges": dict(record_type("work_task").fields["status"].codes.titles),  # type: ignore[union-attr]
        "said": sorted(said, key=lambda one: one["at"], reverse=True),
        "followers": followers_of(found.pk),
        "buttons": [(one, *_BUTTONS[one]) for one in _BUTTONS if found.status in FROM[one]],
        "can_complete": found.status in FROM[Doing.COMPLETE],
        "can_take": person is not None and person.pk not in people and found.status not in OVER,
        "is_over": found.status in OVER,
        "closes_after": closing.period_of(found) if found.status == "completed" else None,
        "form": form or TextForm(label=_("Write in the order")),
        "crumbs": [(_("Workbench"), reverse("desk:workbench"))],
        "kind": kind,
    }
    return render(request, "desk/work.html", context, status=status)
