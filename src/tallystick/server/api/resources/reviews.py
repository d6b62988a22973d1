"""Questions that wait for a person, their answers, and taking answers back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Schema
from pydantic import Field as Shape

from tallystick.errors import NotFound
from tallystick.model.plan import ReviewKind, ReviewStatus
from tallystick.runs.shown import review_shown
from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.errands import ErrandShown
from tallystick.server.api.resources.runs import answered, chosen
from tallystick.server.api.shapes import (
    LARGEST,
    Cursor,
    Given,
    Limit,
    Listing,
    Number,
    Word,
    listing,
    moment,
    number_cursor,
)
from tallystick.server.review import actions
from tallystick.server.review.domain.decide import ANSWER, APPROVE, Answer
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import At
from tallystick.server.state.queue import Asked, Wanted

VIEW: Final = "review.view_question"
calls: Final = Calls("Reviews")


class Question(Schema):
    """`seen` is the mark of what it shows: send it with the answer, so that nobody answers what has changed since."""

    id: int
    kind: str
    integration: str
    flow: str
    status: str
    left: str | None
    right: str | None
    fields: dict[str, Any] = Shape(description="name -> base, left and right value")
    topic: str
    since: str
    run: str
    takes: list[str] = Shape(description="The answers it takes.")
    alike: int = Shape(description="How many open ones are alike, itself among them.")
    seen: str
    evidence: dict[str, Any]
    decision: dict[str, Any] | None


class GivenAnswer(Given):
    """`fields`: another choice for single fields; `partner`: the candidate meant with `link`."""

    take: str = Shape(max_length=20)
    fields: dict[str, str] = {}
    partner: str | None = Shape(None, max_length=400)
    note: str = Shape("", max_length=2_000)
    seen: str = Shape("", max_length=200)
    all_alike: bool = Shape(False, description="The same answer to every open question that is alike.")


@calls.get("", VIEW, out=Listing[Question])
def list_reviews(
    request: HttpRequest,
    kind: Word = "",
    status: Annotated[str, Query(max_length=20)] = "open",
    integration: Word = "",
    flow: Word = "",
    q: Word = "",
    like: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
    since: Annotated[datetime | None, Query()] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Questions: the open ones oldest first, others newest first.

    `status`: open, decided, cleared, or empty for all. `like=12` gives those alike to question 12.
    """
    kinds = (chosen(ReviewKind, kind, "kind"),) if kind else ()
    asked_since = moment(since, "since")
    wanted = Wanted(
        status=chosen(ReviewStatus, status, "status"),
        kinds=kinds,
        integration=integration,
        flow=flow,
        text=q,
        like=like,
        since=asked_since.isoformat() if asked_since else "",
    )
    page = looking().questions(wanted, At(after=number_cursor(cursor), rows=limit))
    return listing(map(_shown, page.rows), page.after)


@calls.get("/{number}", VIEW, out=Question)
def get_review(request: HttpRequest, number: Number) -> Any:
    """One question, answered or not."""
    found = looking().question(number)
    if found is None:
        raise NotFound(
            _("There is no question {number}.").format(number=number), hint=_("The list shows those that wait.")
        )
    return _shown(found)


@calls.post("/{number}/answer", ANSWER, APPROVE, out=ErrandShown, also={202: ErrandShown})
def answer_review(request: HttpRequest, number: Number, body: GivenAnswer) -> Any:
    """Answer a question; it takes effect at once.

    202: it goes on, ask for the errand. 409 when it was answered already or has changed since it was `seen`.
    """
    given = Answer(take=body.take, fields=body.fields, partner=body.partner, note=body.note.strip(), seen=body.seen)
    return answered(actions.answer(actor_of(request), number, given, is_all=body.all_alike))


@calls.post("/{number}/undo", ANSWER, APPROVE, out=ErrandShown, also={202: ErrandShown})
def undo_review(request: HttpRequest, number: Number) -> Any:
    """Take an answer back, with all that were given in the same breath."""
    return answered(actions.undo(actor_of(request), number))


def _shown(asked: Asked) -> dict[str, Any]:
    review = asked.review
    found = review_shown(review)
    return {
        **{name: found.get(name) for name in ("id", "kind", "flow", "left", "right", "fields", "since", "status")},
        "integration": asked.scope.integration,
        "topic": review.topic,
        "run": review.run,
        "takes": found["takes"],
        "alike": asked.alike,
        "seen": review.fingerprint,
        "evidence": {name: value for name, value in review.evidence.items() if name != "operation"},
        "decision": found.get("decision"),
    }
