"""How the values of a field are best compared, guessed from the values themselves."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.model.flow import Compare
from tallystick.model.value import MISSING

LOOKED_AT: Final = 2_000
MOST: Final = 0.8

_LOOKS: Final = (
    (Compare.EMAIL, r"^\S+@\S+\.\S+$"),
    (Compare.DATE, r"^\d{4}-\d\d-\d\d"),
    (Compare.PHONE, r"^\+?[\d\s()/.-]{7,}$"),
    (Compare.CODE, r"^\S*\d\S*$"),
)


def guessed(*columns: pa.ChunkedArray) -> Compare:
    """Of columns of strings: email, date, phone or code where most values look like one, else text.

    Digits alone are a code; a phone has something else in it.
    """
    values = pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string()).drop_null()
    values = values.filter(pc.not_equal(values, MISSING)).slice(0, LOOKED_AT)
    if not len(values):
        return Compare.TEXT
    for kind, look in _LOOKS:
        fits = pc.match_substring_regex(values, look)
        if kind is Compare.PHONE:
            fits = pc.and_(fits, pc.invert(pc.match_substring_regex(values, r"^\d+$")))
        if pc.sum(fits).as_py() >= MOST * len(values):
            return kind
    return Compare.TEXT
