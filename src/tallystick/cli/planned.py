"""A plan in words: what would be written where, from which value to which, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tallystick.cli.differences import Shown, difference, shortened
from tallystick.cli.printable import printable
from tallystick.cli.voice import Voice

if TYPE_CHECKING:
    from rich.text import Text

_MARKS: Final = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red")}
OTHER: Final = {"left": "right", "right": "left"}
_WRITES: Final = tuple(_MARKS)


def needs_person(artefact: Mapping[str, Any]) -> bool:
    """Whether a run of this plan would be held or would leave questions."""
    waiting = ("held", "conflicts", "reviews", "rejects")
    return any(flow.get(name) for flow in artefact["flows"].values() for name in waiting)


def tell(artefact: Mapping[str, Any], voice: Voice, *, limit: int) -> None:
    """Says every flow of the plan; of each at most `limit` operations (0: all)."""
    for name, flow in artefact["flows"].items():
        tell_flow(name, flow, voice, limit=limit)
    writes = sum(op.get("action") in _WRITES for flow in artefact["flows"].values() for op in flow["operations"])
    if not writes:
        voice.say("Nothing would be written.")


def tell_flow(name: str, flow: Mapping[str, Any], voice: Voice, *, limit: int) -> None:
    from rich.text import Text

    operations = flow["operations"]
    voice.say(Text.assemble((printable(name), "bold"), f"  {summary(operations)}"))
    shown = operations[:limit] if limit else operations
    for operation in shown:
        tell_operation(operation, voice)
    if len(operations) > len(shown):
        voice.say(f"  ... and {len(operations) - len(shown):,} more; --limit 0 shows all.")
    for held in flow.get("held", ()):
        voice.say(Text.assemble(("  held  ", "bold red"), printable(_message(held))))
    reviews = flow.get("reviews", 0)
    if reviews:
        voice.say(f"  {counted(reviews, 'question')} would wait for a person.")
    for note in flow.get("notes", ()):
        voice.say(f"  {printable(note)}")


def summary(operations: Sequence[Mapping[str, Any]]) -> str:
    """`right: 1 to create, 2 to update · left: 1 to delete`."""
    sides = []
    for side in ("left", "right"):
        counts = {a: sum(o.get("action") == a and o.get("side") == side for o in operations) for a in _WRITES}
        words = [f"{count:,} to {action}" for action, count in counts.items() if count]
        if words:
            sides.append(f"{side}: {', '.join(words)}")
    others = sum(operation.get("action") not in _WRITES for operation in operations)
    if others:
        sides.append(f"{counted(others, 'change')} to links only")
    return " · ".join(sides) or "nothing to do"


def tell_operation(operation: Mapping[str, Any], voice: Voice) -> None:
    from rich.text import Text

    action, side = str(operation.get("action")), str(operation.get("side"))
    mark, style = _MARKS.get(action, ("=", "cyan"))
    id_ = operation.get("id")
    record = printable(str(id_)) if id_ is not None else "a new record"
    reason = printable(str(operation.get("reason", "")))
    partner = f" with {OTHER[side]} {printable(str(operation['partner']))}" if action == "link" else ""
    head = Text.assemble("  ", (f"{mark} {action}", style), f" {side} ", (record, "bold"), partner)
    voice.say(head.append(f"  {reason}", style="dim"))
    fields = operation.get("fields") or {}
    if action == "delete":
        # What goes is named, so that a person sees whom a deletion is about.
        values = [shortened(old, 30) for old, _ in fields.values() if old]
        if values:
            voice.say(f"      {' · '.join(values[:4])}")
        return
    width = max((len(printable(name)) for name in fields), default=0)
    for name, change in fields.items():
        voice.say(Text.assemble(f"      {printable(name):{width}}  ", change_of(change, is_new=action == "create")))


def change_of(change: Any, *, is_new: bool = False) -> Text:
    """`old -> new` with the part that differs marked; only what it becomes for a new record."""
    from rich.text import Text

    old, new = change if isinstance(change, list | tuple) and len(change) == 2 else (None, change)
    if is_new and old is None:
        return Text(shortened(new), style="green")
    one, two = difference(old, new)
    return Text.assemble(*_styled(one, "red"), " -> ", *_styled(two, "green"))


def counted(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"


def _styled(value: Shown, style: str) -> list[str | tuple[str, str]]:
    return [value.before, (value.middle, style), value.after]


def _message(held: Any) -> str:
    return str(held.get("message", held)) if isinstance(held, Mapping) else str(held)
