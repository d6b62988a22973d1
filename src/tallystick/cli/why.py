"""`why`: is a record in sync, and if not, why; and where each of its values came from. Source: spec/engine.md E35."""

from __future__ import annotations

from typing import Annotated

import typer

from tallystick.cli import options
from tallystick.cli.edge import DONE
from tallystick.cli.voice import Voice


def why(
    file: options.File,
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="A name under `systems`.", show_default=False)],
    record_type: Annotated[
        str, typer.Argument(metavar="TYPE", help="Its table, collection or entity set.", show_default=False)
    ],
    id_: Annotated[str, typer.Argument(metavar="ID", help="The record's id there.", show_default=False)],
    as_json: options.Json = False,
) -> int:
    """Say whether a record is in sync, and if not, why."""
    from tallystick.cli.state import workspace

    voice = Voice(is_json=as_json)
    with workspace(file) as opened:
        answer = opened.why(system, record_type, id_)
    for one in answer.get("flows", [answer]):
        tell(one, voice)
    voice.answer(answer)
    return DONE


def tell(answer: dict[str, object], voice: Voice) -> None:
    from rich.text import Text

    from tallystick.cli.differences import shortened
    from tallystick.cli.past import moment
    from tallystick.cli.printable import printable

    voice.say(Text(printable(str(answer["record"])), style="bold"))
    style = "green" if answer["in_sync"] else "yellow"
    voice.say(Text(printable(str(answer["answer"])), style=style))
    details, fields = answer["details"], answer["fields"]
    if isinstance(details, list):
        for sentence in details:
            if str(sentence) not in str(answer["answer"]):
                voice.say(printable(f"  {sentence}"))
    if isinstance(fields, dict) and any(origin["value"] is not None or origin["run"] for origin in fields.values()):
        voice.table(
            ("  field", "value", "from", "by run", "rule", "at"),
            [
                (
                    printable(f"  {name}"),
                    shortened(origin["value"], 40),
                    str(origin["from_side"]),
                    str(origin["run"] or ""),
                    printable(str(origin["rule"])),
                    moment(origin["at"]),
                )
                for name, origin in fields.items()
            ],
        )
