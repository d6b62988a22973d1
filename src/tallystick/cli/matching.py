"""`match`: weights learned from the records and the answers, looked at before they are switched on.

Source: spec/engine.md E14, E17.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli import options
from tallystick.cli.edge import DONE
from tallystick.cli.voice import Voice

if TYPE_CHECKING:
    from tallystick.model.flow import Compare

app = typer.Typer(name="match", help="Learn from records and answers who is whom.", no_args_is_help=True)


@app.command("train")
def train(
    file: options.File,
    flow: Annotated[
        str | None,
        typer.Option("--flow", metavar="F", help="The flow, where the file has several.", show_default=False),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=KIND",
            help="Weigh this field too, compared as text, name, code, date, number, email, phone or exact;"
            " may be repeated.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="WEIGHTS",
            help="Write the weights to this file; else to FLOW.weights.yaml beside the integration file.",
            show_default=False,
        ),
    ] = None,
    as_json: options.Json = False,
) -> int:
    """Learn weights from both sides and from past answers, and tell what they would change; nothing is switched on."""
    from tallystick.cli import trained
    from tallystick.cli.artefact import whole
    from tallystick.cli.printable import file_name
    from tallystick.cli.state import workspace
    from tallystick.runs.lessons import lesson_shown
    from tallystick.runs.training import learn
    from tallystick.spec.write import dumps

    voice = Voice(is_json=as_json)
    kinds = dict(_kind(text) for text in field or ())
    with workspace(file) as opened:
        chosen = trained.chosen(opened.integration.flows, flow)
        lesson = learn(opened, chosen, kinds)
    place = out or file.parent / f"{lesson.flow}.weights.yaml"
    with whole(place) as stream:
        stream.write(dumps(lesson.document()))
    trained.tell(lesson, voice)
    voice.say(f"Written to {file_name(place)}. Switch it on with `tallystick match use`.")
    voice.answer({**lesson_shown(lesson), "file": str(place)})
    return DONE


@app.command("use")
def use(
    file: options.File,
    weights: Annotated[
        Path, typer.Argument(metavar="WEIGHTS", help="A file that `match train` wrote.", show_default=False)
    ],
    as_json: options.Json = False,
) -> int:
    """Put weights into the integration file; they hold from the next run on."""
    from tallystick.cli import trained
    from tallystick.cli.printable import file_name, printable

    voice = Voice(is_json=as_json)
    flow = trained.put(file, weights)
    voice.say(f"Flow {printable(flow)} of {file_name(file)} matches by these weights from the next run on.")
    voice.say("Run `tallystick sync --full` once, so that they are asked about every record.")
    voice.answer({"file": str(file), "flow": flow, "weights": str(weights)})
    return DONE


@app.command("rules")
def rules(file: options.File, flows: options.Flows = None, as_json: options.Json = False) -> int:
    """Show how often each match rule was right: what was linked, undone, confirmed and refused."""
    from tallystick.cli import trained
    from tallystick.cli.state import workspace
    from tallystick.runs.lessons import rule_shown
    from tallystick.runs.training import precisions

    voice = Voice(is_json=as_json)
    with workspace(file) as opened:
        found = {flow.name: precisions(opened, flow) for flow in opened.chosen(flows or ())}
    trained.tell_rules(found, voice)
    voice.answer({"flows": {name: [rule_shown(one) for one in of] for name, of in found.items()}})
    return DONE


def _kind(text: str) -> tuple[str, Compare]:
    from tallystick.model.flow import Compare

    name, separator, kind = text.rpartition("=")
    if not separator or not name or kind not in list(Compare):
        raise typer.BadParameter(f"{text!r} is not NAME=KIND", param_hint="--field")
    return name, Compare(kind)
