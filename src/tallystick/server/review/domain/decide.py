"""A person's answer to a question, and taking it back. Imports nothing that needs the hub: the command line has none.

Source: spec/engine.md E17; spec/scenarios.md S3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from tallystick.engine import questions
from tallystick.errors import ConfigurationError, ScopeBusy, TallystickError
from tallystick.model.plan import Review, ReviewKind, ReviewStatus, Run, RunKind, RunStatus, Take
from tallystick.runs.shown import TAKES
from tallystick.runs.state import State

ANSWER: Final = "review.answer_question"
APPROVE: Final = "review.approve_run"
AT_A_TIME: Final = 50
"""Questions that are answered in one run when an answer is meant for many."""


class Decides(Protocol):
    """Whoever answers: `tallystick.server.people.actor.Actor`, or the command line."""

    @property
    def name(self) -> str: ...

    def check(self, permission: str) -> None:
        """Raises NotAllowed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AtCommandLine:
    """Implements Decides: who sits there has the files, and may do everything."""

    name: str

    def check(self, permission: str) -> None:
        pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`fields`: another choice for single fields; `partner`: the candidate meant with LINK; `seen`: the fingerprint of
    the question as the person saw it.
    """

    take: str
    fields: Mapping[str, str] = field(default_factory=dict)
    partner: str | None = None
    note: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """`report`: what the run that carried the answers out came to; None when the next run does."""

    decided: tuple[int, ...]
    refused: tuple[Mapping[str, Any], ...] = ()
    report: Mapping[str, Any] | None = None

    @property
    def run(self) -> str:
        return str(self.report["run"]) if self.report else ""

    def shown(self) -> dict[str, Any]:
        """As `review decide --json` prints it."""
        return {
            "decided": list(self.decided),
            "refused": [dict(one) for one in self.refused],
            "report": dict(self.report) if self.report is not None else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """`reopened` wait again; of the others the cause was gone, so that there is nothing left to ask."""

    numbers: tuple[int, ...]
    reopened: tuple[int, ...]
    run: str = ""  # that restored the values
    left: tuple[Mapping[str, Any], ...] = ()  # what was edited since and stays as it is


def check_answer(by: Decides, review: Review, answer: Answer) -> None:
    """Raises NotAllowed, or ConfigurationError for an answer the question does not take."""
    by.check(APPROVE if review.kind is ReviewKind.HELD else ANSWER)
    if answer.take not in [take.value for take in TAKES[review.kind]]:
        takes = ", ".join(take.value for take in TAKES[review.kind])
        raise ConfigurationError(f"This question does not take the answer {answer.take!r}.", hint=f"It takes {takes}.")
    if unknown := sorted(set(answer.fields) - set(review.fields)):
        raise ConfigurationError(f"The question is not about the field {unknown[0]!r}.", hint="Load the page again.")
    if answer.take == Take.LINK and answer.partner is None and is_open_who(review):
        raise ConfigurationError("Say which candidate is meant: there are several.", hint="Choose one of them.")


def is_open_who(review: Review) -> bool:
    """Whether a link leaves open with whom."""
    candidates = review.evidence.get("candidates") or ()
    return len(candidates) > 1 and (review.left_id is None or review.right_id is None)


def decide(by: Decides, state: State, number: int, answer: Answer, *, also: Sequence[int] = ()) -> Answered:
    """Answers the question, and those of `also` that are like it; takes effect at once.

    `state` was opened in the name of `by`. Raises NotAllowed, ConfigurationError, AlreadyDecided, StaleDecision, and
    ScopeBusy while a run goes on over the same records.
    """
    review = question(state, number)
    check_answer(by, review, answer)
    try:
        done = state.decide(
            number,
            answer.take,
            fields=answer.fields,
            partner=answer.partner,
            note=answer.note,
            also=also,
            seen=answer.seen,
        )
    except ScopeBusy:
        now = question(state, number)
        if review.status is ReviewStatus.OPEN and now.decision is not None and now.decision.by == by.name:
            return Answered(decided=(number,))  # kept, but a run got in before it was carried out: it does so
        raise
    return Answered(decided=tuple(done["decided"]), refused=tuple(done["refused"]), report=done["report"])


def decide_alike(
    by: Decides,
    state: State,
    numbers: Sequence[int],
    answer: Answer,
    *,
    step: Callable[[Answered], None] = lambda so_far: None,
    when_free: Callable[[Callable[[], Answered]], Answered] = lambda work: work(),
) -> Answered:
    """The same answer to many questions that are alike, AT_A_TIME; the first is the one that was looked at.

    `step` is told after each part what was decided so far. Raises as `decide` for the first one; a later one that
    cannot be answered so is among the refused.
    """
    decided: list[int] = []
    refused: list[Mapping[str, Any]] = []
    first = Answer(take=answer.take, fields=answer.fields, partner=answer.partner, note=answer.note, seen=answer.seen)
    done = when_free(lambda: decide(by, state, numbers[0], first))
    run = done.report
    decided += done.decided
    step(done)
    for start in range(1, len(numbers), AT_A_TIME):
        part = numbers[start : start + AT_A_TIME]
        done = when_free(lambda part=part: _part(by, state, part, answer))  # type: ignore[misc]
        decided += done.decided
        refused += done.refused
        run = done.report or run
        step(Answered(decided=tuple(decided), refused=tuple(refused), report=run))
    return Answered(decided=tuple(decided), refused=tuple(refused), report=run)


def _part(by: Decides, state: State, part: Sequence[int], answer: Answer) -> Answered:
    """Some of many; one that was answered or cleared meanwhile is passed over."""
    alike = Answer(take=answer.take, fields=answer.fields, note=answer.note)
    refused: list[Mapping[str, Any]] = []
    for place, number in enumerate(part):
        try:
            done = decide(by, state, number, alike, also=part[place + 1 :])
        except ScopeBusy:
            raise
        except TallystickError as error:
            refused.append({"id": number, "message": str(error)})
            continue
        return Answered(decided=done.decided, refused=(*refused, *done.refused), report=done.report)
    return Answered(decided=(), refused=tuple(refused))


def alike(state: State, number: int) -> list[int]:
    """This question and the open ones that one answer may do for too, from any store; reads all of the kind."""
    found = state.store.review(number)
    if found is None:
        raise _none(number)
    scope, review = found
    likeness = questions.likeness(review)
    others = state.store.reviews(scope, kinds=(review.kind,))
    return [number, *(one.number for one in others if one.number != number and questions.likeness(one) == likeness)]


def take_back(by: Decides, state: State, number: int) -> TakenBack:
    """Takes an answer back, with all that were given in the same breath: values that it wrote are restored where they
    were not edited since, then the questions wait again unless their cause is gone.

    Raises NotAllowed, StaleDecision, ConfigurationError, ScopeBusy.
    """
    review = question(state, number)
    by.check(APPROVE if review.kind is ReviewKind.HELD else ANSWER)
    if review.decision is None:
        raise ConfigurationError(f"Question {number} has no answer to take back.", hint="Load the page again.")
    if review.decision.take is Take.APPROVE:
        raise ConfigurationError(
            "The run was approved and has been carried out.", hint="Undo that run instead: its page has the button."
        )
    numbers, run = together(state, review)
    left: list[Mapping[str, Any]] = []
    restored = ""
    if run is not None:
        report = state.undo(run.id)
        for error in report.errors.values():
            raise error
        if report.status == RunStatus.HELD:
            raise ConfigurationError(
                "Taking the answer back would write more than the flow's guards let pass; nothing was changed.",
                hint=f"Undo run {run.id} from its page, where the amounts can be approved.",
            )
        restored = report.run
        left = list(report.extra.get("left", ()))
    reopened: list[int] = []
    for one in numbers:
        if state.ask_anew(one)["status"] == ReviewStatus.OPEN.value:
            reopened.append(one)
    return TakenBack(numbers=tuple(numbers), reopened=tuple(reopened), run=restored, left=tuple(left))


def together(state: State, review: Review) -> tuple[list[int], Run | None]:
    """The questions that were answered in the same breath, and the run that carried the answer out, if it wrote."""
    decision = review.decision
    if decision is None or not decision.run:
        return [review.number], None
    found = state.store.review(review.number)
    if found is None:
        return [review.number], None
    scope, _ = found
    numbers = [
        one.number
        for one in state.store.reviews(scope, status=ReviewStatus.DECIDED, kinds=(review.kind,))
        if one.decision is not None and one.decision.run == decision.run
    ]
    run = state.store.run(decision.run)
    is_undone = any(one.kind is RunKind.UNDO for one in state.store.runs(of=decision.run))
    has_written = bool(state.store.journal(scope, run=decision.run, limit=1))
    return numbers, run if has_written and not is_undone else None


def question(state: State, number: int) -> Review:
    """Raises ConfigurationError."""
    found = state.store.review(number)
    if found is None:
        raise _none(number)
    return found[1]


def _none(number: int) -> ConfigurationError:
    return ConfigurationError(
        f"There is no review {number}.", hint="`tallystick review list`, or the queue, shows those that wait."
    )
