"""The program and its commands. Nothing heavy is imported here: `tallystick --help` has to be there at once."""

from __future__ import annotations

from typing import Annotated

import typer

from tallystick import __version__
from tallystick.cli import (
    backup,
    demo,
    documents,
    history,
    keys,
    links,
    matching,
    register,
    review,
    running,
    serve,
    tour,
    why,
    worker,
)

app = typer.Typer(
    name="tallystick",
    help="Keeps a service CRM and the systems around it in agreement, both ways.",
    epilog="Exit codes: 0 done, 1 something needs a person, 2 wrong call or file, 3 a system could not be reached.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: Rich takes three times as long as all the rest
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"tallystick {__version__}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Keeps a service CRM and the systems around it in agreement, both ways."""
    from tallystick import connectors

    for kind, room in (("records", "records"), ("discovery", "discovery"), ("register", "registers")):
        connectors.add(kind, f"tallystick.server.{room}.connector")  # of a room above the connectors


app.command()(documents.check)
app.command()(documents.describe)
app.command()(documents.schema)
app.command()(running.plan)
app.command()(running.apply)
app.command()(running.sync)
app.command()(register.register)
app.add_typer(review.app, name="review")
app.command()(history.runs)
app.command()(history.journal)
app.command()(why.why)
app.command()(running.undo)
app.add_typer(links.app, name="links")
app.add_typer(matching.app, name="match")
app.command()(serve.serve)
app.command()(worker.worker)
app.command()(worker.pause)
app.command()(worker.resume)
app.add_typer(keys.app, name="keys")
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(demo.demo)
app.command()(tour.tour)
