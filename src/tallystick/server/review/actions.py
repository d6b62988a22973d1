"""Answers asked for in the web: given at once where it is quick, else as an errand that tells how far it is."""

from __future__ import annotations

from django.utils.translation import get_language

from tallystick.errors import AlreadyDecided, NotFound
from tallystick.model.plan import ReviewKind, ReviewStatus, Take
from tallystick.server.ops import errands
from tallystick.server.ops.errands import Course
from tallystick.server.ops.models import Errand
from tallystick.server.ops.opened import state
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.review.domain.decide import Answer, Answered, check_answer, decide_alike, take_back
from tallystick.server.review.queries import subject
from tallystick.server.state.of_hub import looking
from tallystick.server.state.queue import Asked

MOST_ALIKE = 100_000
DECIDE = "decide"
TAKE_BACK = "take back"


def answer(actor: Actor, number: int, given: Answer, *, is_all: bool = False) -> Errand:
    """Answers a question, with `is_all` every open one like it. The errand is finished where that was quick.

    Raises NotFound, NotAllowed, ConfigurationError, and AlreadyDecided while another answer to it goes on; what comes
    up when it is carried out (StaleDecision, AlreadyDecided) stands in the errand.
    """
    asked = looking().question(number)
    if asked is None:
        raise NotFound(f"There is no question {number}.", hint="The queue shows those that wait.")
    check_answer(actor, asked.review, given)
    if (other := errands.going([subject(number)]).get(subject(number))) is not None:
        raise AlreadyDecided(
            f"Question {number} is just being answered by {other.by}.", hint="Go on with the next one."
        )
    is_many = is_all and asked.review.status is ReviewStatus.OPEN
    numbers = looking().alike(number, MOST_ALIKE) if is_many else [number]

    def work(course: Course) -> None:
        def step(so_far: Answered) -> None:
            course.tell(len(so_far.decided) + len(so_far.refused), run=so_far.run, refused=so_far.refused)

        with state(actor.name) as opened:
            decide_alike(actor, opened, numbers, given, step=step, when_free=course.when_free)
        if asked.review.kind is ReviewKind.HELD:
            _write_down(actor, asked, given)

    return errands.begin(actor, DECIDE, subject(number), work, total=len(numbers), language=get_language() or "en")


def _write_down(actor: Actor, asked: Asked, given: Answer) -> None:
    """Letting a held run pass is an administrative act."""
    review = asked.review
    action = "review.approve_run" if given.take == Take.APPROVE else "review.refuse_run"
    name = f"{asked.scope.integration} · {review.flow}"
    details = {"question": review.number, "note": given.note} if given.note else {"question": review.number}
    audit(actor, action, subject_type="run", subject_id=review.run, subject_name=name, details=details)


def undo(actor: Actor, number: int) -> Errand:
    """Takes an answer back. Raises as `answer`."""
    asked = looking().question(number)
    if asked is None:
        raise NotFound(f"There is no question {number}.", hint="The list of answers shows those that were answered.")

    def work(course: Course) -> None:
        with state(actor.name) as opened:
            done = course.when_free(lambda: take_back(actor, opened, number))
        course.tell(1, run=done.run, refused=[{"id": one.get("id"), "message": one.get("why")} for one in done.left])

    return errands.begin(actor, TAKE_BACK, subject(number), work, language=get_language() or "en")
