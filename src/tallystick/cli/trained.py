"""What was learned about matching, in words and tables; and how it gets into an integration file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tallystick.cli.artefact import whole
from tallystick.cli.printable import file_name, printable
from tallystick.cli.voice import Voice
from tallystick.engine.cases import Tried
from tallystick.engine.precision import RulePrecision
from tallystick.errors import ConfigurationError
from tallystick.model.flow import Flow, Level
from tallystick.model.side import SIDES
from tallystick.runs.lessons import taught
from tallystick.runs.training import Lesson

LONGEST_LIST = 5


def chosen(flows: Sequence[Flow], name: str | None) -> Flow:
    """The flow of this name, or the only one. Raises ConfigurationError."""
    names = ", ".join(flow.name for flow in flows)
    if name is None and len(flows) > 1:
        raise ConfigurationError("The file has several flows.", hint=f"Name one of them with --flow: {names}.")
    found = [flow for flow in flows if name in (None, flow.name)]
    if not found:
        raise ConfigurationError(f"There is no flow {name!r}.", hint=f"There are: {names}." if names else "")
    return found[0]


def tell(lesson: Lesson, voice: Voice) -> None:
    counts = " and ".join(f"{lesson.counts[side]:,} on the {side.value}" for side in SIDES)
    voice.say(f"Flow {printable(lesson.flow)}: {counts}, of which about {lesson.trained.pairs:,} pairs are one.")
    weights = lesson.rules.weights
    assert weights is not None  # noqa: S101  # learned
    rows = [
        (
            printable(name),
            field.kind.value,
            *(f"{field.weights[level]:+.1f}" if level in field.weights else "" for level in Level),
        )
        for name, field in weights.fields.items()
    ]
    voice.say("Weights in bits, for and against:")
    voice.table(("field", "as", *Level), rows)
    blocks = "; ".join(" + ".join(block) for block in weights.blocks)
    voice.say(f"Compared are records that are equal in: {printable(blocks)}.")
    if weights.rivals:
        voice.say(f"A pair also has to hold against: {printable(', '.join(weights.rivals))}.")
    for name, values in lesson.trained.junk.items():
        listed = ", ".join(repr(value) for value in values[:LONGEST_LIST])
        more = f" and {len(values) - LONGEST_LIST} more" if len(values) > LONGEST_LIST else ""
        voice.say(printable(f"Junk from now on, for it stands on many records: {name} {listed}{more}."))
    if not lesson.before.cases:
        voice.say("Nobody answered enough questions yet to tell what would change.")
        return
    voice.say(f"Of {lesson.cases:,} answered questions, the {lesson.before.cases:,} that nothing was learned from:")
    voice.table(
        ("", "linked, right", "linked, wrong", "asked", "precision", "recall", "reached"),
        [_row("now", lesson.before), _row("weighed", lesson.after)],
    )


def _row(name: str, of: Tried) -> tuple[str, ...]:
    return (
        name,
        f"{of.right:,}",
        f"{of.wrong:,}",
        f"{of.asked:,}",
        *(_percent(share) for share in (of.precision, of.recall, of.reached)),
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.2%}"


def tell_rules(found: Mapping[str, Sequence[RulePrecision]], voice: Voice) -> None:
    for flow, rules in found.items():
        if not rules:
            voice.say(f"Flow {printable(flow)}: no rule has linked or asked anything yet.")
            continue
        voice.say(f"Flow {printable(flow)}:")
        rows = [
            (
                printable(one.rule),
                f"{one.linked:,}",
                f"{one.undone:,}",
                f"{one.confirmed:,}",
                f"{one.refused:,}",
                _percent(one.precision),
            )
            for one in rules
        ]
        voice.table(("rule", "linked", "undone", "confirmed", "refused", "precision"), rows)


def put(file: Path, weights: Path) -> str:
    """Puts the weights into the integration file, whole or not at all, its comments kept; the name of the flow.

    Raises ConfigurationError when the file of weights is none, DocumentErrors when either is faulty.
    """
    from tallystick.spec import load, loads
    from tallystick.spec.parse import parse
    from tallystick.spec.text import decode, read
    from tallystick.spec.write import rewrite

    loaded = load(file)
    found = parse(decode(read(weights), str(weights)), str(weights)).data
    match = found.get("match") if isinstance(found, dict) else None
    if not isinstance(match, dict) or not isinstance(match.get("weights"), dict) or "flow" not in found:
        raise ConfigurationError(
            f"{file_name(weights)} holds no weights.", hint="Use a file that `tallystick match train` wrote."
        )
    name = str(found["flow"])
    flow = chosen(loaded.integration.flows, name)
    text = rewrite(loaded.text, taught(loaded.data, flow.name, match))
    loads(text, file_name(file))  # refuses a weight that is no number, a field that is not mapped
    mode = file.stat().st_mode
    with whole(file) as stream:
        stream.write(text)
    os.chmod(file, mode)
    return flow.name
