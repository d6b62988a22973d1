"""Files as a system: Reader, Probe and Writer. There are no increments: every listing is a full one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tallystick import errors
from tallystick.connectors.files.layout import CsvLayout, JsonLayout, Layout
from tallystick.connectors.files.records import Row, View, rows
from tallystick.connectors.files.settings import Format, Settings
from tallystick.connectors.files.store import Content, FileStore
from tallystick.connectors.files.writer import FileWriter
from tallystick.model.record import Absence, Batch, Cause, End, Record, Unreadable, table_of
from tallystick.model.schema import Capabilities, Description, Field, RecordType
from tallystick.model.selection import Selection, id_of
from tallystick.model.value import FieldType, Value
from tallystick.model.write import Outcome, Write
from tallystick.ports.system import Known
from tallystick.ports.world import Ids

MAX_WRITES = 10_000
CAPABILITIES = Capabilities(versions=True, reserve=True, max_writes=MAX_WRITES)
_FIND_AT_MOST = 10
_ENDINGS = {".csv": Format.CSV, ".jsonl": Format.JSON_LINES, ".ndjson": Format.JSON_LINES}


class FilesSystem:
    """The files of one folder, or one file."""

    def __init__(self, settings: Settings, path: Path, ids: Ids) -> None:
        self.settings = settings
        self.path = path
        self._ids = ids
        self._last: dict[str, int] = {}  # the greatest number handed out, by record type

    # --- Reader

    def describe(self) -> Description:
        kinds = [self._described(name) for name in sorted(self._files())]
        return Description(connector="files", record_types=tuple(kinds))

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        store, layout, content, view = self._view(selection)
        seen: dict[str, int] = {}
        records: list[Record] = []
        unreadable: list[Unreadable] = []
        unnamed: list[str] = []
        for row in rows(view, layout.lines(content.body)):
            if row.id is None:
                unnamed.append(row.fault)
                unreadable.append(Unreadable(id=f"(line {row.line.number})", reason=row.fault))
                continue
            if row.id in seen:
                raise errors.KeyNotUnique(
                    f"Lines {seen[row.id]} and {row.line.number} of {store.path.name!r} have the same key.",
                    hint="Name fields that identify a record as `key`, or correct the file.",
                )
            seen[row.id] = row.line.number
            if row.fault:
                unreadable.append(Unreadable(id=row.id, reason=row.fault))
            elif view.passes(row.values) and not view.is_deleted(row.values):
                records.append(view.record(row))
            if len(records) + len(unreadable) >= self.settings.batch_rows:
                yield Batch(records=table_of(records, view.fields), unreadable=tuple(unreadable))
                records, unreadable = [], []
        reason = f"{unnamed[0]} Which record it was cannot be told." if unnamed else ""
        if not store.is_still(content.state):
            reason = f"The file {store.path.name!r} changed while it was read."
        yield Batch(
            records=table_of(records, view.fields),
            unreadable=tuple(unreadable),
            end=End(is_complete=not reason, reason=reason),
        )

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        raise errors.CursorRefused("A file has no changes since a cursor.", hint="A full listing goes on from here.")

    def close(self) -> None:
        """Nothing is kept open."""

    # --- Probe

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        _, layout, content, view = self._view(selection, is_whole=is_whole)
        wanted = dict.fromkeys(ids)
        found: dict[str, list[Row]] = {}
        is_sure = True
        for row in rows(view, layout.lines(content.body)):
            if row.id is None:
                is_sure = False
            elif row.id in wanted:
                found.setdefault(row.id, []).append(row)
        records: list[Record] = []
        absences: list[Absence] = []
        unreadable: list[Unreadable] = []
        for id_ in wanted:
            lines = found.get(id_, [])
            if not lines:
                absences.append(Absence(id=id_, cause=Cause.DELETED if is_sure else Cause.UNKNOWN))
            elif len(lines) > 1:
                unreadable.append(Unreadable(id=id_, reason=f"{len(lines)} lines have this key."))
            elif lines[0].fault:
                unreadable.append(Unreadable(id=id_, reason=lines[0].fault))
            elif view.is_deleted(lines[0].values):
                absences.append(Absence(id=id_, cause=Cause.DELETED))
            elif not view.passes(lines[0].values):
                absences.append(Absence(id=id_, cause=Cause.OUT_OF_FILTER))
            else:
                records.append(view.record(lines[0]))
        return Batch(records=table_of(records, view.fields), absences=tuple(absences), unreadable=tuple(unreadable))

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        _, layout, content, view = self._view(selection, also=tuple(values))
        found: list[Record] = []
        for row in rows(view, layout.lines(content.body)):
            is_sound = row.id is not None and not row.fault and not view.is_deleted(row.values)
            if is_sound and all(row.values.get(name) == value for name, value in values.items()):
                found.append(view.record(row))
                if len(found) == _FIND_AT_MOST:
                    break
        return found

    # --- Writer

    def reserve(self, selection: Selection, values: Sequence[Mapping[str, Value]]) -> Sequence[str | None]:
        _, layout, content, view = self._view(selection)
        number: int | None = None
        reserved: list[str | None] = []
        for one in values:
            open_names = [name for name in view.key if one.get(name) is None]
            parts = {name: one.get(name) for name in view.key}
            if len(open_names) == 1:
                name = open_names[0]
                if view.types.get(name) is FieldType.INTEGER:
                    if number is None:
                        number = max(self._last.get(view.name, 0), _greatest(name, view, layout, content))
                    number += 1
                    parts[name] = str(number)
                elif view.types.get(name, FieldType.TEXT) is FieldType.TEXT:
                    parts[name] = self._ids.new()
            known = [part for part in parts.values() if part is not None]
            reserved.append(id_of(tuple(known)) if len(known) == len(view.key) else None)
        if number is not None:
            self._last[view.name] = number
        return reserved

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        store, layout, _, view = self._view(selection)
        return FileWriter(store, layout, view, self._fields).write(writes)

    # --- inside

    def _files(self) -> Mapping[str, Path]:
        """The files by record type."""
        if not self.path.is_dir():
            return {self.path.stem: self.path}
        known = set(_ENDINGS)
        return {
            file.stem: file for file in sorted(self.path.iterdir()) if file.is_file() and file.suffix.lower() in known
        }

    def _store(self, record: str) -> tuple[FileStore, Layout]:
        files = self._files()
        path = files.get(record)
        if path is None and self.path.is_dir():
            if not self.settings.create:
                raise errors.CollectionGone(
                    f"There is no file {record!r} (.csv or .jsonl) in the folder {self.path.name!r}.",
                    hint="Correct `record`, or put the file back.",
                )
            ending = ".jsonl" if self.settings.format is Format.JSON_LINES else ".csv"
            path = self.path / f"{record}{ending}"
        elif path is None:
            raise errors.UnknownRecordType(
                f"There is no record type {record!r}, the file is named {self.path.name!r}.",
                hint=f"Write `record: {self.path.stem}`.",
            )
        format_ = self.settings.format or _ENDINGS.get(path.suffix.lower())
        if format_ is None:
            raise errors.ConfigurationError(
                f"The ending of {path.name!r} does not tell its format.", hint="Set `format: csv` or `format: jsonl`."
            )
        store = FileStore(
            path,
            encoding=self.settings.encoding,
            may_create=self.settings.create,
            timeout_s=self.settings.timeout_s,
        )
        return store, CsvLayout(self.settings.delimiter) if format_ is Format.CSV else JsonLayout()

    def _fields(self, record: str, layout: Layout, content: Content, wanted: Sequence[str]) -> dict[str, FieldType]:
        """The fields of a file with their types; `wanted` are the fields of one that is still empty."""
        try:
            found = dict(layout.fields(content.body))
        except ValueError as error:
            raise errors.SystemFault(f"The file of {record!r} {error}.", hint="Correct the file.") from None
        if not found and content.state is not None and isinstance(layout, CsvLayout):
            raise errors.SystemFault(
                f"The file of {record!r} is empty, it has not even a header.",
                hint="Put it back, or write its header line.",
            )
        given = self._given(record)
        if not found or isinstance(layout, JsonLayout):
            found = {**dict.fromkeys(given, FieldType.TEXT), **found}
        if not found:
            found = dict.fromkeys(wanted, FieldType.TEXT)
        return {name: given.get(name, type_) for name, type_ in found.items()}

    def _given(self, record: str) -> Mapping[str, FieldType]:
        """The types that the settings give for this record type."""
        is_folder = self.path.is_dir()
        given: dict[str, FieldType] = {}
        for name, type_ in self.settings.types.items():
            of, dot, field = name.partition(".")
            if dot and of == record:
                given[field] = type_
            elif not (dot and is_folder):
                given.setdefault(name, type_)
        return given

    def _view(
        self, selection: Selection, *, is_whole: bool = False, also: tuple[str, ...] = ()
    ) -> tuple[FileStore, Layout, Content, View]:
        store, layout = self._store(selection.record)
        content = store.read()
        key = selection.key or self.settings.keys.get(selection.record, ())
        if not key:
            raise errors.ConfigurationError(
                f"Nothing says which fields identify a record of {selection.record!r}.",
                hint="Name them as `key` in the flow.",
            )
        types = self._fields(selection.record, layout, content, (*key, *selection.fields))
        fields = tuple(types) if is_whole else selection.fields
        needed = dict.fromkeys((*key, *fields, *also))
        if selection.where:
            needed |= dict.fromkeys(clause.field for clause in selection.where.clauses)
        needed |= dict.fromkeys(
            name for name in (selection.changed, selection.deleted and selection.deleted.column) if name
        )
        for name in needed:
            if name not in types:
                raise errors.UnknownField(
                    f"The file {store.path.name!r} has no field {name!r}.",
                    hint="Correct the name in the integration file, or remove the mapping of the field.",
                )
        view = View(
            name=selection.record,
            key=key,
            fields=fields,
            needed=tuple(needed),
            types=types,
            selection=selection,
            is_json=isinstance(layout, JsonLayout),
            is_whole=is_whole,
        )
        return store, layout, content, view

    def _described(self, name: str) -> RecordType:
        store, layout = self._store(name)
        types = self._fields(name, layout, store.read(), ())
        key = self.settings.keys.get(name, ())
        return RecordType(
            name=name,
            fields=tuple(
                Field(name=field, type=type_, is_required=field in key, is_nullable=field not in key)
                for field, type_ in types.items()
            ),
            key=key,
            capabilities=CAPABILITIES,
        )


def _greatest(name: str, view: View, layout: Layout, content: Content) -> int:
    numbers = (row.values.get(name) for row in rows(view, layout.lines(content.body)) if row.values)
    return max((int(number) for number in numbers if number is not None), default=0)
