"""Memory of a process that stays: what nobody uses is not loaded, and what is free is given back."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

import pyarrow as pa

_LIBRARY: Final = ctypes.CDLL(None)
_ARENA_MAX: Final = -8  # M_ARENA_MAX of malloc.h


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


def live_long() -> None:
    """What a process that stays does first, before it has threads.

    Arrow takes its memory from the C library: its own pool keeps what is free, 90 MB after some runs. The C library of
    Linux has two heaps for all threads, not eight for each processor, of which every one keeps what is free in it.
    """
    gc.set_threshold(100_000, 10, 10)  # the command line lets more gather, for what is over soon
    leave_pandas_out()
    pa.set_memory_pool(pa.system_memory_pool())
    if (option := getattr(_LIBRARY, "mallopt", None)) is not None:
        option(_ARENA_MAX, 2)


def settle() -> None:
    """Whatever a process has made until it is ready stays: it is never searched for garbage again."""
    gc.collect()
    gc.freeze()


def give_back() -> bool:
    """Gives memory that is free to the operating system, which the C library of Linux puts off; whether it could.

    Python looks for garbage among what has lived long only once that has grown by a quarter, which takes hours here.
    """
    gc.collect()
    trim = getattr(_LIBRARY, "malloc_trim", None)
    return trim is not None and bool(trim(0))


class _Hidden(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not needed here", name=fullname)
        return None
