"""`serve`: the hub, in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import options
from tallystick.cli.edge import DONE
from tallystick.cli.voice import Voice

LOCAL = ("127.0.0.1", "localhost", "::1")


def serve(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Where the web listens; 0 takes a free one.")
    ] = 8000,
    host: Annotated[str, typer.Option("--host", help="The address it listens on; 0.0.0.0 is every one.")] = "127.0.0.1",
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="The folder of database and keys; else TALLYSTICK_DATA, else tallystick-data here.",
            show_default=False,
        ),
    ] = None,
    as_json: options.Json = False,
) -> int:
    """Serve the hub: web, API and the runs of its integrations. The first start prints the link to sign in with."""
    import os

    from tallystick.cli.crash import keep
    from tallystick.cli.logs import set_up
    from tallystick.server.serving import prepare, serving

    if data is not None:
        os.environ["TALLYSTICK_DATA"] = str(data)
    set_up(is_json=as_json)
    voice = Voice(is_json=as_json)
    prepared = prepare(keep=lambda error: keep(error).reference)
    with serving(host, port) as hub:
        shown = "localhost" if host in (*LOCAL, "0.0.0.0", "::") else host  # noqa: S104
        address = prepared.configuration.address or f"http://{shown}:{hub.port}"
        if prepared.welcome:
            voice.say(f"Nobody can sign in yet. Make the first administrator here: {address}{prepared.welcome}")
        voice.say(f"Tallystick is at {address}. Its data is in {prepared.configuration.data}. Stop it with Ctrl-C.")
        voice.answer({"address": address, "port": hub.port, "welcome": prepared.welcome or None})
        hub.run()
    return DONE
