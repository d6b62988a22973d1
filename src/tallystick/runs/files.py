"""The integration files a worker serves, read again when they change. An invalid one keeps what it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tallystick.errors import ConfigurationError, TallystickError
from tallystick.runs.requests import Changed
from tallystick.runs.sources import Change
from tallystick.runs.systems import FileSystems, Systems
from tallystick.runs.workspace import database_url
from tallystick.spec.reading import Loaded, load

_Mark = tuple[int, int, int]


class Files:
    """Implements tallystick.runs.sources.Source."""

    def __init__(self, paths: Sequence[Path], environment: Mapping[str, str]) -> None:
        """Raises DocumentErrors, or ConfigurationError when the files cannot be served together."""
        self._loaded: dict[Path, Loaded] = {}
        self._marks: dict[Path, _Mark | None] = {}
        urls = {database_url(path, environment) for path in paths}
        if len(urls) > 1:
            raise ConfigurationError(
                "The files stand in several folders, so each would have a state of its own, and a worker keeps one.",
                hint="Set TALLYSTICK_DATABASE_URL, or start a worker for each folder.",
            )
        (self._state_url,) = urls
        self._environment = environment
        for path in dict.fromkeys(path.resolve() for path in paths):
            mark = _mark(path)
            self._loaded[path] = self._checked(path)
            self._marks[path] = mark

    @property
    def state_url(self) -> str:
        return self._state_url

    def __iter__(self) -> Iterator[Loaded]:
        return iter(list(self._loaded.values()))

    def of(self, integration: str) -> Loaded:
        """The file of the integration. Raises ConfigurationError when none of these is it."""
        for loaded in self:
            if loaded.integration.name == integration:
                return loaded
        raise ConfigurationError(
            f"This worker does not serve the integration {integration}.",
            hint="Start every worker of one state with the same files.",
        )

    def systems(self, integration: str) -> Systems:
        path = self.of(integration).path
        assert path is not None  # noqa: S101  it was read from there
        return FileSystems(path.resolve().parent, environment=self._environment)

    def connector(self, integration: str, system: str) -> str:
        settings = self.of(integration).integration.systems.get(system)
        return settings.connector if settings is not None else ""

    def connection(self, integration: str, system: str) -> str:
        return ""

    def mark(self, integration: str, system: str) -> str:
        return repr(self.of(integration).integration.systems.get(system))

    def changed(self) -> list[Changed]:
        return []

    def changes(self) -> list[Change]:
        """Reads what changed since the last call."""
        found: list[Change] = []
        for path, mark in self._marks.items():
            now = _mark(path)
            if now == mark:
                continue
            self._marks[path] = now
            error: TallystickError | None = None
            try:
                self._loaded[path] = self._checked(path)
            except TallystickError as fault:
                error = fault
            found.append(Change(where=str(path), integration=self._loaded[path].integration.name, error=error))
        return found

    def _checked(self, path: Path) -> Loaded:
        loaded = load(path)
        for other, one in self._loaded.items():
            if other != path and one.integration.name == loaded.integration.name:
                raise ConfigurationError(
                    f"{path} and {other} are both the integration {loaded.integration.name}.",
                    hint="Give one of them another name (`integration:`).",
                )
        return loaded


def _mark(path: Path) -> _Mark | None:
    """Changes when the file does; None when it is not there."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
