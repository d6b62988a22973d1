"""The world a memory connector talks to: one per name and process, or one per file."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from tallystick.connectors.memory.describe import RecordTypeSettings
from tallystick.connectors.memory.state import Accepted, TableState, WorldState
from tallystick.connectors.memory.table import MemoryTable
from tallystick.errors import ConfigurationError, UnknownRecordType
from tallystick.model.write import Action
from tallystick.ports.world import Clock

_STATE = TypeAdapter(WorldState)


class MemoryWorld:
    """A whole system in memory, as its own users see it: they use `table(name)`.

    Safe for threads and, with a file, for several processes: every change is one step that is there wholly or not
    at all, also when the process is killed in it.
    """

    _opened: ClassVar[dict[str, MemoryWorld]] = {}
    _opening: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, *, path: Path | None = None, clock: Clock | None = None) -> None:
        self.clock = clock  # the system's own, not the hub's
        self._path = path
        self._lock = threading.RLock()
        self._file_lock = None if path is None else FileLock(f"{path}.lock")
        self._state = WorldState()
        self._seen: tuple[int, ...] = ()
        self._depth = 0

    @classmethod
    def open(cls, name: str, *, path: Path | None = None, clock: Clock | None = None) -> MemoryWorld:
        """The world of this name, or of this file; made when it is not there yet, with `clock` for its clock."""
        place = name if path is None else f"file:{path.resolve()}"
        with cls._opening:
            return cls._opened.setdefault(place, cls(path=path, clock=clock))

    @classmethod
    def forget(cls, name: str) -> None:
        """The next `open` of this name finds an empty world."""
        with cls._opening:
            cls._opened.pop(name, None)

    def now(self) -> datetime:
        return datetime.now(UTC) if self.clock is None else self.clock.now()

    def table(self, record: str) -> MemoryTable:
        """The records of one type. Raises UnknownRecordType."""
        with self.reading() as state:
            _table(state, record)
        return MemoryTable(self, record)

    def define(self, record_type: RecordTypeSettings) -> MemoryTable:
        """Makes a record type, or gives the one of this name other fields; its records stay."""
        with self.changing() as state:
            table = state.tables.setdefault(record_type.name, TableState(type=record_type))
            table.type = record_type
            for row in table.rows.values():
                table.judge(row)
        return MemoryTable(self, record_type.name)

    def declare(self, record_types: Sequence[RecordTypeSettings]) -> None:
        """Defines what settings ask for, once per wording: a type changed by its users since then is left alone."""
        for record_type in record_types:
            with self.reading() as state:
                known = state.tables.get(record_type.name)
                if known is not None and known.declared == record_type:
                    continue
            with self.changing() as state:
                self.define(record_type)
                state.tables[record_type.name].declared = record_type

    def drop(self, record: str) -> None:
        """Takes a record type away, with its records."""
        with self.changing() as state:
            _table(state, record)
            del state.tables[record]

    def accepted(self) -> tuple[Accepted, ...]:
        """Every write carried out for the hub, in order; the edits of users are not among them."""
        with self.reading() as state:
            return tuple(state.accepted)

    def writes(self, record: str | None = None) -> Counter[Action]:
        """How many writes were carried out for the hub, by action; of one record type or of all."""
        return Counter(write.action for write in self.accepted() if record in (None, write.record))

    @contextlib.contextmanager
    def reading(self) -> Iterator[WorldState]:
        """The state as it is now; not to be changed. Raises ConfigurationError when the file cannot be read."""
        with self._lock:
            if self._depth == 0:
                self._load()
            yield self._state

    @contextlib.contextmanager
    def changing(self) -> Iterator[WorldState]:
        """The state, to be changed in one step. Raises ConfigurationError when the file cannot be read or written."""
        with self._lock, self._alone():
            if self._depth == 0:
                self._load()
            self._depth += 1
            try:
                yield self._state
                if self._depth == 1:
                    self._save()
            except BaseException:
                self._seen = ()  # read again what was there before this step
                raise
            finally:
                self._depth -= 1

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        if self._file_lock is None:
            yield
            return
        try:
            self._file_lock.acquire()
        except OSError as error:
            raise self._unusable(error) from error
        try:
            yield
        finally:
            self._file_lock.release()

    def _load(self) -> None:
        if self._path is None:
            return
        try:
            seen = _identity(self._path)
            if seen and seen != self._seen:
                self._state = _STATE.validate_json(self._path.read_bytes())
                self._seen = seen
            elif not seen:
                self._state, self._seen = WorldState(), ()
        except ValidationError as error:
            raise ConfigurationError(
                f"The file {self._path} holds no world of the memory connector.", hint="Name another file."
            ) from error
        except OSError as error:
            raise self._unusable(error) from error

    def _save(self) -> None:
        if self._path is None:
            return
        try:
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_STATE.dump_json(self._state))
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self._path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            self._seen = _identity(self._path)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(
            f"The file {self._path} cannot be used: {error.strerror or error}.", hint="Name a file that can be written."
        )


def _identity(path: Path) -> tuple[int, ...]:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return ()
    return (stat.st_ino, stat.st_mtime_ns, stat.st_size)


def _table(state: WorldState, record: str) -> TableState:
    table = state.tables.get(record)
    if table is None:
        raise UnknownRecordType(
            f"There is no record type {record!r}.", hint=f"There are {', '.join(sorted(state.tables)) or 'none'}."
        )
    return table
