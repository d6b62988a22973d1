"""What a database says went wrong, told in the product's errors (spec/engine.md E30)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from django.db import utils

from tallystick.errors import RecordError, SignInFailed, StateUnusable, TallystickError, Unreachable

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_READ_ONLY = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NO_LOGIN = ("password", "authentication", "pg_hba.conf", "role")  # libpq gives no code before one is signed in


@contextmanager
def told(title: str) -> Iterator[None]:
    """Raises StateUnusable, SignInFailed, Unreachable or RecordError for what the database could not do.

    `title` names the database without its password. Broken constraints pass through: they mean something to
    the caller.
    """
    try:
        yield
    except utils.IntegrityError:
        raise
    except utils.DatabaseError as error:
        raise _error(title, error) from error
    except utils.InterfaceError as error:
        raise _lost(title) from error
    except (UnicodeEncodeError, orjson.JSONEncodeError) as error:
        raise RecordError(
            "A value holds half of a surrogate pair, which is no character; nothing of its batch was kept.",
            hint="Correct the record in the system it comes from.",
        ) from error


def _error(title: str, error: utils.DatabaseError) -> TallystickError:
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return _sqlite(title, getattr(cause, "sqlite_errorcode", 0) & 0xFF, str(cause))
    return _postgresql(title, getattr(cause, "sqlstate", None), error)


def _sqlite(title: str, code: int, words: str) -> TallystickError:
    if code in _BUSY:
        return Unreachable(
            f"The state database {title} stayed locked by another process.", hint="Try again when it has finished."
        )
    if code in _READ_ONLY:
        return read_only(title)
    if code == sqlite3.SQLITE_CANTOPEN:
        return StateUnusable(
            f"The state database {title} cannot be opened.",
            hint="Check that its folder exists and may be written by this user.",
        )
    if code == sqlite3.SQLITE_FULL:
        return disk_full(title)
    if code == sqlite3.SQLITE_IOERR:
        return StateUnusable(
            f"The disk refused to read or write the state database {title}.",
            hint="Check that the disk is healthy and has room.",
        )
    if code in _DAMAGED:
        return StateUnusable(
            f"The file {title} is damaged or is no SQLite database; nothing was changed.",
            hint="Restore it from a backup, or name another file.",
        )
    return StateUnusable(f"The state database {title} refused a statement: {words}.")


def _postgresql(title: str, state: str | None, error: utils.DatabaseError) -> TallystickError:
    words = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    match (state or "")[:2]:
        case "28":
            return _refused(title)
        case "08" | "57":
            return _lost(title)
        case "40" | "55":
            return Unreachable(f"The state database {title} was busy with another process.", hint="Try again.")
        case "53":
            return disk_full(title) if state == "53100" else _lost(title)
        case "25" if state == "25006":
            return read_only(title)
        case "42" if state == "42501":
            return read_only(title)
        case "3D":
            return _missing(title)
        case "XX":
            return StateUnusable(
                f"The state database {title} reports damage: {words}.", hint="Restore it from a backup."
            )
        case "22" if "NUL" in words or "0x00" in words:
            return RecordError("A value holds a NUL character; nothing of its batch was kept.")
        case "":
            return _without_state(title, str(error))
    return StateUnusable(f"The state database {title} refused a statement: {words}.")


def _without_state(title: str, words: str) -> TallystickError:
    if "FATAL" in words and "database" in words and "does not exist" in words:
        return _missing(title)
    if "FATAL" in words and any(word in words for word in _NO_LOGIN):
        return _refused(title)
    if "no password supplied" in words:
        return _refused(title)
    if "NUL" in words:
        return RecordError("A value holds a NUL character; nothing of its batch was kept.")
    return _lost(title)


def read_only(title: str) -> StateUnusable:
    return StateUnusable(
        f"The state database {title} may only be read, not written.",
        hint="Give this user the right to write it and its folder.",
    )


def disk_full(title: str) -> StateUnusable:
    return StateUnusable(
        f"The disk of the state database {title} is full; the last change was not kept.",
        hint="Make room, then run again: nothing is lost.",
    )


def _missing(title: str) -> StateUnusable:
    return StateUnusable(f"There is no database {title}.", hint="Create it, or correct TALLYSTICK_DATABASE_URL.")


def _refused(title: str) -> SignInFailed:
    return SignInFailed(
        f"The server of the state database {title} refused the user name or the password.",
        hint="Correct TALLYSTICK_DATABASE_URL.",
    )


def _lost(title: str) -> Unreachable:
    return Unreachable(
        f"The server of the state database {title} does not answer.", hint="Check that it runs, then try again."
    )
