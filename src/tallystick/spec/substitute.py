"""`${NAME}` and `${secret:name}` in the settings of a system, filled in when it is connected to.

What comes out goes to the connector and nowhere else: it is not stored, not logged and not part of any message.
Source: spec/interface.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from tallystick.errors import ConfigurationError, DocumentError, DocumentErrors
from tallystick.spec.source import Path, SourceMap, dotted

_PLACE = re.compile(r"\$\$\{|\$\{(?P<inner>[^{}]*)(?P<end>\}?)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"secret:([^\s{}:][^{}:]*)")


class Secrets(Protocol):
    """Where secrets are kept; `tallystick.ports.world.Secrets` is one."""

    def secret(self, name: str) -> str:
        """The secret of this name. Raises ConfigurationError when there is none."""
        ...


def is_malformed(text: str) -> bool:
    """Whether a `${...}` in `text` names neither a variable nor a secret, or is not closed."""
    return any(
        not found["end"] or not (_VARIABLE.fullmatch(found["inner"]) or _SECRET.fullmatch(found["inner"]))
        for found in _PLACE.finditer(text)
        if found["inner"] is not None
    )


def resolve(
    settings: Mapping[str, Any],
    environment: Mapping[str, str],
    secrets: Secrets,
    *,
    source: SourceMap | None = None,
    path: Path = (),
) -> dict[str, Any]:
    """A copy of `settings` with every `${NAME}` and `${secret:name}` in its texts filled in; `$${` becomes `${`.

    What is filled in is not looked at again. With `source` and `path` (where the settings stand, such as
    `("systems", "crm")`) faults name their line. Raises DocumentErrors, a ConfigurationError, that names every
    variable that is not set and every secret that is not there.
    """
    faults: list[DocumentError] = []

    def fault(at: Path, message: str, hint: str) -> None:
        file, line = (source.name, source.line(at)) if source is not None else ("", 0)
        faults.append(DocumentError(message, file=file, line=line, key=dotted(at), hint=hint))

    def value_of(place: re.Match[str], at: Path) -> str:
        inner = place["inner"]
        if inner is None:
            return "${"
        if not place["end"] or not (_VARIABLE.fullmatch(inner) or _SECRET.fullmatch(inner)):
            fault(at, "A `${` here names neither a variable nor a secret.", "Write ${NAME} or ${secret:name}.")
        elif found := _SECRET.fullmatch(inner):
            try:
                return secrets.secret(found[1])
            except ConfigurationError as error:
                fault(at, error.message, error.hint or f"Store the secret `{found[1]}`.")
        elif inner not in environment:
            hint = f"Set {inner} in the environment, and start again."
            fault(at, f"The environment variable {inner} is not set.", hint)
        else:
            return environment[inner]
        return ""

    def fill(value: Any, at: Path) -> Any:
        match value:
            case str():
                return _PLACE.sub(lambda place: value_of(place, at), value)
            case Mapping():
                return {key: fill(inner, (*at, str(key))) for key, inner in value.items()}
            case list() | tuple():
                return [fill(inner, (*at, number)) for number, inner in enumerate(value)]
            case _:
                return value

    filled: dict[str, Any] = fill(settings, path)
    if faults:
        raise DocumentErrors(tuple(faults))
    return filled
