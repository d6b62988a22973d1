"""The pages of the queue."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from tallystick.errors import TallystickError
from tallystick.model.plan import ReviewStatus
from tallystick.server.ops.models import Errand
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.review import actions, queries
from tallystick.server.review.domain.decide import Answer
from tallystick.server.review.forms import QueueFilter, kept
from tallystick.server.ui.toasts import toast, toast_on

SEE = "review.view_question"
ANSWER = "review.answer_question"
APPROVE = "review.approve_run"
PANE = "question"
FIELD = "field:"


@needs(SEE)
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """The list, beside it the first question of it."""
    found = queries.queue(request.GET)
    first = found.lines[0].number if found.lines else None
    return _page(request, found, first, is_chosen=False)


@needs(SEE)
@require_safe
def question(request: HttpRequest, number: int) -> HttpResponse:
    """One question; for htmx its pane alone."""
    if request.headers.get("HX-Target") == PANE:
        return render(request, "review/pane.html", _pane(request, number, request.GET))
    return _page(request, queries.queue(request.GET), number, is_chosen=True)


@needs(ANSWER, APPROVE)
@require_POST
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """An answer; then the next question, or why it could not be given."""
    query = QueryDict(request.POST.get("query", ""))
    given = _answer(request.POST)
    is_all = "all" in request.POST
    before = queries.opened(number, query)
    try:
        errand = actions.answer(request_actor(request), number, given, is_all=is_all)
    except TallystickError as error:
        return _refused(request, number, query, error.message, error.hint)
    if errand.status == Errand.Status.FAILED:
        return _refused(request, number, query, errand.message, errand.hint)
    following = _following(before, query, is_all=is_all)
    undo = reverse("review:undo", args=[number])
    text = _told(errand)
    if request.headers.get("HX-Request") == "true":
        context: dict[str, Any] = _pane(request, following, query) if following is not None else {"open": None}
        context |= {"queue": queries.queue(query), "query": kept(query), "with_list": True, "chosen": following}
        context["errands"] = [errand] if not errand.is_finished else []
        response = render(request, "review/pane.html", context)
        response["HX-Push-Url"] = queries.address(following, kept(query))
        return toast_on(response, text, undo=undo if errand.is_finished else "")
    toast(request, text, undo=undo if errand.is_finished else "")
    return redirect(queries.address(following, kept(query)))


@needs(ANSWER, APPROVE)
@require_POST
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Takes an answer back and shows the question."""
    errand = actions.undo(request_actor(request), number)
    if errand.status == Errand.Status.FAILED:
        toast(request, f"{errand.message} {errand.hint}", tone="bad")
    elif not errand.is_finished:
        toast(request, _("The answer is being taken back."))
    elif queries.opened(number, QueryDict()).shown.review.status is ReviewStatus.OPEN:
        toast(request, _("The answer is taken back; the question waits again."))
    else:
        toast(request, _("The answer is taken back and the values are as before; both sides stay as they are."))
    return redirect("review:question", number)


@needs(SEE)
@require_safe
def errand(request: HttpRequest, number: int) -> HttpResponse:
    """How far an answer that takes longer is, as a fragment that asks again until it is done."""
    from tallystick.server.ops.errands import settle

    found = settle(Errand.objects.get(pk=number, subject__startswith="question "))
    response = render(request, "review/errand.html", {"errand": found})
    return toast_on(response, _told(found)) if found.status == Errand.Status.DONE else response


@needs(SEE)
@require_safe
def answered(request: HttpRequest) -> HttpResponse:
    """Who decided what, when; with a way back."""
    return render(request, "review/answered.html", {"page": queries.answered(request.GET), "query": kept(request.GET)})


# --- inside


def _page(request: HttpRequest, found: queries.Queue, number: int | None, *, is_chosen: bool) -> HttpResponse:
    context: dict[str, Any] = _pane(request, number, request.GET) if number is not None else {"open": None}
    context |= {
        "queue": found,
        "query": found.query,
        "filter": QueueFilter(request.GET, found.waiting.flows),
        "chosen": number,
        "is_chosen": is_chosen,
    }
    return render(request, "review/queue.html", context)


def _pane(request: HttpRequest, number: int, query: QueryDict) -> dict[str, Any]:
    return {"open": queries.opened(number, query), "query": kept(query)}


def _refused(request: HttpRequest, number: int, query: QueryDict, message: str, hint: str) -> HttpResponse:
    """The question as it is now, with what came between."""
    if request.headers.get("HX-Request") == "true":
        context = _pane(request, number, query)
        context |= {"fault": {"message": message, "hint": hint}, "with_list": True, "queue": queries.queue(query)}
        context["chosen"] = number
        return render(request, "review/pane.html", context)
    toast(request, f"{message} {hint}", tone="bad")
    return redirect(queries.address(number, kept(query)))


def _answer(form: QueryDict) -> Answer:
    fields = {name.removeprefix(FIELD): str(value) for name, value in form.items() if name.startswith(FIELD) and value}
    take = form.get("take", "")
    if take == "marked":  # every field by itself: what no field says does not matter
        take = next(iter(fields.values()), "ignore")
    else:
        fields = {}
    return Answer(
        take=take,
        fields=fields,
        partner=(form.get("partner", "").strip() or None) if take == "link" else None,
        note=form.get("note", "")[:2_000].strip(),
        seen=form.get("seen", ""),
    )


def _following(before: queries.Open, query: QueryDict, *, is_all: bool) -> int | None:
    """The question to go on with: the next one of the queue as it is now, else the one before."""
    if is_all:
        rest = queries.queue(query).lines
        return rest[0].number if rest else None
    if before.next is not None:
        return before.next
    return before.previous


def _told(errand: Errand) -> str:
    if not errand.is_finished:
        return _("The answer is on its way.")
    count = max(1, errand.done) - errand.refused_count
    text = ngettext("Answered.", "{count} questions answered.", count).format(count=count)
    if errand.refused_count:
        text += " " + ngettext(
            "{count} could not be answered so and waits.",
            "{count} could not be answered so and wait.",
            errand.refused_count,
        ).format(count=errand.refused_count)
    return text
