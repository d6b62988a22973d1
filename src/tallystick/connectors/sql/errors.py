"""What a database or its driver complains about, as an error or an outcome of ours.

Messages of databases quote values and addresses, so none of them is passed on; only names of constraints and
columns are, and what a trigger was written to say.
"""

from __future__ import annotations

import enum
import re
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from tallystick import errors
from tallystick.model.write import Result

if TYPE_CHECKING:
    import psycopg

_ALWAYS: Final = (SQLAlchemyError, sqlite3.Error, OSError)
_DRIVERS: Final = (("psycopg", "Error"), ("pymysql", "MySQLError"), ("adbc_driver_manager", "Error"))
"""What drivers raise that are only imported for a database of theirs: a start is spared 50 ms."""


def foreign() -> tuple[type[BaseException], ...]:
    """Everything the drivers in use raise."""
    return (*_ALWAYS, *(error for module, name in _DRIVERS if (error := _error(module, name)) is not None))


def _error(module: str, name: str) -> type[BaseException] | None:
    return getattr(sys.modules.get(module), name, None)


def _is_of(cause: BaseException, module: str, name: str) -> bool:
    error = _error(module, name)
    return error is not None and isinstance(cause, error)


class Complaint(enum.Enum):
    NO_TABLE = enum.auto()
    NO_COLUMN = enum.auto()
    NO_DATABASE = enum.auto()
    NOT_A_DATABASE = enum.auto()
    SIGN_IN = enum.auto()
    PERMISSION = enum.auto()
    READ_ONLY = enum.auto()
    CERTIFICATE = enum.auto()
    UNREACHABLE = enum.auto()
    BUSY = enum.auto()
    DISK_FULL = enum.auto()
    UNIQUE = enum.auto()
    CONSTRAINT = enum.auto()
    VALUE = enum.auto()
    RAISED = enum.auto()  # a trigger refused
    OTHER = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    complaint: Complaint
    name: str = ""  # of the constraint, the column or the code; for RAISED what the trigger says

    @property
    def is_of_row(self) -> bool:
        """Whether one row is to blame, so that the others may go on."""
        return self.complaint in _OF_ROW


_OF_ROW = {Complaint.UNIQUE, Complaint.CONSTRAINT, Complaint.VALUE, Complaint.RAISED, Complaint.OTHER}


def said(error: BaseException) -> Said:
    """What kind of complaint this is."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    match cause:
        case _ if _is_of(cause, "psycopg", "Error"):
            return _postgres(getattr(cause, "sqlstate", None), str(cause), cast("psycopg.Error", cause))
        case _ if _is_of(cause, "pymysql", "MySQLError"):
            return _mariadb(cause)
        case _ if _is_of(cause, "adbc_driver_manager", "Error"):
            return _postgres(getattr(cause, "sqlstate", None) or None, str(cause), None)
        case sqlite3.Error():
            return _sqlite(str(cause), may_be_raised=isinstance(cause, sqlite3.IntegrityError))
        case OSError():
            return Said(complaint=Complaint.UNREACHABLE)
    return Said(complaint=Complaint.OTHER, name=type(cause).__name__)


def as_error(error: BaseException, *, where: str, record: str = "") -> errors.TallystickError:
    """The error to raise; `where` names the database and `record` the table."""
    found = said(error)
    match found.complaint:
        case Complaint.NO_TABLE:
            return errors.UnknownRecordType(
                f"There is no table {record!r} in {where}.", hint="Correct `record` in the integration file."
            )
        case Complaint.NO_COLUMN:
            return errors.UnknownField(
                f"A column that is needed of {record!r} is not in {where}.",
                hint="Run `tallystick check --connect` to see which one, then correct the integration file.",
            )
        case Complaint.NO_DATABASE:
            return errors.ConfigurationError(f"There is no {where}.", hint="Correct `url` in the integration file.")
        case Complaint.NOT_A_DATABASE:
            return errors.ConfigurationError(
                f"The file of {where} is not a database, or is damaged.", hint="Correct `url` or restore the file."
            )
        case Complaint.SIGN_IN:
            return errors.SignInFailed(
                f"The user name or password for {where} was refused.", hint="Correct it in `url` or in the secret."
            )
        case Complaint.PERMISSION:
            return errors.PermissionRefused(
                f"The user may not do this with {record or 'this table'!r} in {where}.",
                hint="Have the permission granted in the database.",
            )
        case Complaint.READ_ONLY:
            return errors.PermissionRefused(
                f"Nothing can be written to {where}: it is read-only.", hint="Make it writable, then run again."
            )
        case Complaint.CERTIFICATE:
            return errors.CertificateRefused(
                f"The TLS certificate of {where} cannot be trusted.", hint="Check `sslmode` and the certificate."
            )
        case Complaint.UNREACHABLE:
            return errors.Unreachable(f"There is no connection to {where}.", hint="Check that it is there and runs.")
        case Complaint.BUSY:
            return errors.Throttled(f"Another program holds a lock in {where}.", hint="It is tried again.")
        case Complaint.DISK_FULL:
            return errors.SystemFault(f"The disk of {where} is full.", hint="Make room, then run again.")
    return errors.SystemFault(f"{where[:1].upper()}{where[1:]} answered with an error ({found.name or 'no code'}).")


def as_refusal(found: Said) -> tuple[Result, str]:
    """The outcome of one write that its row is to blame for."""
    named = f" {found.name!r}" if found.name else ""
    match found.complaint:
        case Complaint.UNIQUE:
            return Result.EXISTS, f"Another record already has this value (constraint{named})."
        case Complaint.CONSTRAINT:
            return Result.REFUSED, f"The values break the constraint{named} of the table."
        case Complaint.VALUE:
            return Result.REFUSED, f"A value does not fit its column{named}."
        case Complaint.RAISED:
            return Result.REFUSED, f"The database refused the record: {found.name}"
    return Result.REFUSED, f"The database refused the record ({found.name or 'no code'})."


# --- SQLite ------------------------------------------------------------------------------------------------------

_SQLITE: tuple[tuple[str, Complaint], ...] = (
    ("no such table", Complaint.NO_TABLE),
    ("no such column", Complaint.NO_COLUMN),
    ("unable to open database", Complaint.UNREACHABLE),
    ("disk I/O error", Complaint.UNREACHABLE),
    ("is locked", Complaint.BUSY),
    ("readonly database", Complaint.READ_ONLY),
    ("disk is full", Complaint.DISK_FULL),
    ("not a database", Complaint.NOT_A_DATABASE),
    ("malformed", Complaint.NOT_A_DATABASE),
    ("datatype mismatch", Complaint.VALUE),
    ("cannot store", Complaint.VALUE),  # STRICT tables
    ("too large to convert", Complaint.VALUE),
    ("too big", Complaint.VALUE),
)


def _sqlite(message: str, *, may_be_raised: bool) -> Said:
    if found := re.search(r"(UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: (.*))?", message):
        kind = Complaint.UNIQUE if found[1] == "UNIQUE" else Complaint.CONSTRAINT
        return Said(complaint=kind, name=(found[2] or found[1]).removeprefix("index ").strip("'"))
    for words, complaint in _SQLITE:
        if words in message:
            return Said(complaint=complaint)
    if may_be_raised:
        return Said(complaint=Complaint.RAISED, name=message)
    return Said(complaint=Complaint.OTHER, name="SQLite")


# --- PostgreSQL --------------------------------------------------------------------------------------------------

_STATES: Mapping[str, Complaint] = {
    "42P01": Complaint.NO_TABLE,
    "3F000": Complaint.NO_TABLE,
    "42703": Complaint.NO_COLUMN,
    "3D000": Complaint.NO_DATABASE,
    "28P01": Complaint.SIGN_IN,
    "28000": Complaint.SIGN_IN,
    "42501": Complaint.PERMISSION,
    "25006": Complaint.READ_ONLY,
    "53100": Complaint.DISK_FULL,
    "55P03": Complaint.BUSY,
    "57014": Complaint.BUSY,
    "40001": Complaint.BUSY,
    "40P01": Complaint.BUSY,
    "53300": Complaint.BUSY,
    "23505": Complaint.UNIQUE,
    "23P01": Complaint.UNIQUE,
    "P0001": Complaint.RAISED,
}
_CLASSES: Mapping[str, Complaint] = {
    "08": Complaint.UNREACHABLE,
    "57": Complaint.UNREACHABLE,
    "22": Complaint.VALUE,
    "23": Complaint.CONSTRAINT,
    "42": Complaint.VALUE,
}
_CONNECTING = (
    ("certificate", Complaint.CERTIFICATE),
    ("password authentication failed", Complaint.SIGN_IN),
    ("no password supplied", Complaint.SIGN_IN),
    ("no pg_hba.conf entry", Complaint.SIGN_IN),
    ("role ", Complaint.SIGN_IN),
    ("database ", Complaint.NO_DATABASE),
    ("too many", Complaint.BUSY),
)


def _postgres(state: str | None, message: str, error: psycopg.Error | None) -> Said:
    state = state.strip("\0 ") if state else ""
    if not state:
        # Before a session stands, libpq has no code to give, only words of the server.
        fatal = message.partition("FATAL:")[2] or (message if "certificate" in message else "")
        for words, complaint in _CONNECTING:
            if words in fatal:
                return Said(complaint=complaint)
        is_of_connection = error is None or any(
            _is_of(error, "psycopg", name) for name in ("OperationalError", "InterfaceError")
        )
        return Said(complaint=Complaint.UNREACHABLE if is_of_connection else Complaint.VALUE)
    complaint = _STATES.get(state) or _CLASSES.get(state[:2]) or Complaint.OTHER
    name = state
    if error is not None:
        if complaint is Complaint.RAISED:
            name = error.diag.message_primary or state
        else:
            name = error.diag.constraint_name or error.diag.column_name or state
    return Said(complaint=complaint, name=name)


# --- MariaDB and MySQL -------------------------------------------------------------------------------------------

_NUMBERS: Mapping[int, Complaint] = {
    1146: Complaint.NO_TABLE,
    1054: Complaint.NO_COLUMN,
    1049: Complaint.NO_DATABASE,
    1045: Complaint.SIGN_IN,
    1698: Complaint.SIGN_IN,
    1044: Complaint.PERMISSION,
    1142: Complaint.PERMISSION,
    1143: Complaint.PERMISSION,
    1227: Complaint.PERMISSION,
    1290: Complaint.READ_ONLY,
    1792: Complaint.READ_ONLY,
    1836: Complaint.READ_ONLY,
    2002: Complaint.UNREACHABLE,
    2003: Complaint.UNREACHABLE,
    2005: Complaint.UNREACHABLE,
    2006: Complaint.UNREACHABLE,
    2013: Complaint.UNREACHABLE,
    2014: Complaint.UNREACHABLE,
    1053: Complaint.UNREACHABLE,
    1927: Complaint.UNREACHABLE,
    0: Complaint.UNREACHABLE,  # a connection closed by ourselves or by the server
    1205: Complaint.BUSY,
    1213: Complaint.BUSY,
    1020: Complaint.BUSY,
    1040: Complaint.BUSY,
    1203: Complaint.BUSY,
    1021: Complaint.DISK_FULL,
    1114: Complaint.DISK_FULL,
    1062: Complaint.UNIQUE,
    1169: Complaint.UNIQUE,
    1048: Complaint.CONSTRAINT,
    1364: Complaint.CONSTRAINT,
    1451: Complaint.CONSTRAINT,
    1452: Complaint.CONSTRAINT,
    4025: Complaint.CONSTRAINT,
    3819: Complaint.CONSTRAINT,
    1264: Complaint.VALUE,
    1265: Complaint.VALUE,
    1292: Complaint.VALUE,
    1366: Complaint.VALUE,
    1406: Complaint.VALUE,
    1644: Complaint.RAISED,
}


def _mariadb(error: BaseException) -> Said:
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    message = str(error.args[1]) if len(error.args) > 1 else ""
    if "CERTIFICATE_VERIFY_FAILED" in message:
        return Said(complaint=Complaint.CERTIFICATE)
    complaint = _NUMBERS.get(number, Complaint.OTHER)
    if complaint is Complaint.RAISED:
        return Said(complaint=complaint, name=message)
    for pattern in (r"for key '([^']*)'", r"CONSTRAINT [`']([^`']*)[`']", r"(?:[Cc]olumn|[Ff]ield) '([^']*)'"):
        if complaint is not Complaint.OTHER and (found := re.search(pattern, message)):
            return Said(complaint=complaint, name=found[1])
    return Said(complaint=complaint, name=str(number))
