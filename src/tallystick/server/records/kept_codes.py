"""The codes of a hub as its database has them, read now and then: they are asked for with every value.

Other processes see a change within FRESH_S seconds, the one that makes it at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from django.utils.translation import get_language

FRESH_S: Final = 2.0
_HUB: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCode:
    """Titles are empty where the delivered one is meant. `like`: the delivered code it behaves as."""

    code: str
    english: str = ""
    russian: str = ""
    tone: str = ""
    like: str = ""
    is_retired: bool = False

    def title(self) -> str:
        """In the language of whoever reads; empty where it has none of its own."""
        return self.russian if (get_language() or "").startswith("ru") else self.english

    def any_title(self) -> str:
        return self.english or self.russian


Sets = Mapping[str, Mapping[str, KeptCode]]
_using: Final[ContextVar[str]] = ContextVar("hub", default=_HUB)  # of Django's databases
_read: dict[str, tuple[float, Sets]] = {}


@contextmanager
def hub(using: str) -> Iterator[None]:
    """Codes of the hub in this database are meant inside."""
    token = _using.set(using)
    try:
        yield
    finally:
        _using.reset(token)


def of(name: str) -> Mapping[str, KeptCode]:
    """The codes of a set, in their order; none where the hub keeps none."""
    using = _using.get()
    found = _read.get(using)
    now = time.monotonic()
    if found is None or now - found[0] > FRESH_S:
        found = _read[using] = (now, _sets(using))
    return found[1].get(name, {})


def forget() -> None:
    """What was read is read anew the next time."""
    _read.clear()


def _sets(using: str) -> Sets:
    from tallystick.server.records.models import Code

    found: dict[str, dict[str, KeptCode]] = {}
    for row in Code.objects.using(using).order_by("code_set", "position", "pk"):
        found.setdefault(row.code_set, {})[row.code] = KeptCode(
            code=row.code,
            english=row.english,
            russian=row.russian,
            tone=row.tone,
            like=row.like,
            is_retired=row.is_retired,
        )
    return found
