"""`register`: one change, confirmed by the other system first where the file says so. Source: spec/engine.md E36."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from tallystick.cli import options
from tallystick.cli.edge import DONE, NEEDS_PERSON, NOT_REACHED
from tallystick.cli.voice import Voice

NEW: Final = "new"


def register(
    file: options.File,
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="The flow that is about the record.", show_default=False)],
    system: Annotated[
        str,
        typer.Argument(
            metavar="SYSTEM", help="Where it is registered: a name under `systems`, or left, right.", show_default=False
        ),
    ],
    id_: Annotated[
        str, typer.Argument(metavar="ID", help="The record's id there, or the word new.", show_default=False)
    ],
    fields: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD=VALUE...", help="The fields of the record there; FIELD= alone clears it.", show_default=False
        ),
    ],
    as_json: options.Json = False,
) -> int:
    """Register a change of one record, confirmed by the other system first where the file says so."""
    from tallystick.cli.printable import printable
    from tallystick.cli.state import workspace
    from tallystick.engine.proposal import Ending

    voice = Voice(is_json=as_json)
    values = dict(_field(one) for one in fields)
    with workspace(file) as opened:
        registered = opened.register(flow, system, None if id_ == NEW else id_, values)
        shown = registered.shown()
        voice.say(f"{_WORDS[registered.ending.value]}: {printable(registered.message)}")
        for end in (shown["record"], shown["partner"]):
            if end["id"] is not None:
                voice.say(printable(f"  {end['system']} {end['id']}"))
        voice.answer(shown)
    if registered.ending is Ending.DOWN:
        return NOT_REACHED
    return DONE if registered.answer.is_registered else NEEDS_PERSON


_WORDS: Final = {
    "confirmed": "Confirmed",
    "registered": "Registered",
    "refused": "Refused",
    "timed_out": "Timed out",
    "down": "Refused",
}


def _field(text: str) -> tuple[str, str | None]:
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise typer.BadParameter(f"{text!r} is not FIELD=VALUE.")
    return name, value or None
