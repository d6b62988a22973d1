"""When flows are due. Source: spec/interface.md, `schedule`.

Ticks are counted from the epoch, so that every worker, started whenever, sees the same ones and names their jobs alike.
Flows that refer to each other and have the same period tick together, in the order they refer: what one creates,
the next can point at (E26). All others have a timer of their own and run side by side (E32).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

from tallystick.model.flow import Flow, Integration


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    integration: str
    flows: tuple[str, ...]  # in the order they run
    period_s: float

    def tick_ms(self, now: datetime) -> int:
        """The last tick at or before `now`, in milliseconds since the epoch."""
        period_ms = max(1, round(self.period_s * 1_000))
        return int(now.timestamp() * 1_000) // period_ms * period_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of an integration that is to be made, or an errand for it."""

    id: str  # the same for everybody who asks for the same
    integration: str
    flows: tuple[str, ...]
    at_ms: int  # since the epoch
    by: str
    is_full: bool = False
    is_approved: bool = False
    errand: str = ""  # the kind of errand; empty: a run
    subject: str = ""  # of the errand

    @property
    def run(self) -> str:
        """The id of its run: as `tallystick.runs.world.TimeIds` spells them, but always the same."""
        return f"{self.at_ms:012x}{blake2b(self.id.encode(), digest_size=10).hexdigest()}"

    def again(self, why: str) -> Job:
        """The same, asked for once more for another reason."""
        return replace(self, id=f"{why}:{self.integration}:{'+'.join(self.flows)}")

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "integration": self.integration,
            "flows": list(self.flows),
            "at_ms": self.at_ms,
            "by": self.by,
            "is_full": self.is_full,
            "is_approved": self.is_approved,
            **({"errand": self.errand, "subject": self.subject} if self.errand else {}),
        }

    @classmethod
    def of_shown(cls, shown: dict[str, Any]) -> Job:
        return cls(**{**shown, "flows": tuple(shown["flows"])})


def job_of(timer: Timer, tick_ms: int, flows: tuple[str, ...]) -> Job:
    """The job of one tick, of these of the timer's flows."""
    name = "+".join(timer.flows)
    return Job(
        id=f"tick:{timer.integration}:{name}:{tick_ms}",
        integration=timer.integration,
        flows=flows,
        at_ms=tick_ms,
        by="schedule",
    )


def asked(
    integration: Integration,
    flows: Collection[str] = (),
    *,
    id_: str,
    by: str,
    is_full: bool = False,
    is_approved: bool = False,
) -> Job:
    """The job of a run that is asked for now, of these flows or all, in the order they run. `id_`: a fresh id."""
    return Job(
        id=f"asked:{id_}",
        integration=integration.name,
        flows=tuple(flow.name for flow in integration.flows if not flows or flow.name in flows),
        at_ms=int(time.time() * 1_000),
        by=by,
        is_full=is_full,
        is_approved=is_approved,
    )


def timers(integration: Integration) -> list[Timer]:
    """The timers of the flows that have a schedule."""
    found: list[Timer] = []
    for together in _related(integration.flows):
        periods = dict.fromkeys(flow.schedule_s for flow in together if flow.schedule_s is not None)
        for period_s in periods:
            names = tuple(flow.name for flow in together if flow.schedule_s == period_s)
            found.append(Timer(integration=integration.name, flows=names, period_s=period_s))
    return found


def _related(flows: Iterable[Flow]) -> list[list[Flow]]:
    """Flows in groups of those that refer to each other, over however many flows; their order kept."""
    groups: list[list[Flow]] = []
    for flow in flows:
        mine = [group for group in groups if any(one.name in flow.refs or flow.name in one.refs for one in group)]
        rest = [group for group in groups if group not in mine]
        groups = [*rest, [*(one for group in mine for one in group), flow]]
    order = {flow.name: number for number, flow in enumerate(flows)}
    return [sorted(group, key=lambda one: order[one.name]) for group in groups]
