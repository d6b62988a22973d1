"""Questions and answers in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tallystick.cli import reported
from tallystick.cli.differences import difference, shortened
from tallystick.cli.past import moment
from tallystick.cli.planned import counted
from tallystick.cli.printable import printable
from tallystick.cli.voice import Voice
from tallystick.engine.evidence import named_evidence

if TYPE_CHECKING:
    from rich.text import Text

ASKED: Final = {
    "possible": "Do these two belong together?",
    "disputed": "Which of these is it? The rules point at different records.",
    "conflict": "Both sides were changed to different values. Which one counts?",
    "lossy_edit": "The shorter form was edited where only a part of the value is held. Which one counts?",
    "unmapped_code": "This code stands in no code set.",
    "reject": "This record cannot be carried over.",
    "unknown": "The answer to this write was lost. Was it carried out?",
    "held": "A guard holds this run. May it go on?",
    "collision": "An id now means another record, or two records claim one.",
}


def needs_person(decision: Mapping[str, Any]) -> bool:
    """Whether some of what was decided was refused, or its run left something to a person."""
    report = decision.get("report") or {}
    return bool(decision.get("refused")) or report.get("status") in ("held", "partial", "failed")


def tell_list(reviews: Sequence[Mapping[str, Any]], voice: Voice) -> None:
    if not reviews:
        voice.say("Nothing waits for you.")
        return
    voice.table(
        ("id", "kind", "flow", "left", "right", "about", "since"),
        [
            (
                str(review["id"]),
                str(review["kind"]).replace("_", " "),
                printable(str(review["flow"])),
                printable(str(review["left"] or "")),
                printable(str(review["right"] or "")),
                about(review),
                moment(review["since"]),
            )
            for review in reviews
        ],
    )
    voice.say(f"{counted(len(reviews), 'question')}. See one with `tallystick review show ID`.")


def about(review: Mapping[str, Any]) -> str:
    """A few words on what a question is about."""
    if review["status"] == "cleared":
        return "cleared: its cause is gone"
    decision = review.get("decision")
    if isinstance(decision, Mapping):
        return printable(f"decided: {decision.get('take', '')} by {decision.get('by') or 'nobody named'}")
    if review.get("message"):
        return shortened(review["message"], 80)
    candidates = review.get("candidates") or ()
    if candidates:
        return counted(len(candidates), "candidate")
    return printable(", ".join(review.get("fields") or {}))


def tell(review: Mapping[str, Any], voice: Voice) -> None:
    from rich.text import Text

    kind = str(review["kind"])
    voice.say(Text.assemble((f"Question {review['id']}", "bold"), printable(f"  {kind}, flow {review['flow']}")))
    voice.say(ASKED.get(kind, ""))
    ids = [f"{side} {review[side]}" for side in ("left", "right") if review.get(side) is not None]
    if ids:
        voice.say(printable(" · ".join(ids)))
    if review.get("message"):
        voice.say(printable(str(review["message"])))
    fields = review.get("fields") or {}
    if fields:
        voice.table(
            ("  field", "last agreed", "left", "right"), [_row(name, values) for name, values in fields.items()]
        )
    for candidate in review.get("candidates") or ():
        voice.say(printable(f"  {_candidate(candidate)}"))
    decision = review.get("decision")
    if isinstance(decision, Mapping):
        note = f": {decision['note']}" if decision.get("note") else ""
        voice.say(
            printable(f"Decided: {decision.get('take')} by {decision.get('by')}, {moment(decision.get('at'))}{note}")
        )
        voice.say(f"Take it back with `tallystick review undo {review['id']}`.")
    elif review["status"] == "open":
        takes = "|".join(review["takes"])
        voice.say(f"Answer with `tallystick review decide {review['id']} --take {takes}`.")
    else:
        voice.say("Its cause is gone; it needs no answer.")


def tell_decision(decision: Mapping[str, Any], voice: Voice) -> None:
    numbers = decision["decided"]
    if numbers:
        named = ", ".join(str(number) for number in numbers[:20]) + (", ..." if len(numbers) > 20 else "")
        voice.say(f"Decided: {named}.")
    for refused in decision.get("refused") or ():
        voice.say(printable(f"Refused: question {refused['id']}. {refused['message']}"))
    report = decision.get("report")
    if report:
        reported.tell_answer(report, voice)
    elif numbers:
        voice.say("It takes effect at the next run.")


def _row(name: str, values: Mapping[str, Any]) -> tuple[str | Text, ...]:
    from rich.text import Text

    left, right = difference(values.get("left"), values.get("right"), 40)
    return (
        printable(f"  {name}"),
        Text(shortened(values.get("base"), 30), style="dim"),
        Text.assemble(left.before, (left.middle, "bold"), left.after),
        Text.assemble(right.before, (right.middle, "bold"), right.after),
    )


def _candidate(candidate: Mapping[str, Any]) -> str:
    score = candidate.get("score")
    likeness = f", likeness {score:.2f}" if isinstance(score, float) else ""
    fields = named_evidence(candidate.get("fields"))
    evidence = f", by {', '.join(fields)}" if fields else ""
    return f"left {candidate.get('left')} and right {candidate.get('right')}{likeness}{evidence}"
