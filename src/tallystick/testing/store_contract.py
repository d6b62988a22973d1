"""What every store promises, as tests: inherit `StoreContract` and give it a fixture `store`.

    class TestMine(StoreContract):
        @pytest.fixture
        def store(self) -> Iterator[Store]: ...

Each test starts with an empty store. Source: the docstrings of `tallystick.ports.store`.
"""

from __future__ import annotations

import pytest

from tallystick.ports.store import Store
from tallystick.testing.store_journal_contract import JournalPromises
from tallystick.testing.store_links_contract import LinkPromises
from tallystick.testing.store_reviews_contract import ReviewPromises
from tallystick.testing.store_turns_contract import TurnPromises
from tallystick.testing.store_unlinked_contract import UnlinkedPromises


class StoreContract(LinkPromises, UnlinkedPromises, JournalPromises, ReviewPromises, TurnPromises):
    """Inherited by one test class for each store."""

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError("give the suite a fixture `store` with an empty store")
