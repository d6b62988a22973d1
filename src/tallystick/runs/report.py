"""What a run came to, as `sync --json` and `apply --json` print it. Source: spec/interface.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tallystick.engine.result import FlowResult
from tallystick.errors import TallystickError
from tallystick.model.plan import RunStatus


@dataclass(slots=True, kw_only=True)
class Report:
    run: str
    flows: dict[str, FlowResult] = field(default_factory=dict)
    errors: dict[str, TallystickError] = field(default_factory=dict)  # per flow that could not run
    extra: dict[str, Any] = field(default_factory=dict)  # `left`: what undo left; `refused`: lines of a plan

    @property
    def status(self) -> str:
        """`done`, `held`, `partial` or `failed`."""
        statuses = {result.status for result in self.flows.values()}
        if self.errors and not self.flows:
            return "failed"
        if RunStatus.HELD in statuses:
            return "held"
        if self.errors or RunStatus.PARTIAL in statuses or RunStatus.FAILED in statuses:
            return "partial"
        return "done"

    @property
    def needs_person(self) -> bool:
        is_partial = self.status in ("held", "partial", "failed")
        return is_partial or any(result.needs_person for result in self.flows.values()) or bool(self.extra.get("left"))

    def shown(self) -> dict[str, Any]:
        flows: dict[str, Mapping[str, Any]] = {name: result.shown() for name, result in self.flows.items()}
        for name, error in self.errors.items():
            flows[name] = {**flows.get(name, {}), "error": {"code": error.code, "message": str(error)}}
        return {"run": self.run, "status": self.status, "flows": flows, **self.extra}
