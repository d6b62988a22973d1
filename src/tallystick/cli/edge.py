"""The one place where errors become words and exit codes. Source: spec/engine.md E30; spec/interface.md.

| exit | means |
|---|---|
| 0 | done |
| 1 | something needs a person: held, conflicts, rejects, refused; or an error that no other code names |
| 2 | the call, the file or the state is wrong; nothing was written |
| 3 | a system could not be reached, or refused us |
| 130 | interrupted; the next run goes on where this one stopped |
"""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any, Final, NoReturn

from tallystick.cli.printable import prepare_streams
from tallystick.cli.voice import as_json, complain, write
from tallystick.errors import (
    CertificateRefused,
    CollectionGone,
    ConfigurationError,
    CursorRefused,
    DocumentError,
    DocumentErrors,
    InputRefused,
    NotFound,
    PermissionRefused,
    SignInFailed,
    SystemFault,
    TallystickError,
    Throttled,
    Unreachable,
)

DONE: Final = 0
NEEDS_PERSON: Final = 1
WRONG_CALL: Final = 2
NOT_REACHED: Final = 3
INTERRUPTED: Final = 130
TERMINATED: Final = 143

_REFUSED_BY_SYSTEM: Final = (
    CertificateRefused,
    CollectionGone,
    CursorRefused,
    PermissionRefused,
    SignInFailed,
    SystemFault,
    Throttled,
    Unreachable,
)
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED: Final = (errno.EACCES, errno.EPERM, errno.EROFS)


def exit_code(error: TallystickError) -> int:
    """The exit code for an error of ours."""
    if isinstance(error, _REFUSED_BY_SYSTEM):
        return NOT_REACHED
    if isinstance(error, (ConfigurationError, InputRefused, NotFound)):
        return WRONG_CALL
    return NEEDS_PERSON


def run(arguments: Sequence[str]) -> int:
    """Runs one command line; the exit code. Nothing is raised, and no traceback is printed."""
    prepare_streams()
    signal.signal(signal.SIGTERM, _terminated)
    is_json = "--json" in _before_dashes(arguments)
    try:
        return _run(list(arguments), is_json=is_json)
    except KeyboardInterrupt:
        return _interrupted(is_json=is_json)


def _run(arguments: list[str], *, is_json: bool) -> int:
    from typer import Abort, TyperException

    from tallystick.cli.app import app

    try:
        code = app(arguments, prog_name="tallystick", standalone_mode=False)
    except TyperException as error:
        return _miscalled(error, is_json=is_json)
    except Abort:
        return _interrupted(is_json=is_json)
    except TallystickError as error:
        return _faulted(error, is_json=is_json)
    except OSError as error:
        return _disturbed(error, is_json=is_json)
    except Exception as error:  # noqa: BLE001  the outermost edge
        return _broken(error, is_json=is_json)
    if code == INTERRUPTED:
        return _interrupted(is_json=is_json)
    return code if isinstance(code, int) else DONE


def _before_dashes(arguments: Sequence[str]) -> Sequence[str]:
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _miscalled(error: Any, *, is_json: bool) -> int:
    """A word, option or argument that the command does not take."""
    context = getattr(error, "ctx", None)
    asked = context.command_path if context is not None else "tallystick"
    message = error.format_message().rstrip(".") + "."
    if type(error).__name__ == "NoArgsIsHelpError":
        if context is not None:
            sys.stderr.write(context.get_help() + "\n")
        message = f"{asked} wants a command."
    return _told("usage", message, f"See `{asked} --help`.", WRONG_CALL, is_json=is_json)


def _faulted(error: TallystickError, *, is_json: bool) -> int:
    code = exit_code(error)
    if isinstance(error, DocumentErrors):
        for fault in error.faults:
            complain(_placed(fault), hint=f"  {fault.hint}" if fault.hint else "")
        count = len(error.faults)
        message = f"{count} faults were found." if count > 1 else _placed(error.faults[0]) if count else error.message
        if count > 1:
            complain(f"{message} Nothing was read or written.")
        if is_json:
            _tell(error.code, message, "", faults=[_fault(fault) for fault in error.faults])
        return code
    if isinstance(error, DocumentError):
        return _faulted(DocumentErrors((error,)), is_json=is_json)
    more: dict[str, Any] = {"recovery": error.recovery.value}
    if isinstance(error, Throttled) and error.retry_after_s is not None:
        more["retry_after_s"] = error.retry_after_s
    return _told(error.code, error.message, error.hint, code, is_json=is_json, **more)


def _placed(fault: DocumentError) -> str:
    place = f"{fault.file}:{fault.line}: " if fault.file and fault.line else f"{fault.file}: " if fault.file else ""
    key = f"{fault.key}: " if fault.key else ""
    return f"{place}{key}{fault.message}"


def _fault(fault: DocumentError) -> Mapping[str, Any]:
    return {
        "file": fault.file,
        "line": fault.line,
        "key": fault.key,
        "message": fault.message,
        "hint": fault.hint,
    }


def _disturbed(error: OSError, *, is_json: bool) -> int:
    """The machine under us: a full disk, a folder one may not write to, too many open files."""
    where = f" at {error.filename}" if isinstance(error.filename, str) else ""
    if error.errno in _FULL:
        message = f"The disk is full, or the largest file allowed is reached{where}."
        hint = "Make room, then run the same command again: it goes on where this one stopped."
        return _told("disk_full", message, hint, WRONG_CALL, is_json=is_json)
    if error.errno in _CLOSED:
        message = f"Not allowed to write{where}: {error.strerror}."
        hint = "Change the permissions, or run the command where it may write."
        return _told("not_allowed", message, hint, WRONG_CALL, is_json=is_json)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        hint = "Raise the limit (ulimit -n), then run the same command again."
        return _told("too_many_files", "Too many files are open.", hint, WRONG_CALL, is_json=is_json)
    return _broken(error, is_json=is_json)


def _broken(error: Exception, *, is_json: bool) -> int:
    """A mistake of ours: the sentence has a reference, the log file of that reference has the rest."""
    from tallystick.cli.crash import keep

    kept = keep(error)
    if isinstance(error, MemoryError):
        message = f"The machine has no memory left (reference {kept.reference})."
    else:
        message = f"Something went wrong that Tallystick did not foresee (reference {kept.reference})."
    if kept.file is not None:
        hint = f"What happened stands in {kept.file}, without secrets; send it with a report. "
    else:
        hint = "What happened could not be written to a log file. "
    hint += "What was written so far is kept; run the same command again to go on."
    return _told("bug", message, hint, NEEDS_PERSON, is_json=is_json, reference=kept.reference)


def _interrupted(*, is_json: bool) -> int:
    message = "Interrupted. What was written so far is kept and noted."
    return _told("interrupted", message, "Run the same command again to go on.", INTERRUPTED, is_json=is_json)


def _told(code: str, message: str, hint: str, exit_: int, *, is_json: bool, **more: Any) -> int:
    complain(message, hint=hint)
    if is_json:
        _tell(code, message, hint, **more)
    return exit_


def _tell(code: str, message: str, hint: str, **more: Any) -> None:
    write(as_json({"error": {"code": code, "message": message, "hint": hint, **more}}) + "\n")


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM leaves like an ordinary end does, so that temporary files go and locks are freed."""
    raise SystemExit(TERMINATED)
