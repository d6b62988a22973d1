"""The rows of a file that were not taken, as a file to correct and import again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from tallystick.server.records.models import Upload
from tallystick.server.records.table_files import JSONL, columns_of, placed_rows, safe_cell

LINE: Final = "Line"
REASON: Final = "Reason"
AT_ONCE: Final = 500


def rejected(upload: Upload) -> Iterator[str]:
    """CSV has the line and the reason before the cells of the row; JSON Lines come as they were."""
    faults = dict(upload.faults.order_by("line").values_list("line", "sentence"))
    rows = (row for row, _offset, _line in placed_rows(upload.content, upload.form) if row.line in faults)
    if upload.form == JSONL:
        for row in rows:
            yield f"{''.join(row.source).rstrip()}\n"
        return
    file = io.StringIO()
    lines = csv.writer(file)
    file.write("\ufeff")
    lines.writerow([LINE, REASON, *columns_of(upload.content, upload.form)])
    for number, row in enumerate(rows, start=1):
        lines.writerow([row.line, faults[row.line], *(_as_it_was(cell) for cell in row.source)])
        if number % AT_ONCE == 0:
            yield file.getvalue()
            file.seek(0)
            file.truncate()
    yield file.getvalue()


def _as_it_was(cell: str) -> str:
    return cell if cell.startswith("'") else safe_cell(cell)
