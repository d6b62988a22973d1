"""Documents of the hub: read, checked for what only the hub knows, each read once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache

from tallystick.errors import DocumentError, DocumentErrors
from tallystick.server.connections.models import Connection
from tallystick.server.designer.models import IntegrationVersion
from tallystick.spec.connections import CONNECTION
from tallystick.spec.nearest import did_you_mean
from tallystick.spec.reading import Loaded, loads
from tallystick.spec.source import dotted


def loaded_of(version: IntegrationVersion) -> Loaded:
    """Raises DocumentErrors where an older version no longer fits what the product reads."""
    return _loaded(version.text, f"version {version.number}")


@lru_cache(maxsize=64)
def _loaded(text: str, name: str) -> Loaded:
    return loads(text, name)


def read(text: str, *, name: str = "the document") -> Loaded:
    """A document people want to keep. Raises DocumentErrors with every fault, also those only the hub can see."""
    loaded = loads(text.replace("\r\n", "\n"), name)
    known = frozenset(Connection.objects.values_list("name", flat=True))
    if faults := tuple(_faults(loaded, known)):
        raise DocumentErrors(faults)
    return loaded


def connections_of(loaded: Loaded) -> dict[str, str]:
    """System -> the name of its connection, for those systems that are one."""
    systems = loaded.integration.systems.items()
    return {name: str(one.settings.get(CONNECTION, "")) for name, one in systems if one.connector == CONNECTION}


def _faults(loaded: Loaded, known: Collection[str]) -> Iterator[DocumentError]:
    for name, system in loaded.integration.systems.items():
        if system.connector != CONNECTION:
            yield _fault(
                loaded,
                ("systems", name),
                "In the hub a system is a connection, so that no secret stands in a document.",
                f"Write `{name}: {{connection: NAME}}`; or import the file, which makes a connection of it.",
            )
        elif (named := str(system.settings.get(CONNECTION))) not in known:
            there = f"There are: {', '.join(sorted(known))}." if known else "There is none yet: add it under Systems."
            hint = did_you_mean(named, set(known)) or there
            yield _fault(loaded, ("systems", name, CONNECTION), f"There is no connection `{named}`.", hint)


def _fault(loaded: Loaded, path: tuple[str | int, ...], message: str, hint: str) -> DocumentError:
    source = loaded.source
    return DocumentError(message, file=source.name, line=source.line(path), key=dotted(path), hint=hint)
