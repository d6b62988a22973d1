"""The database of jobs: beside the state, never in it. A file of its own for SQLite, a schema of its own in PostgreSQL.

What stands here decides who runs what and when; nothing that would be missed stands here. Lose it, and the next tick
begins anew: the engine's intents, journal and cursors are what make a run safe (docs/adr/0003-durable-runs.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from tallystick.errors import StateUnusable, Unreachable

if TYPE_CHECKING:
    from sqlalchemy import Engine, Table

SCHEMA: Final = "tallystick_jobs"
MAKING: Final = 7_215_043_390_118_202_365
"""The advisory lock of PostgreSQL under which the tables are made."""
ASKING: Final = 7_215_043_390_118_202_366
"""The one under which a worker looks what is going and asks for what is due."""
_BUSY_TIMEOUT_S: Final = 30
_CONNECTIONS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """An open database of jobs, with the product's own tables in it."""

    engine: Engine
    schema: str | None  # of PostgreSQL
    file: Path | None  # of SQLite: one worker at a time
    workers: Table  # those that are alive on PostgreSQL, each with a beat that counts up
    pauses: Table  # what people paused
    requests: Table  # runs that were asked for and that no worker took yet
    changes: Table  # records that changed, for workers to look

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While the block lasts no other worker asks for runs, so that each sees what the others asked for: two that
        were asked for the same flow at once would meet there, and one of them fail. Raises StateUnusable, Unreachable.
        """
        import sqlalchemy as sa

        if self.schema is None:  # SQLite has one worker
            yield
            return
        try:
            with self.engine.begin() as connection:
                connection.execute(sa.text(f"SET LOCAL idle_in_transaction_session_timeout = '{_BUSY_TIMEOUT_S}s'"))
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ASKING)))
                yield  # a process that stands still in here loses the lock by the timeout
        except sa.exc.SQLAlchemyError as error:
            raise told(error, self.file) from error

    def close(self) -> None:
        self.engine.dispose()


def open_jobs(state_url: str) -> Jobs:
    """The jobs that belong to the state at `state_url`, made when they are not there yet.

    Raises StateUnusable or Unreachable; no message holds a password.
    """
    import sqlalchemy as sa

    file = job_file(state_url)
    schema = None if file is not None else SCHEMA
    tables = sa.MetaData(schema=schema)
    workers = sa.Table(
        "tallystick_worker",
        tables,
        sa.Column("executor", sa.Text, primary_key=True),
        sa.Column("beat", sa.BigInteger, nullable=False),
    )
    pauses = sa.Table(
        "tallystick_pause",
        tables,
        sa.Column("integration", sa.Text, primary_key=True),
        sa.Column("flow", sa.Text, primary_key=True),  # "": every flow
        sa.Column("token", sa.Text, nullable=False),  # another each time it is paused
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    requests = sa.Table(
        "tallystick_request",
        tables,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("job", sa.Text, nullable=False),  # JSON
    )
    changes = sa.Table(
        "tallystick_changed",
        tables,
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("connector", sa.Text, nullable=False),
        sa.Column("records", sa.Text, nullable=False),  # JSON
        sa.Column("run", sa.Text, nullable=False),
    )
    engine = _sqlite(file) if file is not None else _postgresql(state_url)
    try:
        with _alone(file), engine.begin() as connection:
            if schema is not None:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MAKING)))
                connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
            tables.create_all(connection)
    except (sa.exc.SQLAlchemyError, OSError) as error:
        engine.dispose()
        raise told(error, file) from error
    return Jobs(
        engine=engine,
        schema=schema,
        file=file,
        workers=workers,
        pauses=pauses,
        requests=requests,
        changes=changes,
    )


@contextmanager
def _alone(file: Path | None) -> Iterator[None]:
    """A new SQLite file is made by one at a time: SQLite waits for nobody while it begins a write-ahead log.

    Raises OSError (a time-out is one) when the lock cannot be had.
    """
    if file is None:  # PostgreSQL has its advisory lock
        yield
        return
    from filelock import FileLock

    with FileLock(f"{file}.making", timeout=_BUSY_TIMEOUT_S):  # `.lock` is what a worker holds for as long as it lives
        yield


def job_file(state_url: str) -> Path | None:
    """The file beside the state: `tallystick.db` has `tallystick.jobs.db`. None for a state in PostgreSQL."""
    scheme, _, rest = state_url.partition("://")
    if scheme != "sqlite":
        return None
    state = Path(unquote(rest.partition("?")[0].removeprefix("/"))).absolute()
    return state.with_name(f"{state.stem}.jobs.db")


def told(error: Exception, file: Path | None) -> StateUnusable | Unreachable:
    """What the database of jobs could not do, as an error of ours; the library's own words may hold an address."""
    if file is not None:
        return StateUnusable(
            f"The database of jobs {file} cannot be opened or written.",
            hint="Check that its folder exists, may be written by this user, and that the disk has room.",
        )
    return Unreachable(
        f"The database of jobs (schema {SCHEMA} in the database of the state) cannot be reached or written.",
        hint="Check that the server runs and that this user may create a schema in the database.",
    )


def _sqlite(file: Path) -> Engine:
    import sqlalchemy as sa

    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(file)), pool_size=_CONNECTIONS, connect_args={"timeout": _BUSY_TIMEOUT_S}
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _postgresql(state_url: str) -> Engine:
    import psycopg
    import sqlalchemy as sa

    url = "postgresql://" + state_url.partition("://")[2]

    def connect() -> Any:
        return psycopg.connect(
            url,
            application_name="tallystick jobs",
            connect_timeout=10,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        )

    return sa.create_engine(
        "postgresql+psycopg://", creator=connect, pool_size=_CONNECTIONS, max_overflow=0, pool_pre_ping=True
    )
