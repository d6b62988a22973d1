"""`runs` and `journal`: what was done, before and after."""

from __future__ import annotations

from typing import Annotated

import typer

from tallystick.cli import options
from tallystick.cli.edge import DONE
from tallystick.cli.voice import Voice


def runs(
    run: Annotated[str | None, typer.Argument(metavar="[ID]", help="One run, in detail.", show_default=False)] = None,
    limit: options.Limit = 20,
    file: options.Beside = None,
    as_json: options.Json = False,
) -> int:
    """List the runs, the newest first, or show one."""
    from tallystick.cli import past
    from tallystick.cli.state import state

    voice = Voice(is_json=as_json)
    with state(file) as opened:
        found = opened.runs(run, limit=limit)
    if run is not None:
        past.tell_run(found[0], voice)
    else:
        past.tell_runs(found, voice)
    voice.answer({"runs": found})
    return DONE


def journal(
    record: Annotated[
        str | None,
        typer.Option(metavar="SYSTEM:TYPE:ID", help="Only what concerns this record.", show_default=False),
    ] = None,
    run: Annotated[str | None, typer.Option(metavar="R", help="Only what this run did.", show_default=False)] = None,
    limit: options.Limit = 200,
    file: options.Beside = None,
    as_json: options.Json = False,
) -> int:
    """Show operations with their values before and after, the newest first."""
    from tallystick.cli import past
    from tallystick.cli.state import state

    voice = Voice(is_json=as_json)
    place = _record(record) if record is not None else None
    with state(file) as opened:
        found = opened.journal(record=place, run=run, limit=limit)
    past.tell_journal(found, voice)
    voice.answer({"operations": found})
    return DONE


def _record(text: str) -> tuple[str, str, str]:
    """System, record type and id; the id may hold colons itself."""
    system, first, rest = text.partition(":")
    record_type, second, id_ = rest.partition(":")
    if not (first and second and system and record_type and id_):
        raise typer.BadParameter(f"{text!r} is not SYSTEM:TYPE:ID, such as crm:contact:17", param_hint="--record")
    return system, record_type, id_
