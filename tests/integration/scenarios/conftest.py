"""Each scenario begins in an empty office; those that speak of a PIM share one CardDAV and CalDAV server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dav_servers import DavServer, radicale
from tests.integration.scenarios.office import Office


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TALLYSTICK_DATABASE_URL", raising=False)
    monkeypatch.setenv("TALLYSTICK_USER", "anna")
    monkeypatch.setenv("TALLYSTICK_LOG_FOLDER", str(tmp_path / "log"))
    return Office(folder=tmp_path, capture=capsys)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DavServer]:
    with radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server
