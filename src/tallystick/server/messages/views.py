"""The message monitor: what was sent and received, and what can be done about it; message partners."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tallystick.errors import InputRefused
from tallystick.server.messages import beside, partners, queries
from tallystick.server.messages.course import GIVEN_UP, SENT_AGAIN, State
from tallystick.server.messages.domain import handling
from tallystick.server.messages.domain import partners as partner_acts
from tallystick.server.messages.forms import BodyForm, Filters, PeerForm
from tallystick.server.messages.models import Direction
from tallystick.server.messages.queries import VIEW, Wanted
from tallystick.server.messages.transports import is_of_web
from tallystick.server.messages.words import came_badge, operation_titles, state_badge
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.paging import page_of
from tallystick.server.ui.toasts import toast

HANDLE, VIEW_PEER, CHANGE_PEER = handling.HANDLE, "messaging.view_peer", partner_acts.CHANGE


@needs(VIEW)
@never_cache
@require_safe
def monitor(request: HttpRequest) -> HttpResponse:
    form = Filters(request.GET)
    form.is_valid()
    given = {name: str(request.GET.get(name, ""))[:200] for name in form.fields}
    wanted = Wanted(words=given.pop("q"), **given)
    page = page_of(queries.transactions(request_actor(request), wanted), request.GET, order=("-number",))
    titles = operation_titles()
    rows = [
        {"one": one, "badge": state_badge(one.state), "title": titles.get(one.operation, one.operation)}
        for one in page.rows
    ]
    is_narrowed = any(request.GET.get(name) for name in form.fields)
    return render(
        request, "messaging/monitor.html", {"form": form, "page": page, "rows": rows, "is_narrowed": is_narrowed}
    )


@needs(VIEW)
@never_cache
@require_safe
def message(request: HttpRequest, number: int) -> HttpResponse:
    return _message_page(request, number)


@needs(HANDLE)
@require_POST
def send_again(request: HttpRequest, number: int) -> HttpResponse:
    form = BodyForm(request.POST)
    actor = request_actor(request)
    row = queries.one(actor, number)
    try:
        body = None
        if "body" in request.POST:
            given = _body(form)
            body = None if given == row.body else given
        handling.send_again(actor, number, body=body, is_absent=request.POST.get("absent") == "yes")
    except InputRefused as error:
        add_faults(form, _at_body(error))
        return _message_page(request, number, form, status=422)
    beside.wake()
    toast(request, _("The message is sent again."))
    return redirect("messaging:message", number)


@needs(HANDLE)
@require_POST
def settle(request: HttpRequest, number: int) -> HttpResponse:
    form = BodyForm(request.POST)
    try:
        handling.settle_as_done(request_actor(request), number, _body(form))
    except InputRefused as error:
        add_faults(form, _at_body(error))
        return _message_page(request, number, settling=form, status=422)
    toast(request, _("The message is settled."))
    return redirect("messaging:message", number)


@needs(HANDLE)
@require_POST
def cancel(request: HttpRequest, number: int) -> HttpResponse:
    handling.cancel(request_actor(request), number)
    toast(request, _("The message is cancelled."))
    return redirect("messaging:message", number)


@needs(HANDLE)
@require_POST
def take_up(request: HttpRequest, number: int) -> HttpResponse:
    state = handling.take_up(request_actor(request), number)
    toast(request, _("It still waits.") if state is State.PARKED else _("The message was taken up."))
    return redirect("messaging:message", number)


@needs(VIEW_PEER)
@never_cache
@require_http_methods(["GET", "POST"])
def peers(request: HttpRequest) -> HttpResponse:
    """Who messages are exchanged with; a form posted adds one."""
    actor = request_actor(request)
    form = PeerForm(request.POST if request.method == "POST" else None)
    made = None
    if request.method == "POST" and form.is_valid():
        try:
            made = partner_acts.add(actor, **form.cleaned_data)
        except InputRefused as error:
            add_faults(form, error)
        else:
            form = PeerForm()
    base = request.build_absolute_uri("/").rstrip("/")
    rows = [
        {"one": one, "url": f"{base}/api/messages/v1/{one.mark}" if not one.is_own and is_of_web(one) else ""}
        for one in partners.in_use()
    ]
    context = {
        "rows": rows,
        "form": form,
        "made": made,
        "made_url": f"{base}/api/messages/v1/{made.peer.mark}" if made else "",
        "may_change": actor.may(CHANGE_PEER),
    }
    return render(request, "messaging/peers.html", context)


@needs(CHANGE_PEER)
@require_POST
def pause(request: HttpRequest, name: str) -> HttpResponse:
    is_paused = request.POST.get("paused") == "yes"
    peer = partner_acts.pause(request_actor(request), name, is_paused=is_paused)
    if not is_paused:
        beside.wake()
    text = _("Messages to {name} wait now.") if is_paused else _("Messages to {name} go on.")
    toast(request, text.format(name=peer))
    return redirect("messaging:peers")


@needs(CHANGE_PEER)
@require_POST
def delete(request: HttpRequest, name: str) -> HttpResponse:
    peer = partner_acts.delete(request_actor(request), name)
    toast(request, _("{name} is deleted; what was exchanged with it stays here.").format(name=peer))
    return redirect("messaging:peers")


def _message_page(
    request: HttpRequest,
    number: int,
    form: BodyForm | None = None,
    *,
    settling: BodyForm | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = request_actor(request)
    row = queries.one(actor, number)
    state = State(row.state)
    is_out = row.direction == Direction.OUT
    may = actor.may(HANDLE) and row.peer.is_enabled
    tries = [
        {"one": one, "badge": came_badge(one.came), "is_corrected": one.body != row.body} for one in row.tries.all()
    ]
    context: dict[str, Any] = {
        "row": row,
        "title": operation_titles().get(row.operation, row.operation),
        "badge": state_badge(row.state),
        "body": _shown(row.body),
        "answer": _shown(row.answer) if row.answer else "",
        "tries": tries,
        "may_send": may and is_out and state in SENT_AGAIN,
        "may_settle": may and is_out and state is State.NEEDS_PERSON,
        "may_cancel": may and state in GIVEN_UP,
        "may_take_up": may and state is State.PARKED,
        "form": form or BodyForm(initial={"body": _shown(row.body)}),
        "settling": settling or BodyForm(initial={"body": "{}"}, prefix=None),
        "is_live": state in (State.WAITING, State.SENDING, State.UNKNOWN),
        "crumbs": [(_("Messages"), reverse("messaging:monitor"))],
    }
    return render(request, "messaging/message.html", context, status=status)


def _body(form: BodyForm) -> dict[str, Any]:
    """Raises InputRefused."""
    try:
        given = json.loads(str(form.data.get("body", ""))) if form.is_valid() else None
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        sentence = _("Write a JSON object.")
        raise InputRefused(_("The message was not sent again."), fields={"body": sentence})
    return given


def _at_body(error: InputRefused) -> InputRefused:
    """All sentences at the one field there is."""
    told = [sentence if name == "body" else f"{name}: {sentence}" for name, sentence in error.fields.items()]
    return InputRefused(error.message, fields={"body": " ".join(told) or str(error)}, hint=error.hint)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
