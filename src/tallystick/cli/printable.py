"""Text from records and systems, made safe to print.

A record may hold anything: a terminal's control sequences, characters that turn the reading direction around, halves
of surrogate pairs. On a terminal they show as escapes (`\\x1b`, `\\n`, `\\u202e`), in JSON as `\\uXXXX`, so that what
stands there is what is seen and nothing else happens.
"""

from __future__ import annotations

import codecs
import re
import sys
from typing import Final, TextIO

_SPELLED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: what terminals obey
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the direction of what follows
    "\u2028\u2029"  # end a line in some readers
    "\ud800-\udfff\ufeff]"  # halves of pairs; invisible at the start of a text
)
_UNSAFE_IN_JSON: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")
_PLAIN: Final = {"…": "...", "·": "-", "→": "->", "×": "x", "–": "-", "“": '"', "”": '"', "’": "'"}
"""What stands for our own typography where the output cannot spell it."""


def printable(text: str) -> str:
    """`text` on one line, with an escape for every character that a terminal would obey or hide."""
    return _UNSAFE.sub(_escape, text)


def printable_json(text: str) -> str:
    """The same for JSON that `json` wrote without escaping; it still means the same."""
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def prepare(stream: TextIO | None) -> None:
    """Lets a stream print any text whatever its encoding: what it cannot spell comes as an escape."""
    codecs.register_error("tallystick.plain", _plain)
    if stream is not None and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="tallystick.plain")


def spells_unicode(stream: TextIO) -> bool:
    """Whether the stream takes every character that is not a half of a surrogate pair."""
    try:
        return codecs.lookup(getattr(stream, "encoding", None) or "ascii").name.startswith("utf-")
    except LookupError:
        return False


def file_name(path: object) -> str:
    """A path as people see it, also where its bytes are not text."""
    return printable(str(path))


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in _SPELLED:
        return _SPELLED[character]
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    spelled = "".join(_PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode("ascii") for c in text)
    return spelled, error.end


def prepare_streams() -> None:
    """Standard output and standard error, made ready once at the start."""
    prepare(sys.stdout)
    prepare(sys.stderr)
