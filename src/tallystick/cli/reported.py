"""What a run came to, in words; and the exit code that says the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from tallystick.cli.edge import DONE, NEEDS_PERSON, NOT_REACHED, WRONG_CALL
from tallystick.cli.edge import exit_code as code_of
from tallystick.cli.planned import counted
from tallystick.cli.printable import printable
from tallystick.cli.voice import Voice

if TYPE_CHECKING:
    from tallystick.runs.report import Report

_PAST: Final = {"create": "created", "update": "updated", "delete": "deleted"}
_ENDED: Final = {"done": "is done", "held": "is held", "partial": "is done in part", "failed": "failed"}
_LISTED: Final = {"left": "left as it is:", "refused": "refused:"}
_COUNTS: Final = (
    ("conflicts", "conflict"),
    ("rejects", "reject"),
    ("refused", "refused operation"),
    ("unknown", "unknown outcome"),
    ("failed", "failed operation"),
)


def tell(report: Report, voice: Voice) -> int:
    """Says the report and gives its exit code."""
    answer = report.shown()
    tell_answer(answer, voice)
    voice.answer(answer)
    return exit_code(report)


def exit_code(report: Report) -> int:
    """The gravest of the flows' errors: a system not reached, a wrong file, else whether a person is needed."""
    codes = {code_of(error) for error in report.errors.values()}
    for code in (NOT_REACHED, WRONG_CALL):
        if code in codes:
            return code
    return NEEDS_PERSON if report.needs_person else DONE


def tell_answer(answer: Mapping[str, Any], voice: Voice) -> None:
    """Says a run: its flows, then how it ended and what to do next."""
    tell_flows(answer, voice)
    voice.say(f"Run {answer['run']} {_ENDED.get(answer['status'], answer['status'])}.")
    reviews = sum(flow.get("reviews", 0) for flow in answer["flows"].values())
    if answer["status"] == "held":
        voice.say("Look at it with `plan`; let it go on with `--approve` or with `review decide ID --take approve`.")
    elif reviews:
        waits = "waits" if reviews == 1 else "wait"
        voice.say(f"{counted(reviews, 'question')} {waits} for you: `tallystick review list`.")


def tell_flows(answer: Mapping[str, Any], voice: Voice) -> None:
    """Says a line or more for each flow of a run."""
    from rich.text import Text

    for name, flow in answer["flows"].items():
        told = "  ·  ".join(_told(flow)) if "read" in flow else "did not run"
        voice.say(Text.assemble((printable(name), "bold"), f"  {told}"))
        for held in flow.get("held", ()):
            voice.say(Text.assemble(("  held  ", "bold red"), printable(held["message"])))
        for note in flow.get("notes", ()):
            voice.say(f"  {printable(note)}")
        if "error" in flow:
            voice.say(Text.assemble(("  failed  ", "bold red"), printable(flow["error"]["message"])))
    for name, words in _LISTED.items():
        for line in answer.get(name, ()):
            place = " ".join(str(line[part]) for part in ("flow", "side", "id", "field") if line.get(part))
            voice.say(printable(f"  {place}: {words} {line.get('why', '')}".rstrip()))


def _told(flow: Mapping[str, Any]) -> list[str]:
    """The parts of a flow's line: read, written, what waits."""
    read, parts = flow["read"], []
    if read["left"] or read["right"] or any(read["complete"].values()):
        parts.append(f"read {read['left']:,} left, {read['right']:,} right")
    before = len(parts)
    for side, writes in flow.get("writes", {}).items():
        done = [f"{count:,} {_PAST.get(action, action)}" for action, count in writes.items() if count]
        if done:
            parts.append(f"{', '.join(done)} on the {side}")
    if len(parts) == before:
        parts.append("nothing written")
    if flow.get("unchanged"):
        parts.append(f"{flow['unchanged']:,} unchanged")
    parts += [counted(flow[name], noun) for name, noun in _COUNTS if flow.get(name)]
    return parts
