"""What a database cannot do comes as one sentence with a hint, without the password, and the store goes on."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tallystick.errors import (
    ConfigurationError,
    RecordError,
    SignInFailed,
    StateUnusable,
    TallystickError,
    Unreachable,
)
from tallystick.model.flow import Scope
from tallystick.model.link import Link, LinkEnd
from tallystick.model.plan import ScopeState
from tallystick.ports.store import Commit
from tallystick.server.state.store import open_store
from tallystick.testing.clock import FixedClock
from tests.servers import postgres_url

SCOPE = Scope(integration="i", flow="f")
ROOT = Path(__file__).resolve().parents[4]


def links(count: int, name: str = "x") -> Commit:
    base = {"text": "long " * 200}
    return Commit(
        operations=(),
        links=[
            Link(number=0, left=LinkEnd(id=f"{name}{number}", fingerprint=1, base=base), right=None)
            for number in range(count)
        ],
    )


def refused(url: str, kind: type[TallystickError]) -> str:
    with pytest.raises(kind) as raised:
        open_store(url, clock=FixedClock())
    assert type(raised.value) is kind
    assert raised.value.hint
    assert "Traceback" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "tallystick.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://state.db",
        "mysql://ann:s3cret@host/state",
        "postgresql://ann:s3cret@host",
        "postgresql://ann:s3cret@host/state?nonsense=1",
        "postgresql://ann:s3cret@host:port:port/state",
    ],
)
def test_url_that_names_no_database_is_refused_without_its_password(url: str) -> None:
    assert "s3cret" not in refused(url, ConfigurationError)


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert str(tmp_path / "no" / "state.db") in refused(f"sqlite:///{tmp_path}/no/state.db", StateUnusable)


def test_folder_instead_of_a_file_is_refused(tmp_path: Path) -> None:
    refused(f"sqlite:///{tmp_path}", StateUnusable)


@pytest.mark.parametrize("content", [b"integration: assets\n" * 400, os.urandom(40_000), b"\x00" * 40_000])
def test_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(content)
    assert str(file) in refused(f"sqlite:///{file}", StateUnusable)
    assert file.read_bytes() == content


def test_damaged_file_is_told_when_it_is_met(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    store = open_store(f"sqlite:///{file}", clock=FixedClock())
    store.commit(SCOPE, links(2000))
    store.close()
    content = bytearray(file.read_bytes())
    for place in range(40 * 16_384, len(content), 16_384):
        content[place : place + 4096] = b"\xff" * 4096
    file.write_bytes(content)
    store = open_store(f"sqlite:///{file}", clock=FixedClock())
    with pytest.raises(StateUnusable, match="damaged"):
        list(store.all_links(SCOPE))


def test_full_disk_keeps_nothing_of_the_change_and_the_store_goes_on_E29(tmp_path: Path) -> None:
    from tallystick.server.state.address import address_of
    from tallystick.server.state.database import Database

    url = f"sqlite:///{tmp_path}/state.db"
    store = open_store(url, clock=FixedClock())
    store.commit(SCOPE, links(10))
    connection = Database(address_of(url)).connection
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 10}")
    with pytest.raises(StateUnusable, match="full"):
        store.commit(SCOPE, links(2000, "y"))
    assert len(list(store.all_links(SCOPE))) == store.scope(SCOPE).linked == 10
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1000000")
    store.commit(SCOPE, links(2000, "y"))
    assert store.scope(SCOPE).linked == 2010


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user, which only root may")
def test_state_that_may_only_be_read_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    store = open_store(f"sqlite:///{file}", clock=FixedClock())
    store.commit(SCOPE, links(1))
    store.close()
    before = file.read_bytes()
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    file.chmod(0o644)
    script = (
        "import os, sys\n"
        "from tallystick.errors import StateUnusable\n"
        "from tallystick.model.flow import Scope\n"
        "from tallystick.model.plan import ScopeState\n"
        "from tallystick.server.state.store import open_store\n"
        "from tallystick.testing.clock import FixedClock\n"
        "import django.db.backends.sqlite3.base, django.db.migrations.executor, filelock\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n"
        "        store = open_store(f'sqlite:///{name}', clock=FixedClock())\n"
        "        store.save_scope(Scope(integration='i', flow='f'), ScopeState())\n"
        "    except StateUnusable as error:\n"
        "        print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(file), str(tmp_path / "new.db")],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    assert result.stderr == ""
    first, second = result.stdout.splitlines()
    assert str(file) in first
    assert "new.db" in second
    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".db") == ["state.db"]


def test_database_locked_by_another_process_is_unreachable_and_then_works(tmp_path: Path) -> None:
    from tallystick.server.state.address import address_of
    from tallystick.server.state.database import Database

    url = f"sqlite:///{tmp_path}/state.db"
    store = open_store(url, clock=FixedClock())
    with Database(address_of(url)).connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unreachable, match="locked by another process"):
        store.commit(SCOPE, links(1))
    assert list(store.all_links(SCOPE)) == []
    other.execute("ROLLBACK")
    other.close()
    store.commit(SCOPE, links(1))
    assert store.scope(SCOPE).linked == 1


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_half_a_surrogate_pair_is_a_record_error_and_keeps_nothing(database: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db" if database == "sqlite" else postgres_url()
    store = open_store(url, clock=FixedClock())
    good = links(3)
    for bad in (LinkEnd(id="\ud83d", fingerprint=1), LinkEnd(id="a", fingerprint=1, base={"v": "\ude00"})):
        with pytest.raises(RecordError):
            store.commit(SCOPE, Commit(operations=(), links=[*good.links, Link(number=0, left=bad, right=None)]))
    assert list(store.all_links(SCOPE)) == []
    store.commit(SCOPE, good)
    assert store.scope(SCOPE).linked == 3
    store.close()


def test_server_that_does_not_answer_is_unreachable_and_the_password_unsaid() -> None:
    message = refused("postgresql://ann:s3cret@127.0.0.1:1/state", Unreachable)
    assert "postgresql://ann@127.0.0.1:1/state" in message
    assert "s3cret" not in message


@pytest.mark.postgres
def test_database_that_is_not_there_is_named() -> None:
    url = postgres_url()
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    assert "/no_such_state" in refused(url.replace(str(name), "no_such_state"), StateUnusable)


@pytest.fixture
def guarded_url() -> Iterator[str]:
    """The URL of a database on which the role `guarded` needs a password, with a wrong one."""
    url = postgres_url()
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SHOW hba_file").fetchone()
        assert row is not None
        rules = Path(row[0])
        before = rules.read_text()
        connection.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        rules.write_text("local all guarded scram-sha-256\n" + before)
        connection.execute("SELECT pg_reload_conf()")
        yield url.replace("postgres:@", "guarded:s3cret@")
        rules.write_text(before)
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("DROP ROLE guarded")


@pytest.mark.postgres
def test_wrong_password_and_unknown_role_are_sign_in_failed(guarded_url: str) -> None:
    message = refused(guarded_url, SignInFailed)
    assert "guarded" in message
    assert "s3cret" not in message
    refused(guarded_url.replace("guarded:s3cret", "nobody_known"), SignInFailed)


@pytest.mark.postgres
def test_connection_lost_is_unreachable_and_the_next_call_works_E29() -> None:
    url = postgres_url()
    store = open_store(url, clock=FixedClock())
    store.commit(SCOPE, links(1))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(Unreachable):
        store.commit(SCOPE, links(1, "y"))
    assert store.scope(SCOPE).linked == 1
    store.commit(SCOPE, links(1, "y"))
    assert store.scope(SCOPE) == ScopeState(linked=2)
    store.close()
