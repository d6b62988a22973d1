"""Python's cycle collector, kept from searching a million records that hold no cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def rare_collections() -> Iterator[None]:
    """Meanwhile the collector runs a hundred times less often: a quarter less time for a first load."""
    usual = gc.get_threshold()
    gc.set_threshold(max(usual[0], 200_000), 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
