"""What a sync delivers although it was to be confirmed first: edits made in a system itself, past the hub.

Source: spec/engine.md E36.
"""

from __future__ import annotations

from collections.abc import Sequence

from tallystick.model.flow import Flow
from tallystick.model.plan import Operation
from tallystick.model.side import SIDES
from tallystick.model.write import Action


class Unconfirmed:
    """Counts planned operations of one flow that write synchronous fields."""

    def __init__(self, flow: Flow) -> None:
        lines = flow.synchronous
        self._names = {side: {name: one.name for one in lines for name in one.fields(side)} for side in SIDES}
        self._is_any = bool(lines)
        self._lines: dict[str, None] = {}
        self._count = 0

    def see(self, operations: Sequence[Operation]) -> None:
        if not self._is_any:
            return
        for operation in operations:
            if operation.action not in (Action.CREATE, Action.UPDATE):
                continue
            names = self._names[operation.side]
            lines = {names[name]: None for name in operation.after if name in names}
            if lines:
                self._lines.update(lines)
                self._count += 1

    @property
    def note(self) -> str | None:
        """The sentence for the report, when there was any."""
        if not self._count:
            return None
        many = "1 change was" if self._count == 1 else f"{self._count:,} changes were"
        return f"{many} made without confirmation first and delivered afterwards: {', '.join(self._lines)}."
