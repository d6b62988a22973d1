"""Bytes of a report -> its text, whatever its encoding is and whatever it says it is."""

from __future__ import annotations

import codecs
import re
from typing import Final

_DECLARED: Final = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_REFERENCE: Final = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,8})|(\d{1,9}));")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LAST_RESORT: Final = "cp1252"
"""What Windows agents of western countries send where they say nothing, or something wrong."""


def decoded(document: bytes) -> tuple[str, str]:
    """The text, and a remark where it is not in the encoding that it names; "" where it is.

    UTF-8 is tried first: a text of another encoding that happens to be UTF-8 and has more than ASCII in it hardly
    exists, while agents that name another and send UTF-8 do.
    """
    for mark, encoding in _MARKS:
        if document.startswith(mark):
            return document.decode(encoding, "replace"), ""
    found = _DECLARED.search(document[:300])
    declared = found[1].decode("ascii").lower() if found else "utf-8"
    try:
        return document.decode("utf-8"), ""
    except UnicodeDecodeError:
        pass
    try:
        if codecs.lookup(declared).name not in ("utf-8", "ascii"):
            return document.decode(declared), ""
    except (LookupError, UnicodeDecodeError):
        pass
    return document.decode(LAST_RESORT, "replace"), f"It is not in {declared} as it says; read as {LAST_RESORT}."


def cleaned(text: str) -> str:
    """Without characters that are none in XML, JSON and databases, spelled out or as references."""
    return _REFERENCE.sub(_checked, _FORBIDDEN.sub("", text))


def without_controls(text: str) -> str:
    return _FORBIDDEN.sub("", text)


def _checked(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else int(found[2])
    is_character = number in (9, 10, 13) or 32 <= number < 0xD800 or 0xE000 <= number < 0xFFFE
    return found[0] if is_character or 0x10000 <= number < 0x110000 else ""
