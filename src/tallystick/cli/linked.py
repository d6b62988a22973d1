"""Links written to a file or to standard output line by line, and read again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tallystick.cli.artefact import whole
from tallystick.cli.printable import file_name
from tallystick.cli.voice import as_json_line, write
from tallystick.errors import ConfigurationError


def keep(links: Iterable[Mapping[str, Any]], file: Path) -> int:
    """Writes the links to `file`, all or nothing; how many."""
    count = 0
    with whole(file) as stream:
        for link in links:
            stream.write(json.dumps(link) + "\n")
            count += 1
    return count


def print_out(links: Iterable[Mapping[str, Any]], *, is_json: bool) -> int:
    """Writes the links to standard output, in bounded memory; with `is_json` as one object."""
    count = 0
    if is_json:
        write('{"links": [')
    for link in links:
        separator = ",\n" if is_json and count else "\n" if is_json else ""
        write(separator + as_json_line(link) + ("" if is_json else "\n"))
        count += 1
    if is_json:
        write("\n]}\n")
    return count


def read(file: Path) -> Iterator[dict[str, Any]]:
    """The links of a file that `links export` wrote, with or without `--json`. Raises ConfigurationError."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"There is no file {file_name(file)}.", hint="Name a file of links.") from None
    except (IsADirectoryError, PermissionError, UnicodeDecodeError):
        raise ConfigurationError(f"{file_name(file)} cannot be read.", hint="Name a file of links.") from None
    return iter(_parsed(text, file))


def _parsed(text: str, file: Path) -> list[dict[str, Any]]:
    try:
        whole_object = json.loads(text) if text.startswith('{"links": [') else None
    except (ValueError, RecursionError):
        raise _wrong(file, 1) from None
    found = []
    lines = whole_object["links"] if whole_object is not None else text.splitlines()
    for number, line in enumerate(lines, start=1):
        if isinstance(line, str) and not line.strip():
            continue
        try:
            link = json.loads(line) if isinstance(line, str) else line
        except (ValueError, RecursionError):
            raise _wrong(file, number) from None
        if not isinstance(link, dict) or not isinstance(link.get("flow"), str):
            raise _wrong(file, number)
        found.append(link)
    if not found:
        # Else an empty file would quietly keep everything as it is and say that it was imported.
        raise ConfigurationError(f"{file_name(file)} holds no links.", hint="Write one with `links export`.")
    return found


def _wrong(file: Path, number: int) -> ConfigurationError:
    return ConfigurationError(
        f"{file_name(file)}: line {number} is not a link.", hint="Use a file that `tallystick links export` wrote."
    )
