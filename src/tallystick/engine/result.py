"""What one flow's part of a run came to. Source: spec/interface.md, `sync --json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tallystick.engine.guards import Breach
from tallystick.model.plan import RunStatus
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action

Progress = Callable[[str, int], None]
"""Called with what is being done ("reading", "writing") and how many records of it are done."""


@dataclass(slots=True, kw_only=True)
class FlowResult:
    """What one flow's part of a run came to; `shown` is its part of `sync --json`."""

    flow: str
    status: RunStatus = RunStatus.DONE
    read: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(SIDES, 0))
    complete: dict[Side, bool] = field(default_factory=lambda: dict.fromkeys(SIDES, False))
    writes: dict[Side, Counter[Action]] = field(default_factory=lambda: {side: Counter() for side in SIDES})
    unchanged: int = 0
    conflicts: int = 0
    ignored: int = 0
    reviews: int = 0
    rejects: int = 0
    refused: int = 0
    failed: int = 0
    unknown: int = 0
    missed: int = 0  # changes that only the full comparison found (E3)
    held: list[Breach] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # sentences: paused fields, incomplete listings
    situations: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def needs_person(self) -> bool:
        return bool(self.held or self.conflicts or self.reviews or self.rejects or self.refused or self.unknown)

    def shown(self) -> dict[str, Any]:
        return {
            "status": self.status.value,
            "read": {**{s.value: self.read[s] for s in SIDES}, "complete": {s.value: self.complete[s] for s in SIDES}},
            "writes": {
                side.value: {
                    action.value: self.writes[side][action] for action in (Action.CREATE, Action.UPDATE, Action.DELETE)
                }
                for side in SIDES
            },
            "unchanged": self.unchanged,
            "conflicts": self.conflicts,
            "ignored": self.ignored,
            "reviews": self.reviews,
            "rejects": self.rejects,
            "refused": self.refused,
            "failed": self.failed,
            "unknown": self.unknown,
            "missed": self.missed,
            "held": [breach.shown() for breach in self.held],
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
        }

    @classmethod
    def of_shown(cls, flow: str, shown: Mapping[str, Any]) -> FlowResult:
        """What `shown` gave, as it was kept with the flow's part of a run; situations are not among it."""
        counts = ("unchanged", "conflicts", "ignored", "reviews", "rejects", "refused", "failed", "unknown", "missed")
        return cls(
            flow=flow,
            status=RunStatus(shown["status"]),
            read={side: shown["read"][side.value] for side in SIDES},
            complete={side: shown["read"]["complete"][side.value] for side in SIDES},
            writes={
                side: Counter({Action(action): n for action, n in shown["writes"][side.value].items()})
                for side in SIDES
            },
            held=[Breach(**{**held, "side": Side(held["side"])}) for held in shown["held"]],
            notes=list(shown["notes"]),
            seconds=shown["seconds"],
            **{name: shown[name] for name in counts},
        )
