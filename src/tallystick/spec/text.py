"""The bytes of an integration file, made into text that YAML can be read from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tallystick.errors import ConfigurationError, DocumentError, DocumentErrors

MAX_SIZE_BYTES: Final = 1024 * 1024

_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def refuse(name: str, line: int, message: str, hint: str = "") -> DocumentErrors:
    """A single fault of the file as a whole, ready to be raised."""
    return DocumentErrors((DocumentError(message, file=name, line=line, hint=hint),))


def read(path: Path) -> bytes:
    """The bytes of the file at `path`. Raises ConfigurationError when there is no such readable file."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_SIZE_BYTES + 1)
    except FileNotFoundError:
        raise ConfigurationError(f"There is no file {path}.", hint="Check the name and the folder.") from None
    except IsADirectoryError:
        raise ConfigurationError(f"{path} is a folder.", hint="Name the integration file inside it.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(f"The file {path} cannot be read: {reason}.", hint="Check its permissions.") from None


def decode(content: bytes, name: str) -> str:
    """The text of `content`. Raises DocumentErrors when it is too large or not UTF-8 text."""
    if len(content) > MAX_SIZE_BYTES:
        limit = MAX_SIZE_BYTES // 1024
        raise refuse(name, 1, f"The file is larger than {limit} KiB.", "Split it into several integrations.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refuse(name, 1, "The file is written in UTF-16.", "Save it as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise refuse(name, line, f"The byte {byte:#04x} is not UTF-8 text.", "Save the file as UTF-8.") from None
    return check_text(text, name)


def check_text(text: str, name: str) -> str:
    """`text` itself. Raises DocumentErrors when it is too long or holds a character that is not text, such as NUL."""
    if len(text) > MAX_SIZE_BYTES:
        return decode(text.encode("utf-8", "replace"), name)
    found = _NOT_TEXT.search(text)
    if found is None:
        return text.removeprefix("\ufeff")
    line = text.count("\n", 0, found.start()) + 1
    character = "NUL" if found[0] == "\0" else f"U+{ord(found[0]):04X}"
    raise refuse(
        name,
        line,
        f"The control character {character} stands in the file, which is not text.",
        'Remove it, or write it as an escape in double quotes, such as "\\t".',
    )
