"""What is kept of an error that nobody foresaw: a log file with the way there, without values and secrets."""

from __future__ import annotations

import os
import re
import secrets
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tallystick import __version__

MOST: Final = 300
"""Characters kept of an error's own message: libraries append whole records and statements to theirs."""
_USER_INFO: Final = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_NAMED: Final = re.compile(
    r"(?i)((?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|authorization|cookie)[\"']?\s*[:=]\s*)"
    r"(?:(?:basic|bearer)\s+)?(?:\"[^\"]*\"|'[^']*'|\S+)"
)
_SECRET_NAME: Final = re.compile(r"(?i)pass|secret|token|key|credential")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    reference: str
    file: Path | None  # None when no log file could be written


def keep(error: BaseException) -> Kept:
    """Writes the log file of `error`. Raises nothing."""
    reference = f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(3)}"
    text = f"Tallystick {__version__}, Python {sys.version.split()[0]}, {reference}\n\n{story(error, os.environ)}"
    try:
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = folder / f"error-{reference}.log"
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError:
        return Kept(reference=reference, file=None)
    return Kept(reference=reference, file=file)


def story(error: BaseException, environment: Mapping[str, str]) -> str:
    """The traceback of `error` and of what caused it: places in the code, and first lines of messages, redacted."""
    parts: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        message = str(cause).partition("\n")[0][:MOST]
        parts.append(f"{type(cause).__module__}.{type(cause).__qualname__}: {redacted(message, environment)}")
        parts += [line.rstrip("\n") for line in traceback.format_tb(cause.__traceback__)]
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
        if cause is not None:
            parts.append("\nwhich came of\n")
    return "\n".join(parts).encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def redacted(text: str, environment: Mapping[str, str]) -> str:
    """`text` without passwords in addresses, named secrets, and what the environment keeps under such names."""
    text = _NAMED.sub(r"\1***", _USER_INFO.sub("***", text))
    for name, value in environment.items():
        for secret in [value] if _SECRET_NAME.search(name) else _USER_INFO.findall(value):
            if len(secret) >= 6:
                text = text.replace(secret, "***")
    return text


def _folder() -> Path:
    from platformdirs import user_log_path

    return (
        Path(os.environ["TALLYSTICK_LOG_FOLDER"])
        if os.environ.get("TALLYSTICK_LOG_FOLDER")
        else user_log_path("tallystick", appauthor=False)
    )
