"""The registry of connectors: each kind is one package, loaded only when it is used.

A connector is a module or package that exposes

    class Settings(pydantic.BaseModel):   # model_config = ConfigDict(extra="forbid")
    def connect(settings: Settings, *, folder: Path, clock: Clock, ids: Ids) -> System

`folder` is the folder of the integration file; relative paths in settings resolve against it. Importing a
connector must be cheap: heavy libraries are imported by the modules that need them, when a connection is opened.
A package installed beside the product adds kinds of its own by entry points of the group
`tallystick.connectors` (docs/how-to/write-a-connector.md). What settings a connector takes is told by
`tallystick.connectors.declared`.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from tallystick.errors import ConfigurationError, DocumentError, DocumentErrors

if TYPE_CHECKING:
    from pydantic import BaseModel

    from tallystick.ports.system import System
    from tallystick.ports.world import Clock, Ids

BUILT_IN = ("memory", "sql", "files", "dav", "request_tracker")
ENTRY_POINTS = "tallystick.connectors"
_added: dict[str, str] = {}


class Connector(Protocol):
    """What the module of a connector exposes."""

    @property
    def Settings(self) -> type[BaseModel]: ...

    def connect(self, settings: Any, *, folder: Path, clock: Clock, ids: Ids) -> System: ...


def add(kind: str, module: str) -> None:
    """Makes a connector known to this process: the module, named and not imported, that is it.

    For rooms above this one, which connectors may not import: the hub's own records are a system like any other.
    """
    _added[kind] = module


def kinds() -> tuple[str, ...]:
    """The names of all connectors, the built-in ones first."""
    return BUILT_IN + tuple(sorted(set(_installed()) - set(BUILT_IN)))


def settings_model(kind: str) -> type[BaseModel]:
    """The settings of a connector, for validation and JSON Schema. Raises ConfigurationError for an unknown kind."""
    return _connector(kind).Settings


def connect(kind: str, settings: Mapping[str, Any], *, folder: Path, clock: Clock, ids: Ids) -> System:
    """An open connection to a system of this kind.

    Raises ConfigurationError for an unknown kind and DocumentErrors, one fault per wrong setting, for settings
    that do not fit; besides what the connector itself raises when it cannot reach its system.
    """
    connector = _connector(kind)
    return connector.connect(_validated(kind, connector, settings), folder=folder, clock=clock, ids=ids)


def _validated(kind: str, connector: Connector, settings: Mapping[str, Any]) -> BaseModel:
    from pydantic import ValidationError

    try:
        return connector.Settings.model_validate(dict(settings))
    except ValidationError as error:
        # Never the input: a setting may be a secret that stands in the wrong place.
        found = error.errors(include_url=False, include_context=False, include_input=False)
        faults = [
            DocumentError(
                f"{fault['msg'].rstrip('.')}.",
                key=".".join(["settings", *(str(part) for part in fault["loc"])]),
                hint=f"See the settings of the connector {kind!r}.",
            )
            for fault in found
        ]
    raise DocumentErrors(tuple(faults))


def _connector(kind: str) -> Connector:
    if kind in BUILT_IN:
        module = f"{__name__}.{kind}"
    else:
        installed = _installed()
        if kind not in installed:
            raise _unknown(kind)
        module = installed[kind]
    try:
        return cast(Connector, importlib.import_module(module))
    except ImportError as error:
        raise ConfigurationError(
            f"The connector {kind!r} cannot be loaded: {error}.",
            hint="Install what it needs, then try again.",
        ) from error


def _installed() -> dict[str, str]:
    found = {entry.name: entry.value for entry in importlib.metadata.entry_points(group=ENTRY_POINTS)}
    return {**found, **_added}


def _unknown(kind: str) -> ConfigurationError:
    known = kinds()
    near = difflib.get_close_matches(kind, known, n=1)
    meant = f"Did you mean {near[0]!r}? " if near else ""
    return ConfigurationError(
        f"There is no connector {kind!r}.", hint=f"{meant}Known connectors are {', '.join(known)}."
    )
