"""Emails that came in; what is written to a requester, and who that is."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tallystick.errors import InputRefused, NotFound
from tallystick.server.desk.domain.help_desk import called, case_of
from tallystick.server.desk.forms import EmailFilters, TextForm
from tallystick.server.desk.mail import addresses, answers, deciding, reading
from tallystick.server.desk.mail.judging import Aside
from tallystick.server.desk.models import Email
from tallystick.server.desk.views.files import handed_out
from tallystick.server.messages import beside
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.records.record_types import record_type
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.paging import page_of
from tallystick.server.ui.toasts import toast

HANDLE: Final = deciding.HANDLE
BADGES: Final = {
    Email.State.WAITING: "info",
    Email.State.TAKEN: "ok",
    Email.State.ASIDE: "quiet",
    Email.State.FAILED: "bad",
}
WHYS: Final[dict[str, Any]] = {
    Aside.AUTOMATIC: gettext_lazy("A machine answered, like that of somebody on holiday."),
    Aside.UNDELIVERED: gettext_lazy("A mail server tells that a letter did not arrive."),
    Aside.LIST: gettext_lazy("It went to a list or to many."),
    Aside.OWN: gettext_lazy("It is a letter of this hub itself."),
    Aside.TOO_MANY: gettext_lazy("So many came from its sender within an hour that it looks like a loop."),
    Aside.NO_SENDER: gettext_lazy("It does not say whom it is from."),
}


@needs(HANDLE)
@never_cache
@require_safe
def emails(request: HttpRequest) -> HttpResponse:
    form = EmailFilters(request.GET)
    state = request.GET.get("state", "")
    state = state if state in Email.State.values else ""
    words = request.GET.get("q", "")[:200]
    rows = deciding.emails(request_actor(request), state=state, words=words)
    page = page_of(rows, request.GET, order=("-id",))
    context = {
        "page": page,
        "rows": [_shown(one) for one in page.rows],
        "form": form,
        "is_narrowed": bool(state or words),
        "address": place.address if (place := addresses.intake()) is not None else "",
    }
    return render(request, "desk/emails.html", context)


@needs(HANDLE)
@never_cache
@require_safe
def email(request: HttpRequest, number: int) -> HttpResponse:
    actor = request_actor(request)
    found = deciding.email_of(actor, number)
    mail = reading.read(bytes(found.raw)) if found.raw is not None else None
    context = {
        **_shown(found),
        "mail": mail,
        "can_take": found.state in deciding.OPEN and found.raw is not None,
        "may_see_case": actor.may("records.view_case"),
        "crumbs": [(_("Emails"), reverse("desk:emails"))],
    }
    return render(request, "desk/email.html", context)


@needs(HANDLE)
@require_POST
def take(request: HttpRequest, number: int) -> HttpResponse:
    case = deciding.take_anyway(request_actor(request), number)
    beside.wake()
    toast(request, _("The email is in the case {called} now.").format(called=called(case)))
    return redirect("records:detail", "case", case.pk)


@needs(HANDLE)
@require_safe
def as_it_came(request: HttpRequest, number: int) -> HttpResponse:
    """The email as it was on the wire."""
    found = deciding.email_of(request_actor(request), number)
    if found.raw is None:
        raise NotFound(_("What this email was like on the wire is not kept any more."))
    return handed_out(bytes(found.raw), f"email-{found.pk}.eml", "message/rfc822")


@needs(answers.CHANGE)
@never_cache
@require_http_methods(["GET", "POST"])
def write(request: HttpRequest, case_id: str) -> HttpResponse:
    """Writes to the requester of a case."""
    actor = request_actor(request)
    actor.check(answers.ADD_NOTE)
    case = case_of(actor, case_id)
    form = TextForm(request.POST if request.method == "POST" else None, label=_("Text"))
    if request.method == "POST":
        form.is_valid()
        try:
            written = answers.write(actor, case_id, str(request.POST.get("text", "")))
        except InputRefused as error:
            if not form.errors:
                add_faults(form, error)
        else:
            beside.wake()
            toast(request, _("The email to {to} is on its way.").format(to=written.to))
            return redirect("records:detail", "case", case_id)
    kind = record_type("case")
    context = {
        "form": form,
        "case": case,
        "to": answers.address_of(case),
        "crumbs": [
            (kind.plural, reverse("records:case")),
            (f"{called(case)} {case.subject}", reverse("records:detail", args=["case", case.pk])),
        ],
    }
    return render(request, "desk/write.html", context, status=422 if form.errors else 200)


@needs(answers.CHANGE)
@require_POST
def requester(request: HttpRequest, case_id: str) -> HttpResponse:
    answers.set_requester(request_actor(request), case_id, str(request.POST.get("person", ""))[:32])
    toast(request, _("The case has its requester."))
    return redirect("records:detail", "case", case_id)


def _shown(one: Email) -> dict[str, Any]:
    state = Email.State(one.state)
    why = WHYS.get(one.aside, "") if state is Email.State.ASIDE else ""
    return {
        "one": one,
        "badge": (BADGES[state], state.label),
        "why": why or one.why,
        "called": called(one.case) if one.case_id and one.case is not None else "",
    }
