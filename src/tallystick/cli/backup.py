"""`backup` and `restore`: a hub on SQLite in one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tallystick.cli import options
from tallystick.cli.edge import DONE
from tallystick.cli.voice import Voice

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="The hub's folder; else TALLYSTICK_DATA, else tallystick-data here.", show_default=False
    ),
]


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to write, like hub-2026-11-22.tar.gz.")],
    data: Data = None,
    as_json: options.Json = False,
) -> int:
    """Write the hub's database and secret keys into one file, while the hub runs."""
    from tallystick.server.backup import back_up

    voice = Voice(is_json=as_json)
    kept = back_up(_configuration(data), file.absolute())
    voice.say(f"{file}: the hub as it is now ({kept.database_bytes / 1e6:,.1f} MB). Keep it as safe as the hub itself.")
    if not kept.has_keys:
        voice.say("The secret keys are not in it: they come from TALLYSTICK_SECRET_KEYS. Keep them too.")
    voice.answer(_shown(file, kept))
    return DONE


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `tallystick backup` wrote.")],
    data: Data = None,
    as_json: options.Json = False,
) -> int:
    """Make a hub of a backup, in a folder that has none; its integrations are switched off."""
    from tallystick.server.backup import restore as bring_back

    voice = Voice(is_json=as_json)
    kept = bring_back(file.absolute(), _configuration(data))
    voice.say(f"Restored the hub of {kept.made_at} (version {kept.version}).")
    voice.say("Its integrations are switched off: it does not know what runs created since. Rebuild the links of each")
    voice.say("(`tallystick links rebuild`), look at a dry run, then switch it on.")
    if not kept.has_keys:
        voice.say("The backup holds no secret keys: give the hub the ones it had by TALLYSTICK_SECRET_KEYS.")
    voice.answer(_shown(file, kept))
    return DONE


def _configuration(data: Path | None) -> Any:
    import os

    from tallystick.server.configuration import Configuration

    if data is not None:
        os.environ["TALLYSTICK_DATA"] = str(data)
    return Configuration.from_environment()


def _shown(file: Path, kept: Any) -> dict[str, Any]:
    return {
        "file": str(file),
        "made_at": kept.made_at,
        "version": kept.version,
        "database_bytes": kept.database_bytes,
        "has_keys": kept.has_keys,
    }
