"""What the pages about the journal show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from django.http import QueryDict
from django.utils.dateparse import parse_date
from django.utils.timezone import get_current_timezone

from tallystick.server.ops.documents import flow_of
from tallystick.server.ops.lines import OperationShown, names, shown, side_of
from tallystick.server.ops.run_pages import action_of, state_of
from tallystick.server.state.journal import JournalWanted
from tallystick.server.state.of_hub import looking, store

ROWS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalShown:
    lines: tuple[OperationShown, ...]
    more: str
    searched: int
    is_asked: bool


def journal(query: QueryDict) -> JournalShown:
    """Bounded work whatever is asked: where little is found, `more` goes on looking further back."""
    run = query.get("run", "").strip()
    if run and len(run) < 32:
        runs = looking().run_by_start(run)
        run = runs[0] if len(runs) == 1 else run
    wanted = JournalWanted(
        integration=query.get("integration", ""),
        flow=query.get("flow", ""),
        id=query.get("id", ""),
        run=run,
        by=query.get("by", ""),
        field=query.get("field", "").strip(),
        side=side_of(query.get("side", "")),
        action=action_of(query),
        state=state_of(query),
        since=_day(query.get("since", "")),
        until=_day(query.get("until", ""), is_end=True),
    )
    after = query.get("after", "")
    is_right = after.replace(":", "", 1).isdecimal() and len(after) < 40
    found = looking().lines(wanted, after=after if is_right else "", rows=ROWS)
    named = {(told.integration, told.operation.flow) for told in found.lines}
    flows = {place: flow_of(looking(), *place) for place in named}
    called = names(found.lines, store())
    kept = query.copy()
    if found.after is not None:
        kept["after"] = found.after
    return JournalShown(
        lines=tuple(
            shown(told, flows[told.integration, told.operation.flow], name=called.get(told.operation.number, ""))
            for told in found.lines
        ),
        more=kept.urlencode() if found.after is not None else "",
        searched=found.searched,
        is_asked=wanted != JournalWanted(),
    )


def _day(text: str, *, is_end: bool = False) -> str:
    """A day in the reader's zone as the moment it begins or ends, in UTC; empty for what is no day."""
    try:
        day = parse_date(text)
    except ValueError:
        return ""
    if day is None:
        return ""
    begins = datetime.combine(day, time.min, tzinfo=get_current_timezone())
    return (begins + timedelta(days=1) if is_end else begins).astimezone(UTC).isoformat()
