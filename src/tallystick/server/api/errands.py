"""Errands as the API tells of them: what takes longer than a call goes on, and is asked about by its number."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import Field as Shape

from tallystick.errors import NotFound
from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.identity import problem
from tallystick.server.api.shapes import Number
from tallystick.server.ops import errands
from tallystick.server.ops.models import Errand
from tallystick.server.ui.answers import Problem

calls: Final = Calls("Errands")


class ErrandShown(Schema):
    """`refused` holds the first hundred of what could not be done, with a sentence each."""

    id: int
    kind: str
    subject: str
    status: str = Shape(description="waiting, going, done or failed")
    done: int
    total: int
    refused: list[dict[str, Any]]
    refused_count: int
    run: str
    code: str
    message: str
    hint: str


@calls.get("/{number}", "review.answer_question", "review.approve_run", "ops.control_run", out=ErrandShown)
def get_errand(request: HttpRequest, number: Number) -> Any:
    """How far something is that was asked for.

    One's own errands alone.
    """
    found = Errand.objects.filter(pk=number, person=actor_of(request).person).first()
    if found is None:
        raise NotFound(_("There is no such errand of yours."), hint=_("Its number stood in the answer to your call."))
    return shown(errands.settle(found))


def answer(errand: Errand) -> HttpResponse | tuple[int, dict[str, Any]]:
    """200 and the errand when it is done, 202 while it goes on, a problem when it failed at once."""
    if errand.status == Errand.Status.FAILED:
        status = 500 if errand.code == "bug" else 409
        return problem(
            Problem(
                status=status,
                code=errand.code or "failed",
                title="Conflict" if status == 409 else "Internal Server Error",
                message=errand.message,
                hint=errand.hint,
            )
        )
    return (200 if errand.is_finished else 202), shown(errand)


def shown(errand: Errand) -> dict[str, Any]:
    names = ("kind", "subject", "done", "total", "refused", "refused_count", "run", "code", "message", "hint")
    return {"id": errand.pk, "status": str(errand.status), **{name: getattr(errand, name) for name in names}}
