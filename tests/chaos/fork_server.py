"""Runs syncs in processes that can be killed: imports once, forks for every run.

A command is one line of JSON on standard input, its answer one line on standard output. The child does one of

- `sync`: one run, which dies by SIGKILL at the `dies_at`-th durable point where that is given: the store's changes and
  the calls of `write` count a point before and one after each; it tells how many points it passed and what was written;
  with `dies_at_answer` it dies when that many requests that change a server have been answered, in the midst of a call;
- `journal`: counts the intents that the state holds, and those of them that are neither done nor given up;
- `aftermath`: both, and a run that goes on, and an idle run after it.

`limit_bytes` is the size no file may grow beyond (a disk that is full); `max_writes` cuts what one call writes.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tallystick.connectors.http.client import HttpClient
from tallystick.engine import apply as applying
from tallystick.errors import TallystickError
from tallystick.model.plan import OperationState
from tallystick.model.schema import Description
from tallystick.model.selection import Selection
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Outcome, Write
from tallystick.ports.store import Store
from tallystick.ports.system import System
from tallystick.runs.workspace import Workspace
from tallystick.runs.world import SystemClock
from tallystick.server.state import kept, schema  # noqa: F401 - loaded before the first fork
from tallystick.server.state.store import open_store
from tallystick.spec.reading import load
from tallystick.testing.faults.fault import Layer

CHANGING = frozenset(
    (
        *("save_scope", "replace_links", "park", "start", "save_run", "save_flow_run", "add_operations", "mark_sent"),
        *("commit", "drop_planned", "discard", "raise_reviews", "clear_reviews", "decide", "reopen"),
    )
)


class Life:
    def __init__(self, dies_at: int | None) -> None:
        self.points = 0
        self._dies_at = dies_at

    def point(self) -> None:
        self.points += 1
        if self.points == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


def mortal_answers(dies_at: int) -> None:
    """From now on: what the server has done is done, but nobody here learns of it."""
    send, answered = HttpClient.send, itertools.count(1)

    def call(self: HttpClient, method: str, *arguments: Any, **named: Any) -> Any:
        answer = send(self, method, *arguments, **named)
        if method in ("PUT", "DELETE") and next(answered) == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    HttpClient.send = call  # type: ignore[method-assign]


class MortalStore:
    def __init__(self, inner: Store, life: Life) -> None:
        self._inner = inner
        self._life = life

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name not in CHANGING:
            return method

        def call(*arguments: Any, **named: Any) -> Any:
            self._life.point()
            result = method(*arguments, **named)
            self._life.point()
            return result

        return call


class MortalSystem(Layer):
    def __init__(self, inner: System, life: Life, max_writes: int) -> None:
        super().__init__(inner)
        self._life = life
        self._max_writes = max_writes

    def describe(self) -> Description:
        description = self.inner.describe()
        kinds = [
            replace(kind, capabilities=replace(kind.capabilities, max_writes=self._max_writes))
            for kind in description.record_types
        ]
        return replace(description, record_types=tuple(kinds))

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        self._life.point()
        outcomes = self.inner.write(selection, writes)
        self._life.point()
        return outcomes


class MortalWorkspace(Workspace):
    def __init__(self, *arguments: Any, life: Life, max_writes: int, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._life = life
        self._max_writes = max_writes
        self._mortal: dict[tuple[str, Side], System] = {}

    def system(self, name: str, side: Side = Side.LEFT) -> System:
        if (name, side) not in self._mortal:
            self._mortal[name, side] = MortalSystem(super().system(name, side), self._life, self._max_writes)
        return self._mortal[name, side]


def sync(command: dict[str, Any]) -> dict[str, Any]:
    folder = Path(command["folder"])
    life = Life(command.get("dies_at"))
    if "batch" in command:
        applying.BATCH = command["batch"]
    if "dies_at_answer" in command:
        mortal_answers(command["dies_at_answer"])
    clock = SystemClock()
    store = open_store(command["state"], clock=clock)
    if "limit_bytes" in command:
        resource.setrlimit(resource.RLIMIT_FSIZE, (command["limit_bytes"],) * 2)
    max_writes = command.get("max_writes", 500)
    mortal = MortalStore(store, life)
    loaded = load(folder / "integration.yaml")
    try:
        with MortalWorkspace(loaded, mortal, folder=folder, clock=clock, life=life, max_writes=max_writes) as workspace:
            report = workspace.sync(is_full=command.get("is_full", False), approval=True)
    except TallystickError as error:
        return {"points": life.points, "error": error.code}
    writes = {
        name: {side.value: sum(result.writes[side].values()) for side in SIDES} for name, result in report.flows.items()
    }
    errors = {name: error.code for name, error in report.errors.items()}
    return {"points": life.points, "status": report.status, "writes": writes, "errors": errors}


def journal(command: dict[str, Any]) -> dict[str, Any]:
    store = open_store(command["state"], clock=SystemClock())
    known = store.journal(limit=1_000_000)
    store.close()
    writes = Counter(f"{one.side.value} {one.action.value}" for one in known if one.action.is_write)
    return {"intents": writes, "sent": sum(one.state is OperationState.SENT for one in known)}


def aftermath(command: dict[str, Any]) -> dict[str, Any]:
    """What the killed run left as intents, what going on came to, and what an idle run then still does."""
    intents = journal(command)["intents"]
    again = sync(command)
    return {"intents": intents, "again": again, "sent": journal(command)["sent"], "idle": sync({**command, **FULL})}


FULL = {"is_full": True}
DOES = {"sync": sync, "journal": journal, "aftermath": aftermath}


def run(command: dict[str, Any]) -> dict[str, Any]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        answer = DOES[command["do"]](command)
        with os.fdopen(writer, "w") as pipe:
            json.dump({**answer, "modules": sorted(sys.modules)}, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"killed_by": os.WTERMSIG(status)}
    if not text:
        return {"exit": os.WEXITSTATUS(status)}
    answer = json.loads(text)
    for name in answer.pop("modules"):  # so that no child after the first one has to
        if name not in sys.modules and not name.startswith("tallystick.server"):  # Django is set up by the child
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    return answer


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
