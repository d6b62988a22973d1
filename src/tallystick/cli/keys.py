"""`keys`: the keys that secrets of the hub are encrypted with."""

from __future__ import annotations

import typer

from tallystick.cli import options
from tallystick.cli.edge import DONE
from tallystick.cli.voice import Voice

app = typer.Typer(help="The keys that encrypt the secrets of the hub.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def rotate(as_json: options.Json = False) -> int:
    """Make a new key (where keys are in the hub's file), and encrypt every secret anew with the newest key."""
    import os

    from tallystick.cli.planned import counted
    from tallystick.errors import ConfigurationError
    from tallystick.server.configuration import Configuration, add_key
    from tallystick.server.serving import prepare

    voice = Voice(is_json=as_json)
    configuration = Configuration.from_environment()
    if not configuration.secret_keys:
        raise ConfigurationError(
            f"There is no hub here: no secret keys in {configuration.data}.",
            hint="Name the hub by TALLYSTICK_DATA, or its keys by TALLYSTICK_SECRET_KEYS.",
        )
    is_own = bool(os.environ.get("TALLYSTICK_SECRET_KEYS"))
    if not is_own:
        add_key(configuration.data)
    prepare()
    from tallystick.server.connections.vault import rotate as rotate_all
    from tallystick.server.people.actor import system_actor
    from tallystick.server.people.domain.audit import audit

    count = rotate_all()
    rotater = system_actor(options.person(), via="command line")
    audit(rotater, "connections.rotate_keys", details={"secrets": count, "new key": not is_own})
    voice.say(f"{counted(count, 'secret')} encrypted with the newest key.")
    if is_own:
        voice.say("Older keys may now go from TALLYSTICK_SECRET_KEYS; whoever is signed in by them signs in again.")
    else:
        voice.say(f"The older keys are still in {configuration.data}: a backup from before needs them.")
    voice.say("Restart the hub and its workers when it suits: they read secrets by the new key already.")
    voice.answer({"rotated": count, "is_new_key": not is_own})
    return DONE
