"""Where connections of the hub may go: over the network only out of it, on the disk only into folders set aside.

A person who may add connections need not be one who runs the machine. Connections inside the network are refused
unless TALLYSTICK_ALLOWED_NETWORKS names it, metadata services always; the connector checks the address it really
connects to. Files stand in the folder `files` of the data folder, or in one that TALLYSTICK_ALLOWED_FOLDERS names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from tallystick.connectors.declared import Kind, settings_of
from tallystick.errors import AddressRefused
from tallystick.server.configuration import Configuration


def folder() -> Path:
    """Relative paths of connections are relative to it."""
    configuration: Configuration = settings.CONFIGURATION
    return configuration.data / "files"


def allowed_folders() -> tuple[Path, ...]:
    named = os.environ.get("TALLYSTICK_ALLOWED_FOLDERS", "")
    return (folder().resolve(), *(Path(one).resolve() for one in named.split(os.pathsep) if one))


def guarded(connector: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with the hub's word on where this connection may go. Raises AddressRefused for a path outside."""
    configuration: Configuration = settings.CONFIGURATION
    for path in _paths(connector, given):
        check_path(path)
    networks = [str(network) for network in configuration.allowed_networks]
    guards = {setting.name: networks for setting in settings_of(connector) if setting.is_guard}
    return {**given, **guards}


def check_path(path: str) -> None:
    """Passes for a path inside an allowed folder, links followed; else AddressRefused."""
    place = (folder() / path).resolve()
    if not any(place.is_relative_to(allowed) for allowed in allowed_folders()):
        raise AddressRefused(
            _("The file {path} lies outside the folders that connections may use.").format(path=path),
            hint=_(
                "Put it into {folder} and name it relative to that, or let whoever runs the hub set "
                "TALLYSTICK_ALLOWED_FOLDERS."
            ).format(folder=folder()),
        )


def _paths(connector: str, given: Mapping[str, Any]) -> Iterator[str]:
    for setting in settings_of(connector):
        if setting.kind is Kind.FILE and given.get(setting.name):
            yield str(given[setting.name])
    url = given.get("url")
    if isinstance(url, str) and url.lower().startswith("sqlite"):
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            path = make_url(url).database
        except ArgumentError:
            return  # the connector says so in words of its own
        if path:
            yield path
