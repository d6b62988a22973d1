"""A case and its work orders: ask for one, correct, relate, write, answer; the end of a case."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tallystick.errors import InputRefused, TallystickError
from tallystick.server.desk import looking
from tallystick.server.desk.domain import cases, help_desk
from tallystick.server.desk.forms import OrderForm, RelateForm, TextForm
from tallystick.server.desk.models import CaseOrder
from tallystick.server.desk.shown import case_order_shown
from tallystick.server.messages import beside, partners
from tallystick.server.messages.course import State
from tallystick.server.messages.models import Peer, Role
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.records.models import Case
from tallystick.server.records.record_types import record_type
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.toasts import toast

REQUEST: Final = help_desk.REQUEST
VIEW: Final = "desk.view_work_order"


@needs(REQUEST)
@never_cache
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, case_id: str) -> HttpResponse:
    """The form "Work order - new"; its lists are looked up live."""
    actor = request_actor(request)
    case = help_desk.case_of(actor, case_id)
    peer = _peer(request)
    if request.method == "POST":
        form = OrderForm(peer, request.POST)
        try:
            made = help_desk.request_order(actor, case_id, peer, form.wanted)
        except InputRefused as error:
            add_faults(form, error)
        else:
            beside.wake()
            _say(request, made)
            return redirect("desk:case_order", made.pk)
    else:
        form = OrderForm(peer, initial={"subject": case.subject, "description": case.description or ""})
    return _form_page(request, case, peer, form, status=422 if form.is_bound else 200)


@needs(REQUEST)
@never_cache
@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, number: int) -> HttpResponse:
    """A refused request, to be sent again corrected."""
    actor = request_actor(request)
    found = help_desk.case_order_of(actor, number)
    if request.method == "POST":
        form = OrderForm(found.peer, request.POST)
        try:
            made = help_desk.correct(actor, number, form.wanted)
        except InputRefused as error:
            add_faults(form, error)
        else:
            beside.wake()
            _say(request, made)
            return redirect("desk:case_order", made.pk)
    else:
        body = found.transaction.body
        form = OrderForm(found.peer, initial={name: body.get(name, "") for name in help_desk.FIELDS})
    status = 422 if form.is_bound else 200
    return _form_page(request, found.case, found.peer, form, of=found, status=status)


@needs(REQUEST)
@never_cache
@require_http_methods(["GET", "POST"])
def relate(request: HttpRequest, case_id: str) -> HttpResponse:
    """Puts an existing work order onto the case."""
    actor = request_actor(request)
    case = help_desk.case_of(actor, case_id)
    peer = _peer(request)
    form = RelateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = help_desk.relate(actor, case_id, peer, form.cleaned_data["number"])
        except InputRefused as error:
            add_faults(form, error)
        else:
            _say(request, made)
            return redirect("desk:case_order", made.pk)
    context = {"form": form, "case": case, "peer": peer, "peers": partners.of_role(Role.MAINTENANCE), **_crumbs(case)}
    return render(request, "desk/relate.html", context, status=422 if form.errors else 200)


@needs(VIEW, REQUEST)
@never_cache
@require_safe
def case_order(request: HttpRequest, number: int) -> HttpResponse:
    """One work order as the help desk knows it."""
    return _order_page(request, number)


@needs(REQUEST)
@require_POST
def write(request: HttpRequest, number: int) -> HttpResponse:
    """A note to maintenance, or the answer to what it asks."""
    form = TextForm(request.POST)
    is_answer = request.POST.get("answer") == "yes"
    try:
        row = help_desk.write(request_actor(request), number, str(request.POST.get("text", "")), is_answer=is_answer)
    except InputRefused as error:
        form.is_valid()
        if not form.errors:
            add_faults(form, error)
        return _order_page(request, number, form, is_answer=is_answer, status=422)
    beside.wake()
    toast(request, _("Sent to maintenance.") if row.state == State.DONE else _("It is sent as soon as it can be."))
    return redirect("desk:case_order", number)


@needs(REQUEST)
@never_cache
@require_safe
def assets(request: HttpRequest) -> HttpResponse:
    """A fragment: assets of maintenance that fit what was typed (W3)."""
    peer = _peer(request)
    context: dict[str, Any] = {}
    try:
        context["entries"] = looking.search(peer, "assets", request.GET.get("asset_words", "")[:100])[:12]
    except TallystickError as error:
        context["fault"] = str(error)
    return render(request, "desk/assets.html", context)


@needs(cases.CHANGE)
@require_POST
def resolve(request: HttpRequest, case_id: str) -> HttpResponse:
    done = cases.resolve(
        request_actor(request),
        case_id,
        request.POST.get("resolution", "")[:32_000].replace("\0", ""),
        tells=request.POST.get("tells") == "yes",
    )
    beside.wake()
    told = _("The case is resolved; {email} is asked whether they are satisfied.").format(email=done.told)
    toast(request, told if done.told else _("The case is resolved."))
    return redirect("records:detail", "case", case_id)


@needs(cases.CHANGE)
@require_POST
def close(request: HttpRequest, case_id: str) -> HttpResponse:
    cases.close(request_actor(request), case_id)
    toast(request, _("The case is closed; its work orders go on as they are."))
    return redirect("records:detail", "case", case_id)


@needs(cases.CHANGE)
@require_POST
def reopen(request: HttpRequest, case_id: str) -> HttpResponse:
    cases.reopen(request_actor(request), case_id)
    toast(request, _("The case is open again."))
    return redirect("records:detail", "case", case_id)


def _peer(request: HttpRequest) -> Peer:
    """The maintenance system that was chosen; the hub's own otherwise."""
    offered = partners.of_role(Role.MAINTENANCE)
    wanted = request.POST.get("peer") or request.GET.get("peer")
    return next((one for one in offered if one.name == wanted), offered[0])


def _say(request: HttpRequest, made: CaseOrder) -> None:
    match State(made.transaction.state):
        case State.DONE:
            toast(request, _("Maintenance has the work order {number}.").format(number=made.number))
        case State.REFUSED:
            toast(request, _("Maintenance refused the request."))
        case _:
            toast(request, _("The request is on its way; the case shows the answer when it is there."))


def _crumbs(case: Case) -> dict[str, Any]:
    kind = record_type("case")
    return {
        "called": help_desk.called(case),
        "crumbs": [
            (kind.plural, reverse("records:case")),
            (f"{help_desk.called(case)} {case.subject}", reverse("records:detail", args=["case", case.pk])),
        ],
    }


def _form_page(
    request: HttpRequest, case: Case, peer: Peer, form: OrderForm, *, of: CaseOrder | None = None, status: int = 200
) -> HttpResponse:
    chosen = request.POST.getlist("asset") if form.is_bound else []
    if not form.is_bound and of is not None:
        chosen = list(of.transaction.body.get("assets", ()))
    elif not form.is_bound and case.asset_id and peer.is_own and case.asset is not None:
        chosen = [record_type("installed_asset").called(case.asset.number)]
    context = {
        "form": form,
        "case": case,
        "peer": peer,
        "of": of,
        "errors": of.transaction.errors if of is not None else (),
        "peers": [] if of is not None else partners.of_role(Role.MAINTENANCE),
        "chosen": chosen[:50],
        **_crumbs(case),
    }
    return render(request, "desk/order_new.html", context, status=status)


def _order_page(
    request: HttpRequest, number: int, form: TextForm | None = None, *, is_answer: bool = False, status: int = 200
) -> HttpResponse:
    actor = request_actor(request)
    found = help_desk.case_order_of(actor, number)
    shown = case_order_shown(found)
    context = {
        "shown": shown,
        "one": found,
        "told": found.told.order_by("-sequence"),
        "may_request": actor.may(REQUEST) and found.peer.is_enabled,
        "may_see_message": actor.may("messaging.view_message"),
        "answer_form": form if is_answer and form is not None else TextForm(label=_("Your answer")),
        "note_form": form if form is not None and not is_answer else TextForm(label=_("Note to maintenance")),
        **_crumbs(found.case),
    }
    return render(request, "desk/case_order.html", context, status=status)
