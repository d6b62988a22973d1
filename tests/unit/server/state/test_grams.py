"""An index of parts of words where SQLite cannot make one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tallystick.errors import StateUnusable
from tallystick.server.state import grams
from tallystick.server.state.store import open_store
from tallystick.testing.clock import FixedClock


def test_sqlite_that_cannot_index_parts_of_words_is_told_and_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    with monkeypatch.context() as patched:
        patched.setattr(grams, "TOKENS", "no_such_one")
        with pytest.raises(StateUnusable, match="cannot index parts of words") as told:
            open_store(url, clock=FixedClock())
    assert "FTS5" in told.value.hint
    open_store(url, clock=FixedClock()).close()  # with another Python
