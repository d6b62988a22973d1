"""`links`: the link table as a file, from a file, and found anew. Source: spec/engine.md E34."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import options
from tallystick.cli.edge import DONE
from tallystick.cli.voice import Voice

app = typer.Typer(name="links", help="Export, import or rebuild the link table.", no_args_is_help=True)


@app.command("export")
def export(
    file: options.File,
    out: Annotated[
        Path | None,
        typer.Option(metavar="LINKS", help="Write to this file instead of standard output.", show_default=False),
    ] = None,
    as_json: options.Json = False,
) -> int:
    """Write the links, one line of JSON each."""
    from tallystick.cli import linked
    from tallystick.cli.printable import file_name
    from tallystick.cli.state import workspace
    from tallystick.runs.links import export

    voice = Voice(is_json=as_json)
    with workspace(file) as opened:
        if out is not None:
            count = linked.keep(export(opened), out)
        else:
            count = linked.print_out(export(opened), is_json=as_json)
    if out is not None:
        voice.say(f"{count:,} links written to {file_name(out)}.")
        voice.answer({"exported": count, "file": str(out)})
    return DONE


@app.command("import")
def import_(
    file: options.File,
    links: Annotated[
        Path, typer.Argument(metavar="LINKS", help="A file that `links export` wrote.", show_default=False)
    ],
    as_json: options.Json = False,
) -> int:
    """Keep the links of a file instead of those of the flows it names."""
    from tallystick.cli import linked
    from tallystick.cli.state import workspace
    from tallystick.runs.links import restore

    voice = Voice(is_json=as_json)
    lines = linked.read(links)
    with workspace(file) as opened:
        count = restore(opened, lines)
    voice.say(f"{count:,} links are kept; the next run compares everything.")
    voice.answer({"imported": count})
    return DONE


@app.command("rebuild")
def rebuild(file: options.File, as_json: options.Json = False) -> int:
    """Find the links again from both sides; creates, changes and deletes no record."""
    from tallystick.cli import reported
    from tallystick.cli.state import workspace
    from tallystick.runs import links

    voice = Voice(is_json=as_json)
    with workspace(file) as opened:
        report = links.rebuild(opened)
    return reported.tell(report, voice)
