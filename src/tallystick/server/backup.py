"""A hub on SQLite in one file, and back: its database as it is at one moment, while it runs, and its secret keys.

What systems hold is theirs and stands in their own backups. A restored hub remembers less than the systems have seen:
records that runs created since would be strangers to it, and would be created once more. So its integrations are
switched off and their next comparison is a full one; whoever restored it rebuilds the links, then switches them on.
Importing this module imports no Django.
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tallystick import __version__
from tallystick.errors import ConfigurationError, StateUnusable
from tallystick.server.configuration import KEYS_FILE, Configuration
from tallystick.server.state.address import address_of

DATABASE: Final = "hub.db"
ABOUT: Final = "about.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What went into a backup, or came out of one. `made_at` and `version`: when, and of which hub."""

    made_at: str
    version: str
    database_bytes: int
    has_keys: bool


def back_up(configuration: Configuration, target: Path) -> Kept:
    """Writes the backup, readable by its owner alone; the hub may go on meanwhile.

    Raises ConfigurationError where there is nothing to back up or the file is there, StateUnusable.
    """
    database = _file_of(configuration)
    if not database.is_file():
        raise ConfigurationError(
            f"There is no hub here: {database} does not exist.", hint="Name its folder by --data or TALLYSTICK_DATA."
        )
    if target.exists():
        raise ConfigurationError(
            f"{target} is there already.", hint="Name a file that is not; backups are never overwritten."
        )
    keys = configuration.data / KEYS_FILE
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".tallystick-backup-") as folder:
            copy = Path(folder) / DATABASE
            with closing(sqlite3.connect(database, timeout=60)) as source, closing(sqlite3.connect(copy)) as into:
                source.backup(into)  # one snapshot: in steps it would begin anew with every write of the hub
            kept = Kept(
                made_at=made_at, version=__version__, database_bytes=copy.stat().st_size, has_keys=keys.is_file()
            )
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(handle, "wb") as stream, tarfile.open(fileobj=stream, mode="w:gz", compresslevel=3) as archive:
                _add_text(archive, ABOUT, json.dumps({"made_at": kept.made_at, "version": kept.version}))
                archive.add(copy, DATABASE)
                if kept.has_keys:
                    archive.add(keys, KEYS_FILE)
        unfinished.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise StateUnusable(
            f"The backup {target} was not written: {error}.",
            hint="Check that the disk has room for the database twice.",
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return kept


def restore(source: Path, configuration: Configuration) -> Kept:
    """Makes a hub of a backup in the data folder, where none is yet; its integrations are switched off.

    Raises ConfigurationError when there is a hub already or the file is no backup, StateUnusable.
    """
    database = _file_of(configuration)
    keys = configuration.data / KEYS_FILE
    if database.exists():
        raise ConfigurationError(
            f"{database} is there already.", hint="Name an empty folder by --data, or move it away."
        )
    unfinished = database.with_name(f".{database.name}.restoring")
    try:
        configuration.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tarfile.open(source, mode="r:gz") as archive:
            about = json.loads(_read(archive, ABOUT, source))
            has_keys = KEYS_FILE in archive.getnames()
            _write(unfinished, _member(archive, DATABASE, source))
            _make_ready(unfinished)
            if has_keys and not keys.exists():
                _write(keys, io.BytesIO(_read(archive, KEYS_FILE, source)))
        size = unfinished.stat().st_size
        unfinished.rename(database)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise ConfigurationError(
            f"{source} is no backup of a hub: {error}.", hint="`tallystick backup` makes one."
        ) from error
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{source} does not exist.", hint="Name the file that `tallystick backup` made."
        ) from error
    except (OSError, sqlite3.Error) as error:
        raise StateUnusable(f"The backup was not restored: {error}.", hint="Nothing of it was kept.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return Kept(
        made_at=str(about.get("made_at", "")),
        version=str(about.get("version", "")),
        database_bytes=size,
        has_keys=has_keys,
    )


def _file_of(configuration: Configuration) -> Path:
    file = address_of(configuration.database_url).file
    if file is None:
        raise ConfigurationError(
            "The hub's database is in PostgreSQL, which has its own way.",
            hint="Use pg_dump and pg_restore, and keep a copy of the secret keys; see the page Back up and restore.",
        )
    return file


def _make_ready(database: Path) -> None:
    """The database is whole, nothing runs by itself, and the next comparison is a full one."""
    with closing(sqlite3.connect(database)) as connection, connection:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"the database in it is damaged ({verdict})")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "designer_integration" in tables:
            connection.execute("UPDATE designer_integration SET is_enabled = 0")
        if "state_scope" in tables:
            connection.execute("UPDATE state_scope SET cursors = '{}', last_full_at = ''")


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(text.encode()), 0o600
    archive.addfile(info, io.BytesIO(text.encode()))


def _member(archive: tarfile.TarFile, name: str, source: Path) -> io.BufferedReader:
    """Only files of names we know are read, so that no path of an archive is ever followed."""
    found = archive.extractfile(name) if name in archive.getnames() else None
    if found is None:
        raise ValueError(f"{source.name} holds no {name}")
    return found  # type: ignore[return-value]


def _read(archive: tarfile.TarFile, name: str, source: Path) -> bytes:
    with _member(archive, name, source) as stream:
        return stream.read()


def _write(file: Path, stream: io.BufferedIOBase) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with stream, open(handle, "wb") as into:
        while part := stream.read(1 << 20):
            into.write(part)
