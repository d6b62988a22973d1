"""`check`, `describe` and `schema`: what an integration file says, and whether it fits."""

from __future__ import annotations

from typing import Annotated

import typer

from tallystick.cli import options
from tallystick.cli.edge import DONE
from tallystick.cli.voice import Voice


def check(
    file: options.File,
    connect: Annotated[
        bool, typer.Option("--connect", help="Also reach the systems and look for the tables and fields.")
    ] = False,
    as_json: options.Json = False,
) -> int:
    """Validate the integration file."""
    from tallystick.cli.printable import file_name, printable

    voice = Voice(is_json=as_json)
    found: list[str] = []
    if connect:
        from tallystick.cli.state import workspace

        with workspace(file) as opened:
            integration = opened.integration
            found = opened.check()
    else:
        from tallystick.spec import load

        integration = load(file).integration
    flows = [flow.name for flow in integration.flows]
    many = "1 flow" if len(flows) == 1 else f"{len(flows)} flows"
    voice.say(f"{file_name(file)} is sound: {integration.name}, {many} ({printable(', '.join(flows))}).")
    for sentence in found:
        voice.say(printable(sentence))
    voice.answer(
        {
            "file": str(file),
            "integration": integration.name,
            "title": integration.title,
            "systems": {name: system.connector for name, system in integration.systems.items()},
            "flows": flows,
            "fingerprint": integration.fingerprint,
            "is_connected": connect,
            "found": found,
        }
    )
    return DONE


def describe(
    file: options.File,
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="A name under `systems`.", show_default=False)],
    as_json: options.Json = False,
) -> int:
    """Show what a system offers: record types, fields, types, capabilities."""
    from tallystick.cli import described
    from tallystick.cli.state import workspace

    voice = Voice(is_json=as_json)
    with workspace(file) as opened:
        description = opened.describe(system)
    described.tell(system, description, voice)
    voice.answer({"system": system, **described.as_answer(description)})
    return DONE


def schema(as_json: options.Json = False) -> int:
    """Print the JSON Schema of the integration file, for editors; always JSON."""
    from tallystick.cli.voice import as_json as spelled
    from tallystick.cli.voice import write
    from tallystick.spec.schema import json_schema

    write(spelled(json_schema()) + "\n")
    return DONE
