"""Runs and the journal in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tallystick.cli import planned, reported
from tallystick.cli.planned import OTHER
from tallystick.cli.printable import printable
from tallystick.cli.voice import Voice


def moment(at: object) -> str:
    """`2026-11-22 09:30:00` in this machine's time zone; nothing for nothing."""
    if not at:
        return ""
    try:
        return datetime.fromisoformat(str(at)).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return printable(str(at))


def tell_runs(runs: Sequence[Mapping[str, Any]], voice: Voice) -> None:
    if not runs:
        voice.say("There are no runs yet.")
        return
    voice.table(
        ("run", "kind", "integration", "status", "started", "by", "written"),
        [
            (
                str(run["run"]),
                str(run["kind"]),
                printable(str(run["integration"])),
                str(run["status"]),
                moment(run.get("started_at")),
                printable(str(run.get("by", ""))),
                written(run),
            )
            for run in runs
        ],
    )


def tell_run(run: Mapping[str, Any], voice: Voice) -> None:
    of = f" of {run['of']}" if run.get("of") else ""
    voice.say(printable(f"Run {run['run']}: {run['kind']}{of}, {run['integration']}, {run['status']}"))
    by = f" by {run['by']}" if run.get("by") else ""
    until = f", finished {moment(run['finished_at'])}" if run.get("finished_at") else ""
    voice.say(printable(f"Started {moment(run.get('started_at'))}{by}{until}."))
    if run.get("file"):
        voice.say(printable(f"Integration file {run['file']}."))
    if run["result"].get("flows"):
        reported.tell_flows(run["result"], voice)
    voice.say(f"What it did in detail: `tallystick journal --run {run['run']}`.")


def written(run: Mapping[str, Any]) -> str:
    """How many records a run wrote on each side; a plan on its own writes nothing."""
    if run["kind"] == "plan":
        return ""
    counts = {"left": 0, "right": 0}
    for flow in run["result"].get("flows", {}).values():
        for side, writes in flow.get("writes", {}).items():
            counts[side] += sum(writes.values())
    return ", ".join(f"{count:,} {side}" for side, count in counts.items() if count) or "nothing"


def tell_journal(operations: Sequence[Mapping[str, Any]], voice: Voice) -> None:
    if not operations:
        voice.say("Nothing was done.")
    for operation in operations:
        at, state = moment(operation["at"]), operation["state"]
        note = f"  {operation['message']}" if operation["message"] else ""
        voice.say(printable(f"{at}  run {operation['run']}  {operation['flow']}  {state}{note}"))
        fields = {name: change for name, change in operation["fields"].items() if change[0] != change[1]}
        ids = {"id": operation[operation["side"]], "partner": operation[OTHER[operation["side"]]]}
        planned.tell_operation({**operation, **ids, "fields": fields}, voice)
