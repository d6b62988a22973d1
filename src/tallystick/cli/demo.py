"""`demo`: the hub with sample records and real systems beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import options
from tallystick.cli.edge import DONE
from tallystick.cli.voice import Voice

NETWORKS = "127.0.0.0/8"
"""The sample systems stand on this machine, which connections of a hub may otherwise not reach."""


def demo(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Where the web listens; 0 takes a free one.")
    ] = 8000,
    data: Annotated[Path, typer.Option("--data", help="The folder of the demo; it goes on where it was.")] = Path(
        ".demo"
    ),
    is_quiet: Annotated[bool, typer.Option("--quiet", help="Nobody works in the systems by themselves.")] = False,
    as_json: options.Json = False,
) -> int:
    """Show the hub at work: sample records, an asset register and an address book beside it, people who edit."""
    import os
    from contextlib import ExitStack

    from tallystick.cli.crash import keep
    from tallystick.cli.logs import set_up
    from tallystick.server.demo import inbox
    from tallystick.server.demo.address_book import serving as serving_book
    from tallystick.server.demo.register import Register
    from tallystick.server.serving import prepare, serving

    folder = data.absolute()
    os.environ["TALLYSTICK_DATA"] = str(folder)
    os.environ.setdefault("TALLYSTICK_ALLOWED_NETWORKS", NETWORKS)
    mail_port, desk_port = inbox.free_port(), inbox.free_port()
    os.environ.setdefault("TALLYSTICK_MAIL_SERVER", f"smtp://127.0.0.1:{mail_port}")
    os.environ.setdefault("TALLYSTICK_MAIL_FROM", inbox.SENDER)
    os.environ.setdefault("TALLYSTICK_MAIL_ADDRESS", inbox.ADDRESS)
    os.environ.setdefault("TALLYSTICK_MAIL_LISTEN", f"127.0.0.1:{desk_port}")
    os.environ.setdefault("TALLYSTICK_DEMO_INBOX", str(folder / "inbox"))
    os.environ.setdefault("TALLYSTICK_REMOTE_URL", "rustdesk://{hostname}")
    if port:
        os.environ.setdefault("TALLYSTICK_ADDRESS", f"http://localhost:{port}")
    set_up(is_json=as_json)
    voice = Voice(is_json=as_json)
    prepare(keep=lambda error: keep(error).reference)

    from tallystick.server.demo import beginning, it_assets
    from tallystick.server.demo.desk import make_desk
    from tallystick.server.demo.life import Places, going_on

    sign_in = beginning.make_people(folder)
    beginning.make_records(voice.say)
    files = folder / "files"
    files.mkdir(exist_ok=True)
    register = Register(files / "register.db")
    beginning.make_register(register, voice.say)
    with ExitStack() as beside:
        book = beside.enter_context(serving_book(folder / "address-book"))
        beginning.make_address_book(book, voice.say)
        beside.enter_context(inbox.serving(folder / "inbox", mail_port))
        make_desk(sign_in.password, voice.say)
        new = beginning.make_integrations(book)
        hub = beside.enter_context(serving("127.0.0.1", port))
        beside.enter_context(beginning.worker())
        beginning.run_all(new)
        if not is_quiet:
            beside.enter_context(going_on(Places(register=register, book=book), is_first=bool(new)))
        address = f"http://localhost:{hub.port}"
        reached = f"http://127.0.0.1:{hub.port}"
        beside.enter_context(it_assets.at_work(reached, folder, voice.say, is_quiet=is_quiet))
        voice.say()
        voice.say(f"Tallystick is at {address}")
        voice.say(f"Sign in as {sign_in.email} with the password {sign_in.password}")
        voice.say(f"Emails of the hub, and emails to it: {address}/demo/inbox/")
        voice.say(f"Its data is in {folder}; delete the folder to begin anew. Stop it with Ctrl-C.")
        voice.answer({"address": address, "port": hub.port, "email": sign_in.email, "password": sign_in.password})
        hub.run()
    return DONE
