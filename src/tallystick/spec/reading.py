"""An integration file, read whole: its text, its data, where everything stands, and the integration it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tallystick.errors import DocumentError, DocumentErrors
from tallystick.model.flow import Integration
from tallystick.spec.build import build
from tallystick.spec.check import check
from tallystick.spec.connections import with_connectors
from tallystick.spec.parse import parse
from tallystick.spec.source import Fault, SourceMap, dotted
from tallystick.spec.text import decode, read
from tallystick.spec.validate import validate


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A sound integration file."""

    integration: Integration
    text: str
    data: Mapping[str, Any]  # the document as plain data: dict, list, str, int, float, bool, None; never changed
    path: Path | None  # None when the text did not come from a file; relative settings are relative to its folder
    source: SourceMap


def load(path: Path | str) -> Loaded:
    """The integration file at `path`.

    Raises ConfigurationError when it cannot be opened, DocumentErrors with every fault when it is wrong.
    """
    place = Path(path)
    return _loaded(decode(read(place), str(path)), str(path), place)


def loads(text: str, name: str = "integration.yaml") -> Loaded:
    """The integration file with this `text`; messages call it `name`. Raises DocumentErrors with every fault."""
    return _loaded(text, name, None)


def _loaded(text: str, name: str, path: Path | None) -> Loaded:
    tree = parse(text, name)
    data = with_connectors(tree.data)
    validated = validate(data)
    faults = [*tree.faults, *validated.faults]
    if validated.shape is not None:
        faults += [fault for fault in check(validated.shape, tree.data) if validated.mended.is_sound(fault)]
    if faults or validated.shape is None:
        raise DocumentErrors(tuple(sorted((_placed(fault, tree.source) for fault in faults), key=lambda f: f.line)))
    integration = build(validated.shape, data)
    return Loaded(integration=integration, text=text, data=tree.data, path=path, source=tree.source)


def _placed(fault: Fault, source: SourceMap) -> DocumentError:
    line = fault.line or source.line(fault.path)
    return DocumentError(fault.message, file=source.name, line=line, key=dotted(fault.path), hint=fault.hint)
