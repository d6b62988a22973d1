"""The documents people edit: validated with file and line, YAML in and out.

Reading brings Pydantic and ruamel.yaml with it, so they are imported when first used, not with this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tallystick.spec.reading import Loaded, load, loads

__all__ = ["Loaded", "load", "loads"]

_PLACES = {"Loaded": "reading", "load": "reading", "loads": "reading"}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
