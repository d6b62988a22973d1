"""What was written as a value, and not in the place of one. Junk is the same as in matching (spec/engine.md E14)."""

from __future__ import annotations

from functools import lru_cache

import pyarrow as pa

from tallystick.engine.normalise import normalised
from tallystick.model.flow import Compare


def solid(text: str | None) -> str | None:
    """The text with single spaces; None where it is blank or junk."""
    text = " ".join((text or "").split())
    return text if text and key_of(text) else None


@lru_cache(maxsize=4096)
def key_of(text: str) -> str:
    """Letters and digits without case, as serial numbers are compared; "" for junk."""
    (found,) = normalised(pa.array([text], pa.string()), Compare.CODE).to_pylist()
    return found or ""
