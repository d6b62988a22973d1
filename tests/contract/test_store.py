"""Every store keeps the same promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        store = open_store(f"sqlite:///{tmp_path}/state.db", clock=FixedClock())
        yield store
        store.close()


@pytest.mark.postgres
class TestPostgresStore(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        store = open_store(postgres_url(), clock=FixedClock())
        yield store
        store.close()
