"""Values in canonical text.

Every connector turns what its system holds into canonical text once, on reading, and back on writing, so that
two systems (and two databases) can never disagree about how a number or a moment is spelled. `None` is null, ""
is empty, and a field that a system did not deliver is *missing*: its name is absent from `Record.values`, and in
an Arrow column it is `MISSING`. The three are different things (spec/engine.md E9).

| type | canonical text |
|---|---|
| text | the text in Unicode NFC, line ends as they came; never contains NUL |
| integer | `-12` |
| decimal | plain notation without exponent or trailing zeros: `12.5`, `-0.001`, `0`; NaN and infinities are null |
| boolean | `true`, `false` |
| date | `2026-11-22` |
| time | `09:30:00` with a fraction only when it is not zero, trailing zeros cut |
| datetime | an instant, in UTC: `2026-11-22T09:30:00Z`, fraction as for time |
| local_datetime | no zone known: `2026-11-22T09:30:00` |
| binary | base64 |
| list | a JSON array of texts without spaces: `["A","B"]` |
| json | compact JSON with sorted keys |
"""

from __future__ import annotations

import enum
from typing import Final

from msgspec import Struct

from tallystick.model.side import Side

Value = str | None
"""Canonical text, or None for null."""

MISSING: Final = "\x00"
"""Stands in Arrow columns for a field that the system did not deliver for that record. Never in `Record.values`."""


class FieldType(enum.StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    LOCAL_DATETIME = "local_datetime"
    BINARY = "binary"
    LIST = "list"
    JSON = "json"


class Reference(Struct, frozen=True, kw_only=True):
    """A value that is the partner id of another flow's record which this plan is still to create (E26).

    It is replaced by the id just before the write; in JSON it is `{"ref": [flow, side, id]}`.
    """

    flow: str
    side: Side  # the side `id` lives on; the value wanted is the id on the other side
    id: str
