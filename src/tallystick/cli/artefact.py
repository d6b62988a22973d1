"""A plan kept in a file, and read again."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from tallystick.cli.printable import file_name
from tallystick.errors import ConfigurationError


@contextmanager
def whole(file: Path) -> Iterator[TextIO]:
    """A stream whose content becomes `file` at the end, whole or not at all.

    Only its owner may read it, for it holds values of records. Raises ConfigurationError where there is no such
    folder, else OSError.
    """
    if not file.parent.is_dir():
        raise ConfigurationError(f"There is no folder {file_name(file.parent)}.", hint="Make it, or name another file.")
    if file.is_dir():
        raise ConfigurationError(f"{file_name(file)} is a folder.", hint="Name a file.")
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def keep(artefact: Mapping[str, Any], file: Path) -> None:
    """Writes the plan to `file`."""
    with whole(file) as stream:
        json.dump(artefact, stream, ensure_ascii=True, indent=1)
        stream.write("\n")


def read(file: Path) -> dict[str, Any]:
    """The plan in `file`. Raises ConfigurationError when there is none or it is not a plan."""
    try:
        found = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no file {file_name(file)}.", hint="Make a plan with `tallystick plan FILE --out P.json`."
        ) from None
    except (IsADirectoryError, PermissionError):
        raise ConfigurationError(f"{file_name(file)} cannot be read.", hint="Name the file of a plan.") from None
    except (ValueError, RecursionError):
        raise _no_plan(file) from None
    texts = ("plan", "file", "integration", "document", "fingerprint")
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) and found[name] for name in texts):
        raise _no_plan(file)
    flows = found.get("flows")
    if not isinstance(flows, dict) or not all(isinstance(flow, dict) for flow in flows.values()):
        raise _no_plan(file)
    return found


def _no_plan(file: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{file_name(file)} is not a plan.", hint="Make one with `tallystick plan FILE --out P.json`."
    )
