"""Memory of a process that stays: what nobody uses is not loaded, and what is free is given back."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pyarrow as pa


def leave_pandas_out() -> None:
    """Arrow looks for pandas when it makes its first array, and loads it where it is installed: 60 MB that it would
    need only to make data frames. Whoever needs pandas may still import it.
    """
    if "pandas" in sys.modules:
        return
    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)
    try:
        pa.array([0])  # it looks once
    finally:
        sys.meta_path.remove(hidden)


def use_system_memory() -> None:
    """Arrow takes its memory from the C library from now on: its own pool keeps what is free, 90 MB after some runs."""
    pa.set_memory_pool(pa.system_memory_pool())


def give_back() -> bool:
    """Gives memory that is free to the operating system, which the C library of Linux puts off; whether it could."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))


class _Hidden(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not needed here", name=fullname)
        return None
