"""`worker`, `pause` and `resume`: runs by themselves, in a process that stays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tallystick.cli import options
from tallystick.cli.edge import DONE, NEEDS_PERSON, NOT_REACHED, exit_code
from tallystick.cli.voice import Voice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from tallystick.runs.durable import Done
    from tallystick.runs.worker import Worker

Flow = Annotated[
    str, typer.Option("--flow", metavar="F", help="Only this flow; else the whole integration.", show_default=False)
]


def worker(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Integration files; none: those of the hub.", show_default=False),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then exit.")] = False,
    as_json: options.Json = False,
) -> int:
    """Run flows on their schedules until it is stopped; finishes the batch at hand and leaves the rest resumable."""
    import threading

    from tallystick.cli.logs import set_up

    set_up(is_json=as_json)
    opened = _of_files(files) if files else _of_hub()
    is_main = threading.current_thread() is threading.main_thread()
    restore = _heed_signals(opened) if is_main else []
    try:
        code = _code(opened.once()) if once else _endless(opened)
    finally:
        for number, handler in restore:
            _handle(number, handler)
    _leave(code)
    return code


def pause(file: options.File, flow: Flow = "", as_json: options.Json = False) -> int:
    """Pause a flow or integration: no run begins on schedule, one that is going stops after the batch at hand."""
    return _change(file, flow, is_pause=True, as_json=as_json)


def resume(file: options.File, flow: Flow = "", as_json: options.Json = False) -> int:
    """Let a paused flow or integration go on; what was left is finished first."""
    return _change(file, flow, is_pause=False, as_json=as_json)


def _change(file: Path, flow: str, *, is_pause: bool, as_json: bool) -> int:
    import os
    from datetime import UTC, datetime

    from tallystick.cli.printable import printable
    from tallystick.errors import ConfigurationError
    from tallystick.runs.jobs import open_jobs
    from tallystick.runs.pauses import Pauses
    from tallystick.runs.workspace import database_url
    from tallystick.spec import load

    voice = Voice(is_json=as_json)
    integration = load(file).integration
    names = [one.name for one in integration.flows]
    if flow and flow not in names:
        raise ConfigurationError(f"There is no flow {flow!r}.", hint=f"There are: {', '.join(sorted(names))}.")
    jobs = open_jobs(database_url(file, os.environ))
    try:
        pauses = Pauses(jobs)
        if is_pause:
            has_changed = pauses.pause(integration.name, flow, by=options.person(), at=datetime.now(UTC))
        else:
            has_changed = pauses.resume(integration.name, flow)
    finally:
        jobs.close()
    what = f"Flow {flow} of {integration.name}" if flow else f"Integration {integration.name}"
    state = "paused" if is_pause else "no longer paused"
    voice.say(printable(f"{what} {'is' if has_changed else 'was already'} {state}."))
    voice.answer({"integration": integration.name, "flow": flow or None, "is_paused": is_pause, "changed": has_changed})
    return DONE


# --- inside


def _of_files(files: Sequence[Path]) -> Worker:
    import os

    from tallystick.runs.files import Files
    from tallystick.runs.worker import Worker
    from tallystick.server.state.store import open_store

    return Worker(Files(files, os.environ), open_store=open_store, broken=_broken)


def _of_hub() -> Worker:
    """Of the hub that TALLYSTICK_DATA or TALLYSTICK_DATABASE_URL names. Raises ConfigurationError where none is."""
    import os

    from tallystick.cli.crash import keep
    from tallystick.errors import ConfigurationError
    from tallystick.server.configuration import Configuration
    from tallystick.server.serving import prepare

    configuration = Configuration.from_environment()
    if not os.environ.get("TALLYSTICK_DATABASE_URL") and not configuration.data.is_dir():
        raise ConfigurationError(
            f"There is no hub here: no folder {configuration.data}.",
            hint="Name integration files, or the hub by TALLYSTICK_DATA or TALLYSTICK_DATABASE_URL.",
        )
    prepare(keep=lambda error: keep(error).reference)
    from tallystick.runs.frugal import settle
    from tallystick.server.designer.worker import hub_worker

    settle()
    return hub_worker()


def _endless(opened: Worker) -> int:
    opened.run()
    return DONE


def _code(ended: Sequence[Done]) -> int:
    """The gravest of what the runs came to."""
    codes = {_exit_of(error["code"]) for done in ended for error in done.get("errors", {}).values()}
    if NOT_REACHED in codes:
        return NOT_REACHED
    if codes:
        return max(codes)
    return NEEDS_PERSON if any(done.get("needs_person", True) for done in ended) else DONE


def _exit_of(code: str) -> int:
    """The exit code for the error of ours with this code, as it was written down."""
    from tallystick.errors import TallystickError

    kinds: list[type[TallystickError]] = [TallystickError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return next((exit_code(kind.__new__(kind)) for kind in kinds if kind.code == code), NEEDS_PERSON)


def _broken(error: Exception) -> Any:
    """A mistake of ours, as an error with the reference of its log file."""
    from tallystick.cli.crash import keep
    from tallystick.errors import TallystickError

    kept = keep(error)
    where = f"What happened stands in {kept.file}, without secrets." if kept.file is not None else ""
    return TallystickError(
        f"Something went wrong that Tallystick did not foresee (reference {kept.reference}).", hint=where
    )


def _heed_signals(opened: Worker) -> list[tuple[int, Any]]:
    """The first signal drains, the second ends at once: the state takes no harm by either."""
    import os
    import signal

    def heed(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, lambda again, _: os._exit(128 + again))
        opened.drain()

    return [(number, signal.signal(number, heed)) for number in (signal.SIGTERM, signal.SIGINT)]


def _handle(number: int, handler: Any) -> None:
    import signal

    signal.signal(number, handler)


def _leave(code: int) -> None:
    """Ends the process where a thread of the job runtime does not: Python would wait for it for ever."""
    import os
    import sys
    import threading

    for thread in threading.enumerate():
        if thread.name.startswith("dbos-executor"):
            thread.join(timeout=5.0)
            if thread.is_alive():
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
