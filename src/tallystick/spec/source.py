"""Where in the file a value stands, so that every fault names its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""The way to a value: `("flows", 0, "fields", 3, "codes")`."""

_PLAIN_KEY = re.compile(r"[\w-]+")


def dotted(path: Path) -> str:
    """`flows[0].fields[3].codes`; a key that is not one plain word is quoted: `code_sets.status["In use"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += '["' + step.replace("\\", "\\\\").replace('"', '\\"') + '"]'
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMap:
    """Lines, from 1, of every key and every item of one file; `name` is how messages call the file."""

    name: str
    lines: Mapping[Path, int] = field(default_factory=dict)

    def known(self, path: Path) -> Path:
        """The longest beginning of `path` that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return path

    def line(self, path: Path) -> int:
        """The line of `path` or of the nearest thing around it; 1 when nothing of it is in the file."""
        return self.lines.get(self.known(path), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong at one place, before it is given its line."""

    path: Path
    message: str
    hint: str = ""
    line: int = 0  # where it is not the line of `path`
