"""Writes into a file: one look, one new file, whatever the number of writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tallystick import errors
from tallystick.connectors.files.layout import Canonical, Layout
from tallystick.connectors.files.records import Row, View, checked, marker, rows, version_of
from tallystick.connectors.files.store import Content, FileStore
from tallystick.model.selection import id_of, parts_of
from tallystick.model.value import FieldType, Value
from tallystick.model.write import Action, Outcome, Result, Write

_ATTEMPTS = 5

Fields = Callable[[str, Layout, Content, Sequence[str]], dict[str, FieldType]]


@dataclass(slots=True)
class Now:
    """A record as it will stand in the new file."""

    row: Row | None  # its line in the old one; None: it is new
    values: dict[str, Value]  # canonical, of the fields that decide
    cells: dict[str, object] = field(default_factory=dict)
    is_touched: bool = False
    is_gone: bool = False
    raw: bytes = b""


class FileWriter:
    def __init__(self, store: FileStore, layout: Layout, view: View, fields: Fields) -> None:
        self._store = store
        self._layout = layout
        self._view = view
        self._fields = fields

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Outcomes in the order of `writes`. Raises PermissionRefused, CollectionGone and Unreachable."""
        if not writes:
            return []
        try:
            with self._store.locked():
                for _ in range(_ATTEMPTS):
                    outcomes = self._attempt(writes)
                    if outcomes is not None:
                        return outcomes
        except (errors.Throttled, errors.SystemFault) as error:
            return [Outcome(key=write.key, result=Result.RETRY, message=str(error)) for write in writes]
        message = f"The file {self._store.path.name!r} changes too often to be written."
        return [Outcome(key=write.key, result=Result.RETRY, message=message) for write in writes]

    def _attempt(self, writes: Sequence[Write]) -> Sequence[Outcome] | None:
        """None when somebody else changed the file meanwhile."""
        content = self._store.read()
        view, layout = self._view, self._layout
        types = self._fields(view.name, layout, content, (*view.key, *view.selection.fields))
        there = self._there({write.id for write in writes if write.id is not None} | self._keys(writes), content)
        made: list[Now] = []
        outcomes = [self._carry_out(write, there, made, types) for write in writes]
        touched = [now for rows_ in there.values() for now in rows_ if now.is_touched]
        if touched:
            self._spell([now for now in touched if not now.is_gone], types)
            if not self._store.replace(self._parts(content, there, made, types), content):
                return None
        by_id = {id_: rows_[0] for id_, rows_ in there.items() if rows_}
        return [self._with_version(outcome, by_id) for outcome in outcomes]

    def _keys(self, writes: Sequence[Write]) -> set[str]:
        """The ids of creates whose values name them."""
        found = set()
        for write in writes:
            parts = [write.values.get(name) for name in self._view.key]
            if write.action is Action.CREATE and write.id is None and None not in parts:
                found.add(id_of(tuple(map(str, parts))))
        return found

    def _there(self, ids: set[str], content: Content) -> dict[str, list[Now]]:
        """The records with these ids."""
        there: dict[str, list[Now]] = {id_: [] for id_ in ids}
        for row in rows(self._view, self._layout.lines(content.body)):
            if row.id is not None and row.id in there:
                there[row.id].append(Now(row=row, values=dict(row.values), cells=dict(row.line.cells)))
        return there

    def _carry_out(
        self, write: Write, there: dict[str, list[Now]], made: list[Now], types: Mapping[str, FieldType]
    ) -> Outcome:
        if write.action is Action.CREATE:
            return self._create(write, there, made, types)
        found = [now for now in there[str(write.id)] if not now.is_gone]
        if len(found) > 1:
            return _outcome(write, Result.REFUSED, f"{len(found)} lines of the file have this key.")
        if not found or self._view.is_deleted(found[0].values):
            return _outcome(write, Result.DONE if write.action is Action.DELETE else Result.ABSENT)
        now = found[0]
        if self._has_moved(write, now):
            return _outcome(write, Result.MOVED)
        deleted = self._view.selection.deleted
        if write.action is Action.UPDATE:
            values: Mapping[str, Value] = write.values
        elif deleted is not None:
            values = {deleted.column: marker(deleted, types)}
        else:
            now.is_gone = now.is_touched = True
            return _outcome(write, Result.DONE)
        return self._set(write, now, values, types)

    def _create(
        self, write: Write, there: dict[str, list[Now]], made: list[Now], types: Mapping[str, FieldType]
    ) -> Outcome:
        view, values = self._view, dict(write.values)
        if write.id is not None:
            try:
                values |= zip(view.key, parts_of(write.id, len(view.key)), strict=True)
            except ValueError:
                return _outcome(write, Result.REFUSED, f"The id is not made of {' and '.join(view.key)}.")
        parts = [values.get(name) for name in view.key]
        if None in parts:
            return _outcome(write, Result.REFUSED, f"A record needs {' and '.join(view.key)}.")
        id_ = id_of(tuple(map(str, parts)))
        standing = [now for now in there.setdefault(id_, []) if not now.is_gone]
        if any(not view.is_deleted(now.values) for now in standing):
            return _outcome(write, Result.EXISTS, "Another record already has this key.")
        deleted = view.selection.deleted
        if standing and deleted is not None:  # deleted by its mark: the mark is taken away again
            return self._set(write, standing[0], {deleted.column: None, **values}, types, id_=id_)
        now = Now(row=None, values={})
        outcome = self._set(write, now, values, types, id_=id_)
        if outcome.result is Result.DONE:
            made.append(now)
            there[id_].insert(0, now)
        return outcome

    def _set(
        self,
        write: Write,
        now: Now,
        values: Mapping[str, Value],
        types: Mapping[str, FieldType],
        *,
        id_: str | None = None,
    ) -> Outcome:
        ready: dict[str, Value] = {}
        for name, value in values.items():
            try:
                if name not in types:
                    raise ValueError("is not there")
                ready[name] = self._store.encodable(checked(value, types[name]))
            except ValueError as error:
                return _outcome(write, Result.REFUSED, f"The field {name!r} of {self._view.name!r} {error}.")
        now.values |= ready
        now.cells |= {name: Canonical(value) for name, value in ready.items()}
        now.is_touched = True
        return _outcome(write, Result.DONE, id_=id_ or write.id)

    def _has_moved(self, write: Write, now: Now) -> bool:
        if write.version is not None and now.row is not None:
            return write.version != version_of(now.row.line.raw)
        for name, value in write.expected.items():
            cell = now.cells.get(name)
            try:
                held = cell.value if isinstance(cell, Canonical) else self._view.value(cell, name)
            except ValueError:
                return True
            if name not in now.cells or held != value:
                return True
        return False

    def _spell(self, touched: Sequence[Now], types: Mapping[str, FieldType]) -> None:
        for now in touched:
            now.raw = self._layout.spelled(now.cells, tuple(types), types)

    def _parts(
        self, content: Content, there: Mapping[str, list[Now]], made: Sequence[Now], types: Mapping[str, FieldType]
    ) -> Iterator[bytes]:
        """The new content of the file: what nobody touched stays as it is to the last byte."""
        end = self._layout.end(content.body)
        by_line = {now.row.line.number: now for rows_ in there.values() for now in rows_ if now.row and now.is_touched}
        body = content.body or self._layout.begun(content.body, tuple(types))
        place = 0
        last = b""
        for line in self._layout.lines(body):
            last = body[place : line.start] or last
            yield body[place : line.start]  # the header, blank lines
            place = line.start + len(line.raw)
            now = by_line.get(line.number)
            if now is None:
                last = line.raw
                yield line.raw
            elif not now.is_gone:
                ending = line.raw[len(line.raw.rstrip(b"\r\n")) :]
                last = now.raw + ending
                yield last
        rest = body[place:]
        yield rest
        last = rest or last
        if made and last and not last.endswith((b"\n", b"\r")):
            yield end
        for now in made:
            if not now.is_gone:
                yield now.raw + end

    def _with_version(self, outcome: Outcome, by_id: Mapping[str, Now]) -> Outcome:
        now = by_id.get(outcome.id) if outcome.id is not None else None
        if outcome.result is not Result.DONE or now is None or now.is_gone or not now.raw:
            return outcome
        return Outcome(key=outcome.key, result=Result.DONE, id=outcome.id, version=version_of(now.raw))


def _outcome(write: Write, result: Result, message: str = "", *, id_: str | None = None) -> Outcome:
    is_done = result is Result.DONE
    return Outcome(key=write.key, result=result, id=(id_ or write.id) if is_done else None, message=message)
