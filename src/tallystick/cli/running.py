"""`plan`, `apply`, `sync` and `undo`: the commands that read and write systems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import options
from tallystick.cli.edge import DONE, NEEDS_PERSON
from tallystick.cli.voice import Voice


def plan(
    file: options.File,
    flow: options.Flows = None,
    full: options.Full = False,
    out: Annotated[
        Path | None, typer.Option(metavar="P.json", help="Keep the plan in this file.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="Operations shown per flow; 0 shows all.")] = 100,
    as_json: options.Json = False,
) -> int:
    """Show what a run would do; writes nothing to either side."""
    from tallystick.cli import planned
    from tallystick.cli.printable import file_name
    from tallystick.cli.state import workspace
    from tallystick.runs.plans import make_plan

    voice = Voice(is_json=as_json)
    with workspace(file) as opened:
        artefact = make_plan(opened, flow or (), is_full=full)
    if out is not None:
        from tallystick.cli import artefact as artefacts

        artefacts.keep(artefact, out)
    planned.tell(artefact, voice, limit=limit)
    if out is not None:
        voice.say(f"Kept in {file_name(out)}; carry it out with `tallystick apply {file_name(out)}`.")
    voice.answer(artefact)
    return NEEDS_PERSON if planned.needs_person(artefact) else DONE


def apply(
    plan: Annotated[Path, typer.Argument(metavar="P.json", help="A file that `plan --out` kept.", show_default=False)],
    as_json: options.Json = False,
) -> int:
    """Carry out exactly that plan; refuses what moved since."""
    from tallystick.cli import artefact as artefacts
    from tallystick.cli import reported
    from tallystick.cli.state import workspace
    from tallystick.runs.plans import apply_plan

    voice = Voice(is_json=as_json)
    artefact = artefacts.read(plan)
    with workspace(Path(artefact["file"])) as opened:
        report = apply_plan(opened, artefact)
    return reported.tell(report, voice)


def sync(
    file: options.File,
    flow: options.Flows = None,
    full: options.Full = False,
    approve: options.Approve = False,
    as_json: options.Json = False,
) -> int:
    """Plan and apply in one; held by guards unless approved."""
    from tallystick.cli import reported
    from tallystick.cli.state import workspace

    voice = Voice(is_json=as_json)
    with workspace(file) as opened:
        report = opened.sync(flow or (), is_full=full, approval=approve)
    return reported.tell(report, voice)


def undo(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="The run; `tallystick runs` lists them.", show_default=False)
    ],
    approve: options.Approve = False,
    file: options.Beside = None,
    as_json: options.Json = False,
) -> int:
    """Take a run back by compensating operations, through the same guards."""
    from tallystick.cli import reported
    from tallystick.cli.state import state

    voice = Voice(is_json=as_json)
    with state(file) as opened:
        report = opened.undo(run, is_approved=approve)
    return reported.tell(report, voice)
