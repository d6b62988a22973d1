"""Every store keeps the same promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tallystick.ports.store import Store
from tallystick.server.state.store import open_store
from tallystick.testing.clock import FixedClock
from tallystick.testing.store import MemoryStore
from tallystick.testing.store_contract import StoreContract
from tests.servers import postgres_url


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()


@pytest.fixture(scope="module")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state just made: a copy of it is quicker than to make each test its own."""
    file = tmp_path_factory.mktemp("state") / "empty.db"
    open_store(f"sqlite:///{file}", clock=FixedClock()).close()
    return file


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path, empty_file: Path) -> Iterator[Store]:
        file = shutil.copy(empty_file, tmp_path / "state.db")
        store = open_store(f"sqlite:///{file}", clock=FixedClock())
        yield store
        store.close()


@pytest.fixture(scope="module")
def postgres_store() -> Iterator[tuple[Store, str]]:
    url = postgres_url()
    store = open_store(url, clock=FixedClock())
    yield store, url
    store.close()


@pytest.mark.postgres
class TestPostgresStore(StoreContract):
    @pytest.fixture
    def store(self, postgres_store: tuple[Store, str]) -> Store:
        store, url = postgres_store
        with psycopg.connect(url) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'state\\_%'").fetchall()
            connection.execute(f"TRUNCATE {', '.join(name for (name,) in tables)}")
        return store
