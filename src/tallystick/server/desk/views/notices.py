"""What an agent was told, how they want to be told, and what statuses of other maintenance systems mean."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tallystick.errors import InputRefused
from tallystick.server.desk.codes import STATUSES
from tallystick.server.desk.domain import notices as acts
from tallystick.server.desk.domain import statuses as status_acts
from tallystick.server.desk.domain.help_desk import REQUEST
from tallystick.server.desk.forms import StatusForm
from tallystick.server.desk.models import Happening, Notice, NoticeChoice, StatusMap
from tallystick.server.messages import partners
from tallystick.server.messages.course import State
from tallystick.server.messages.models import Direction, Role, Transaction
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.records.record_types import record_type
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.paging import page_of
from tallystick.server.ui.toasts import toast


@needs(REQUEST)
@never_cache
@require_safe
def worklist(request: HttpRequest) -> HttpResponse:
    actor = request_actor(request)
    rows = Notice.objects.select_related("case", "case_order").filter(user_id=actor.person or 0)
    page = page_of(rows, request.GET, order=("-id",))
    kind = record_type("case")
    shown = [
        {
            "one": one,
            "text": acts.worded(one.happening, one.facts),
            "called": kind.called(one.case.number),
            "is_new": one.read_at is None,
        }
        for one in page.rows
    ]
    choices = {one.happening: one for one in NoticeChoice.objects.filter(user_id=actor.person or 0)}
    ways = [
        {
            "happening": one,
            "in_hub": choices[one].in_hub if one in choices else True,
            "by_email": choices[one].by_email if one in choices else True,
        }
        for one in Happening
    ]
    return render(request, "desk/notices.html", {"page": page, "rows": shown, "ways": ways})


@needs(REQUEST)
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    count = acts.read(request_actor(request))
    toast(request, _("Nothing is new any more.") if count else _("Nothing was new."))
    return redirect("desk:notices")


@needs(REQUEST)
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    ways = {one: (f"hub:{one}" in request.POST, f"email:{one}" in request.POST) for one in Happening}
    acts.choose(request_actor(request), ways)
    toast(request, _("You are told so from now on."))
    return redirect("desk:notices")


@needs("desk.view_statusmap")
@never_cache
@require_http_methods(["GET", "POST"])
def statuses(request: HttpRequest) -> HttpResponse:
    """What statuses of maintenance systems mean; what is parked for want of it."""
    actor = request_actor(request)
    peers = partners.of_role(Role.MAINTENANCE)
    parked = Transaction.objects.select_related("peer").filter(
        state=State.PARKED, direction=Direction.IN, operation="work_order.status_changed"
    )
    wanted = [(one, str(one.body.get("status", {}).get("code", ""))) for one in parked.order_by("number")[:50]]
    first = {"peer": wanted[0][0].peer.name, "theirs": wanted[0][1]} if wanted else None
    form = StatusForm(peers, request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        peer = next(one for one in peers if one.name == given["peer"])
        try:
            taken = status_acts.map_status(actor, peer, given["theirs"], given["means"])
        except InputRefused as error:
            add_faults(form, error)
        else:
            toast(request, _("Mapped; parked messages taken up: {count}.").format(count=taken))
            return redirect("desk:statuses")
    rows = [
        (one, STATUSES.title(one.means)) for one in StatusMap.objects.select_related("peer").order_by("peer", "theirs")
    ]
    context = {"rows": rows, "parked": wanted, "form": form, "may_change": actor.may(status_acts.CHANGE)}
    return render(request, "desk/statuses.html", context, status=422 if form.errors else 200)
