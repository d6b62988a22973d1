"""Texts inside content lines: escapes, encodings, character sets, and the canonical form they are handed on in."""

from __future__ import annotations

import quopri
import re
import unicodedata
from typing import Final

from tallystick.connectors.dav.lines import Line, with_param
from tallystick.errors import RecordError
from tallystick.model.value import Value

ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
SURROGATE: Final = re.compile("[\ud800-\udfff]")
CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
"""Characters that a content line or XML cannot carry."""


def decode(content: bytes) -> str:
    """A body as text; octets that are not UTF-8 are kept as surrogates, so that `encode` gives them back."""
    return content.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def canonical(text: str, charset: str | None = None) -> str:
    """`text` in NFC without NUL; octets that are not UTF-8 are read in `charset`, else as Windows-1252."""
    if text.isascii():
        return text.replace("\x00", "")
    if SURROGATE.search(text):
        text = _from_octets(text.encode("utf-8", "surrogateescape"), charset)
    return unicodedata.normalize("NFC", text).replace("\x00", "")


def whole(body: str) -> str:
    """A body as value of a field: exactly as it is stored, unless it is not UTF-8."""
    return canonical(body) if SURROGATE.search(body) else body


def _from_octets(octets: bytes, charset: str | None) -> str:
    for name in (charset, "utf-8", "cp1252"):
        try:
            return octets.decode(name) if name else octets.decode("utf-8")
        except (UnicodeDecodeError, LookupError):
            continue
    return octets.decode("latin-1")


def check_text(name: str, value: Value) -> None:
    """Raises RecordError for a text that no body can hold."""
    if value is not None and CONTROL.search(value):
        raise RecordError(f"The field {name} holds a control character, which cannot be stored.")


def split(value: str, separator: str) -> list[str]:
    """A raw value at each separator that no backslash escapes."""
    if "\\" not in value:
        return value.split(separator)
    pieces, start, place = [], 0, 0
    while place < len(value):
        if value[place] == "\\":
            place += 2
            continue
        if value[place] == separator:
            pieces.append(value[start:place])
            start = place + 1
        place += 1
    return [*pieces, value[start:]]


def unescape(value: str, *, is_old: bool = False) -> str:
    """A text value without escapes. vCard 2.1 (`is_old`) knows no \\n, a backslash before a letter is a backslash."""
    if "\\" not in value:
        return value
    if is_old:
        return re.sub(r"\\([;,:\\])", r"\1", value)
    return ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def escape(text: str) -> str:
    """A text as value of vCard 3 and 4 and iCalendar."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def piece_of(line: Line, raw: str, *, is_old: bool) -> str:
    """The canonical text of a raw value (or of a part of it) of `line`."""
    charset = line.param("CHARSET") if is_old else None
    if is_old and line.is_quoted_printable:
        octets = quopri.decodestring(raw.encode("utf-8", "surrogateescape"))
        text = _from_octets(octets, charset).replace("\r\n", "\n").replace("\x00", "")
        return canonical(unescape(text, is_old=True))
    return canonical(unescape(raw, is_old=is_old), charset)


def spelled(head: str, pieces: list[str], separator: str, *, is_old: bool) -> tuple[str, str]:
    """Head and raw value for texts joined by `separator`; vCard 2.1 takes to quoted-printable where it must."""
    if not is_old:
        return head, separator.join(map(escape, pieces))
    texts = [piece.replace("\r\n", "\n").replace("\n", "\r\n") for piece in pieces]
    if all(text.isascii() and "\n" not in text for text in texts):
        head = with_param(with_param(head, "ENCODING", None), "CHARSET", None)
        return head, separator.join(text.replace("\\", "\\\\").replace(";", "\\;") for text in texts)
    head = with_param(with_param(head, "ENCODING", "QUOTED-PRINTABLE"), "CHARSET", "UTF-8")
    return head, _quoted(separator.join(_octets(text) for text in texts), room=76 - len(head))


def _octets(text: str) -> str:
    """Quoted-printable without soft breaks, separators and backslashes encoded."""
    plain = (
        {ord(char) for char in " !\"#$%&'()*+-./<>?@[]^_`{|}~"}
        | set(range(48, 58))
        | set(range(65, 91))
        | set(range(97, 123))
    )
    return "".join(chr(octet) if octet in plain else f"={octet:02X}" for octet in text.encode("utf-8"))


def _quoted(text: str, room: int) -> str:
    """Soft line breaks, never within an encoded octet."""
    lines, line = [], ""
    for piece in re.findall(r"=[0-9A-F]{2}|.", text):
        if len(line) + len(piece) >= max(room, 20) - 1:
            lines.append(line + "=")
            line, room = "", 76
            piece = "=20" if piece == " " else piece  # a space in front would look like a folded line
        line += piece
    return "\n".join([*lines, line])
