"""What a run could not carry over, as a file: CSV for spreadsheets, JSON lines for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from tallystick.model.plan import OperationState, ReviewKind
from tallystick.server.state.history import RunLine
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import MOST_ROWS, At
from tallystick.server.state.queue import Wanted

COLUMNS: Final = ("flow", "kind", "side", "left_id", "right_id", "field", "message", "values", "since")
KINDS: Final = (ReviewKind.REJECT, ReviewKind.UNMAPPED_CODE, ReviewKind.UNKNOWN)
STATES: Final = (OperationState.REFUSED, OperationState.FAILED, OperationState.UNKNOWN)
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def rows(run: RunLine) -> Iterator[dict[str, str]]:
    """The questions of the run's flows that wait because a record could not be carried over, then the run's own
    operations that were refused or failed.
    """
    flows = tuple(run.result.get("flows") or ()) or tuple(one.flow for one in looking().positions(run.run))
    for flow in flows:
        yield from _questions(run.integration, flow)
    for flow in flows:
        yield from _operations(run.run, flow)


def _questions(integration: str, flow: str) -> Iterator[dict[str, str]]:
    after: int | None = None
    while True:
        wanted = Wanted(kinds=KINDS, integration=integration, flow=flow)
        page = looking().questions(wanted, At(after=after, rows=MOST_ROWS))
        for asked in page.rows:
            review = asked.review
            yield {
                "flow": flow,
                "kind": review.kind.value,
                "side": "left" if review.left_id is not None else "right",
                "left_id": review.left_id or "",
                "right_id": review.right_id or "",
                "field": review.topic,
                "message": str(review.evidence.get("message", "")),
                "values": json.dumps(review.fields, ensure_ascii=False) if review.fields else "",
                "since": review.since,
            }
        if page.after is None:
            return
        after = page.after


def _operations(run: str, flow: str) -> Iterator[dict[str, str]]:
    for state in STATES:
        after = -1
        while True:
            found = looking().planned(run, flow, state=state, after=after, rows=MOST_ROWS)
            for told in found.lines:
                operation = told.operation
                yield {
                    "flow": flow,
                    "kind": state.value,
                    "side": operation.side.value,
                    "left_id": operation.left_id or "",
                    "right_id": operation.right_id or "",
                    "field": "",
                    "message": operation.message,
                    "values": json.dumps(dict(operation.after), ensure_ascii=False, default=str),
                    "since": operation.at,
                }
            if found.after is None:
                break
            after = int(found.after)


def as_csv(found: Iterable[dict[str, str]]) -> Iterator[bytes]:
    """With a byte order mark, as spreadsheets want it; what they would take for a formula is given as text."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(COLUMNS)
    for row in found:
        writer.writerow([harmless(row[name]) for name in COLUMNS])
        if buffer.tell() > 65_536:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def as_lines(found: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for row in found:
        yield json.dumps(row, ensure_ascii=False).encode() + b"\n"


def harmless(text: str) -> str:
    """No spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
