"""`review`: the questions that wait for a person, and the answers. Source: spec/interface.md; spec/engine.md E17."""

from __future__ import annotations

from typing import Annotated

import typer

from tallystick.cli import options
from tallystick.cli.edge import DONE, NEEDS_PERSON
from tallystick.cli.options import person
from tallystick.cli.voice import Voice

app = typer.Typer(name="review", help="See and answer the questions that wait for a person.", no_args_is_help=True)

KINDS = ", ".join(options.Question)
ANSWERS = ", ".join(options.Answer)

Number = Annotated[
    int, typer.Argument(metavar="ID", min=1, help="The question; `review list` shows them.", show_default=False)
]


@app.command("list")
def list_(
    flow: Annotated[
        str | None, typer.Option(metavar="F", help="Only questions of this flow.", show_default=False)
    ] = None,
    kind: Annotated[
        options.Question | None,
        typer.Option(metavar="KIND", help=f"Only questions of this kind: {KINDS}.", show_default=False),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Also those that are decided or have cleared.")] = False,
    file: options.Beside = None,
    as_json: options.Json = False,
) -> int:
    """List the questions, the oldest first."""
    from tallystick.cli import reviewed
    from tallystick.cli.state import state

    voice = Voice(is_json=as_json)
    with state(file) as opened:
        found = opened.reviews(flow=flow, kind=kind.value if kind is not None else None, is_all=all_)
    reviewed.tell_list(found, voice)
    voice.answer({"reviews": found})
    return DONE


@app.command("show")
def show(number: Number, file: options.Beside = None, as_json: options.Json = False) -> int:
    """Show a question with everything that is known about it."""
    from tallystick.cli import reviewed
    from tallystick.cli.state import state

    voice = Voice(is_json=as_json)
    with state(file) as opened:
        found = opened.review(number)
    reviewed.tell(found, voice)
    voice.answer(found)
    return DONE


@app.command("decide")
def decide(
    number: Number,
    take: Annotated[
        options.Answer,
        typer.Option(metavar="ANSWER", help=f"The answer: {ANSWERS}.", show_default=False),
    ],
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SIDE", help="Another answer for one field; may be repeated.", show_default=False),
    ] = None,
    partner: Annotated[
        str | None,
        typer.Option(metavar="ID", help="With `link`: the candidate that is meant.", show_default=False),
    ] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the history.", show_default=False)] = "",
    all_: Annotated[bool, typer.Option("--all", help="Answer all equal questions the same way.")] = False,
    file: options.Beside = None,
    as_json: options.Json = False,
) -> int:
    """Answer a question; takes effect at once where it can, else at the next run."""
    from tallystick.cli import reviewed
    from tallystick.cli.state import state
    from tallystick.server.review.domain.decide import Answer, AtCommandLine, alike, decide_alike

    voice = Voice(is_json=as_json)
    given = Answer(take=take.value, fields=dict(_choice(text) for text in field or ()), partner=partner, note=note)
    with state(file) as opened:
        numbers = alike(opened, number) if all_ else [number]
        answer = decide_alike(AtCommandLine(name=person()), opened, numbers, given).shown()
    reviewed.tell_decision(answer, voice)
    voice.answer(answer)
    return NEEDS_PERSON if reviewed.needs_person(answer) else DONE


@app.command("undo")
def undo(number: Number, file: options.Beside = None, as_json: options.Json = False) -> int:
    """Take an answer back: values that it wrote are restored, and the question waits again unless its cause is gone."""
    from tallystick.cli import reviewed
    from tallystick.cli.state import state
    from tallystick.server.review.domain.decide import AtCommandLine, take_back

    voice = Voice(is_json=as_json)
    with state(file) as opened:
        done = take_back(AtCommandLine(name=person()), opened, number)
        answer = opened.review(number)
    voice.say(f"The answer to question {number} is taken back.")
    if done.run:
        voice.say(f"Run {done.run} restored the values that it wrote.")
    if answer.get("fields") or answer.get("message"):
        reviewed.tell(answer, voice)
    voice.answer(answer)
    return DONE


def _choice(text: str) -> tuple[str, str]:
    name, separator, side = text.rpartition("=")
    if not separator or not name or side not in ("left", "right"):
        raise typer.BadParameter(f"{text!r} is not NAME=left or NAME=right", param_hint="--field")
    return name, side
