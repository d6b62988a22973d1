"""The one place where what a view raises becomes an answer: a page, a fragment, or problem+json."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, DisallowedHost, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from tallystick.errors import TallystickError
from tallystick.server.state.writable import Ailment, ailment_of, hindrance
from tallystick.server.ui import mishaps
from tallystick.server.ui.answers import Audience, Problem, problem_of

PROGRAM_PATHS = ("/api/", "/hooks/", "/metrics", "/inventory")


class ErrorEdge:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            return _not_allowed(request, response)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, TallystickError):
            problem = problem_of(error)
            if problem.status == 500:
                problem = unforeseen(error)
            return answer(request, problem)
        if isinstance(error, (Http404, PermissionDenied, SuspiciousOperation, BadRequest)):
            return answer(request, _refused(error))
        if settings.DEBUG and settings.DEBUG_PROPAGATE_EXCEPTIONS:
            return None
        if isinstance(error, OperationalError):
            return answer(request, _database_away(error))
        return answer(request, unforeseen(error))


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem as whoever asked can read it."""
    match audience(request):
        case Audience.PROGRAM:
            return JsonResponse(problem.shown(), status=problem.status, content_type="application/problem+json")
        case Audience.FRAGMENT:
            text = render_to_string("ui/problem_fragment.html", {"problem": problem}, request)
            response = HttpResponse(text, status=problem.status)
            response["HX-Reswap"] = "none"  # ui.js shows it as a toast
            return response
        case Audience.PAGE:
            text = render_to_string("ui/problem.html", {"problem": problem}, request)
            return HttpResponse(text, status=problem.status)


def audience(request: HttpRequest) -> Audience:
    if request.path.startswith(PROGRAM_PATHS):
        return Audience.PROGRAM
    return Audience.FRAGMENT if request.headers.get("HX-Request") == "true" else Audience.PAGE


def unforeseen(error: BaseException) -> Problem:
    return Problem(
        status=500,
        code="bug",
        title=_("Something went wrong"),
        message=_("Something went wrong that Tallystick did not foresee. Nothing of this step was kept."),
        hint=_("Try again; if it happens again, send the reference to whoever looks after this hub."),
        reference=mishaps.keep(error),
    )


def _database_away(error: DatabaseError) -> Problem:
    return _ailing(_ailment(error), reference=mishaps.keep(error))


def _ailing(ailment: Ailment, *, reference: str) -> Problem:
    match ailment:
        case Ailment.FULL:
            title = _("The disk is full")
            message = _("The disk of the hub's database is full: nothing of this step was kept.")
            hint = _("Whoever looks after this hub makes room; then do it again. What was kept before is safe.")
        case Ailment.READ_ONLY:
            title = _("Nothing can be written")
            message = _("The hub's database can be read but not written: nothing of this step was kept.")
            hint = _("Whoever looks after this hub makes its disk and files writable again; then do it again.")
        case Ailment.AWAY:
            title = _("The database does not answer")
            message = _("The hub's database does not answer at the moment: nothing of this step was kept.")
            hint = _("Try again in a minute; if it goes on, tell whoever looks after this hub.")
    return Problem(status=503, code="database", title=title, message=message, hint=hint, reference=reference)


def _ailment(error: DatabaseError) -> Ailment:
    """What the error says; where that is little, what can be seen of the disk."""
    said = ailment_of(error)
    if said is not Ailment.AWAY:
        return said
    try:
        return hindrance() or said
    except DatabaseError:
        return said


def _not_allowed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Whoever loads again what was sent once, or a program that takes the wrong method."""
    told = answer(
        request,
        Problem(
            status=405,
            code="method_not_allowed",
            title=_("Not to be opened"),
            message=_("This address takes {methods} alone.").format(methods=response["Allow"]),
            hint=_("Go back to the page you came from, and do it there."),
        ),
    )
    told["Allow"] = response["Allow"]
    return told


def _refused(error: Exception) -> Problem:
    if isinstance(error, Http404):
        return not_found_problem()
    if isinstance(error, PermissionDenied):
        return Problem(
            status=403,
            code="not_allowed",
            title=_("Not allowed"),
            message=_("You are not allowed to do this."),
            hint=_("An administrator can give you a role that may."),
        )
    if isinstance(error, DisallowedHost):
        return Problem(
            status=400,
            code="unknown_host",
            title=_("Not the address of this hub"),
            message=_("The hub does not know itself by the name in this address."),
            hint=_("Whoever runs it sets TALLYSTICK_ADDRESS, or further names in TALLYSTICK_HOSTS."),
        )
    if isinstance(error, RequestDataTooBig):
        return Problem(
            status=413,
            code="too_large",
            title=_("Too large"),
            message=_("What was sent is too large to be taken in one piece."),
            hint=_("Send it as a file, or in parts."),
        )
    return Problem(
        status=400,
        code="bad_request",
        title=_("Not understood"),
        message=_("The hub could not make sense of this request."),
        hint=_("Go back, load the page again and try once more."),
    )


def not_found_problem() -> Problem:
    return Problem(
        status=404,
        code="not_found",
        title=_("Not found"),
        message=_("There is no such page, or it is not for you to see."),
        hint=_("Check the address, or search with Ctrl-K."),
    )


# --- Django's own handlers: for what happens before a view is reached -----------------------------------------------


@login_not_required
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, _refused(exception))


@login_not_required
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, _refused(exception))


@login_not_required
def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, not_found_problem())


@login_not_required
def too_many(request: HttpRequest) -> HttpResponse:
    """Sign-in was tried too often; or its count cannot be written, which the library takes for the same."""
    try:
        ailment = hindrance()
    except DatabaseError:
        ailment = Ailment.AWAY
    if ailment is not None:
        return answer(request, _ailing(ailment, reference=""))
    problem = Problem(
        status=429,
        code="throttled",
        title=_("Too much at once"),
        message=_("Somebody tried this too often from your address within a minute."),
        hint=_("Wait a minute, then try again."),
    )
    return answer(request, problem)


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    import sys

    error = sys.exc_info()[1] or RuntimeError("no exception is known")
    return answer(request, unforeseen(error))


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    problem = Problem(
        status=403,
        code="form_expired",
        title=_("The form is too old"),
        message=_(
            "The form was open for so long, or in a browser without cookies, that it cannot be trusted any more."
        ),
        hint=_("Go back, load the page again and send it once more; nothing was changed."),
    )
    return answer(request, problem)
