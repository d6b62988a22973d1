"""Guards hold a run before it writes. Source: spec/engine.md E1, E25; scenario S16."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.model.flow import Guards
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a plan would do, and what was seen; enough to judge it and to report it."""

    linked: int = 0  # active links before the run
    writes: dict[Side, Counter[Action]] = field(default_factory=lambda: {side: Counter() for side in SIDES})
    gone: dict[Side, int] = field(default_factory=dict)  # linked records that a side no longer shows
    read: dict[Side, int] = field(default_factory=dict)
    unasked: frozenset[Side] = frozenset()  # sides that cannot be asked why a record is not listed
    nulled: dict[str, int] = field(default_factory=dict)  # "right.phone" -> values this plan empties
    filled: dict[str, int] = field(default_factory=dict)  # "right.phone" -> values this plan writes
    fresh: frozenset[str] = frozenset()  # fields written by field maps that changed since the last run


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A guard that holds the run."""

    guard: str  # delete | create | change | shrink | nulls
    side: Side
    amount: int
    linked: int
    message: str

    def shown(self) -> dict[str, Any]:
        return {
            "guard": self.guard,
            "side": self.side.value,
            "amount": self.amount,
            "linked": self.linked,
            "message": self.message,
        }


Approval = bool | Mapping[tuple[str, str], int]
"""What a person let pass: nothing, everything, or per (guard, side) as many records as were shown."""

_GUARDED: Final = {"delete": Action.DELETE, "create": Action.CREATE, "change": Action.UPDATE}


def passed(writes: Mapping[Side, Counter[Action]]) -> Approval:
    """Writes that were let pass, as an approval: more than these is a new question."""
    return {(guard, side.value): writes[side][action] for guard, action in _GUARDED.items() for side in SIDES}


def unapproved(found: list[Breach], approval: Approval) -> list[Breach]:
    """The breaches that still hold the run: more than was shown to whoever approved is a new question (E17)."""
    if isinstance(approval, bool):
        return [] if approval else found
    return [breach for breach in found if breach.amount > approval.get((breach.guard, breach.side.value), -1)]


def breaches(guards: Guards, tally: Tally, *, complete: Mapping[Side, bool]) -> list[Breach]:
    """Every guard the plan exceeds; empty when it may go on."""
    found: list[Breach] = []
    limits = {"delete": guards.delete, "create": guards.create, "change": guards.change}
    for side in SIDES:
        for name, action in _GUARDED.items():
            limit = limits[name]
            amount = tally.writes[side][action]
            if limit.is_exceeded(amount, tally.linked):
                found.append(
                    _breach(name, side, amount, tally.linked, f"the run would {action.value} {amount} records")
                )
        gone = tally.gone.get(side, 0)
        if complete.get(side, False) and tally.read.get(side, 0) == 0 and gone > (side not in tally.unasked):
            found.append(_breach("shrink", side, gone, tally.linked, "the listing came back empty"))
        elif guards.shrink.is_exceeded(gone, tally.linked):
            found.append(_breach("shrink", side, gone, tally.linked, f"{gone} linked records are no longer listed"))
    for name, nulled in sorted(tally.nulled.items()):
        if name in tally.fresh and nulled >= 20 and nulled > 0.5 * tally.filled.get(name, 0):
            side = Side(name.partition(".")[0])
            message = f"the changed mapping empties {name.partition('.')[2]} of {nulled} records"
            found.append(_breach("nulls", side, nulled, tally.linked, message))
    return found


def _breach(guard: str, side: Side, amount: int, linked: int, what: str) -> Breach:
    message = f"On the {side.value}, {what} (of {linked} linked); held until it is approved or no longer so."
    return Breach(guard=guard, side=side, amount=amount, linked=linked, message=message)
