"""Lists that one side offers the other: assets, problem tree, shops, priorities, statuses (spec/work-orders.md W3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tallystick.errors import NotFound
from tallystick.server.messages.models import Peer

Entry = dict[str, Any]
"""At least `code` and `name`; a tree has `parent`, the code of the entry above."""
Reader = Callable[[Peer, str], list[Entry]]
"""(who asks, words to look for) -> entries; a long list gives its first ones."""

_readers: Final[dict[str, Reader]] = {}


def register(name: str, reader: Reader) -> None:
    _readers[name] = reader


def names() -> tuple[str, ...]:
    return tuple(sorted(_readers))


def read(asker: Peer, name: str, words: str = "") -> list[Entry]:
    """Raises NotFound."""
    if name not in _readers:
        raise NotFound(f"There is no list {name}.", hint=f"There are {', '.join(names())}.")
    return _readers[name](asker, words)
