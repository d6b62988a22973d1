"""The hub's records as an open system: Reader, Probe and Writer. Source: ports/system.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, connections

from tallystick import __version__
from tallystick.errors import ConfigurationError, Unreachable
from tallystick.model.record import Batch, End, Record, no_records
from tallystick.model.schema import Capabilities, Description, Field, RecordType
from tallystick.model.selection import Selection
from tallystick.model.value import FieldType, Value
from tallystick.model.write import Action, Outcome, Result, Write
from tallystick.ports.system import Known
from tallystick.ports.world import Clock, Ids
from tallystick.server.records import kept_codes, record_types
from tallystick.server.records.connector import Settings
from tallystick.server.records.domain.mapping import Mappings
from tallystick.server.records.domain.steps import Author, Doing, Done, Step
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.domain.write import carry_out
from tallystick.server.records.feed import Feed
from tallystick.server.records.reading import Found, Reading, Viewer
from tallystick.server.records.values import Unfit, taken, to_column
from tallystick.server.state.failures import told

MOST_FOUND: Final = 10
CAPABILITIES: Final = Capabilities(
    changes=True, tombstones=True, versions=True, reserve=True, idempotency=True, max_writes=500
)
_DOINGS: Final = {Action.CREATE: Doing.CREATE, Action.UPDATE: Doing.UPDATE, Action.DELETE: Doing.DELETE}


class RecordsSystem:
    """Implements ports.system.System. Every thread may use it."""

    app = "records"  # whose record types it offers

    def __init__(self, settings: Settings, *, using: str, title: str, clock: Clock, ids: Ids) -> None:
        self.using = using  # of Django's databases
        self._title, self._clock, self._ids = title, clock, ids
        self._batch_rows = settings.batch_rows
        self._needs_mapping = settings.needs_product_mapping
        self._feed = Feed(using)
        self._viewer = None if settings.user is None else Viewer(settings.user, using)

    # --- Reader

    def describe(self) -> Description:
        with told(self._title), kept_codes.hub(self.using):
            return Description(
                connector=self.app,
                product=f"Tallystick {__version__}",
                record_types=tuple(described(kind) for kind in record_types.of_app(self.app)),
            )

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        reading = self._reading(selection)
        with told(self._title):
            cursor = self._feed.cursor()
        versions = known.versions()
        after, is_more = "", True
        while is_more:
            with told(self._title):
                page = reading.page(after, self._batch_rows)
            is_more = len(page) == self._batch_rows
            if is_more:
                after = page[-1].id
            passing = [one for one in page if reading.is_present(one) and reading.passes(one)]
            end = None if is_more else End(is_complete=True, cursor=cursor)
            yield _batch(reading, passing, versions, end=end)

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        reading = self._reading(selection)
        with told(self._title):
            following = self._feed.cursor()
            ids = self._feed.since(reading.kind, cursor)
        versions = known.versions()
        for start in range(0, len(ids), self._batch_rows):
            part = ids[start : start + self._batch_rows]
            with told(self._title):
                found = reading.of_ids(part)
            there = {id_: one for id_, one in found.items() if reading.is_present(one) and reading.passes(one)}
            absences = tuple(reading.absence(id_, found.get(id_)) for id_ in part if id_ not in there)
            ordered = [there[id_] for id_ in part if id_ in there]
            yield _batch(reading, ordered, versions, absences=absences)
        yield Batch(records=no_records(selection.fields), end=End(is_complete=True, cursor=following))

    def close(self) -> None:
        """The database stays the hub's."""

    # --- Probe

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        reading = self._reading(selection, is_whole=is_whole)
        wanted = list(dict.fromkeys(ids))
        with told(self._title):
            found = reading.of_ids([id_ for id_ in wanted if "\0" not in id_])
        there = {id_: one for id_, one in found.items() if reading.is_present(one) and reading.passes(one)}
        return Batch(
            records=reading.table([there[id_] for id_ in wanted if id_ in there]),
            absences=tuple(reading.absence(id_, found.get(id_)) for id_ in wanted if id_ not in there),
        )

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        reading = self._reading(selection)
        self._reading(Selection(record=selection.record, fields=tuple(values)))
        columns: dict[str, Any] = {}
        with told(self._title), kept_codes.hub(self.using):
            for name, value in values.items():
                field = reading.kind.fields[name]
                try:
                    columns[name] = (
                        to_column(field.type, taken(field, value, is_return=True)) if value is not None else None
                    )
                except Unfit:
                    return []
        with told(self._title):
            found = [one for one in reading.with_values(columns, MOST_FOUND) if reading.is_present(one)]
        return [reading.record(one) for one in found]

    # --- Writer

    def reserve(self, selection: Selection, values: Sequence[Mapping[str, Value]]) -> Sequence[str | None]:
        self._reading(selection)
        return [self._ids.new() for _ in values]

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        if not writes:
            return ()
        reading = self._reading(selection)
        outcomes: dict[int, Outcome] = {}
        steps: dict[int, Step] = {}
        with told(self._title):
            there = self._seen(reading, writes)
        for place, write in enumerate(writes):
            settled = there.get(place) or _settled(write)
            if settled is not None:
                outcomes[place] = settled
            else:
                steps[place] = _step(selection, write)
        try:
            done = carry_out(
                reading.kind,
                list(steps.values()),
                author_of(writes[0].key),
                Place(using=self.using, now=self._clock.now()),
                new_id=self._ids.new,
            )
        except (DatabaseError, InterfaceError) as error:
            outcomes |= {place: self._lost(writes[place], error) for place in steps}
        else:
            outcomes |= {place: _outcome(writes[place], one) for place, one in zip(steps, done, strict=True)}
        return [outcomes[place] for place in range(len(writes))]

    # --- inside

    def _reading(self, selection: Selection, *, is_whole: bool = False) -> Reading:
        if self._needs_mapping and selection.record == "installed_asset":
            self._check_mapping()
        return Reading(selection, self.using, self._viewer, app=self.app, is_whole=is_whole)

    def _check_mapping(self) -> None:
        """Source: spec/assets.md A21."""
        with told(self._title):
            has_default = Mappings(Place(using=self.using, now=self._clock.now())).has_default
        if not has_default:
            raise ConfigurationError(
                "The product mapping has no default row, so that some assets would have no product: nothing was begun.",
                hint="Add a product mapping with a product and nothing else, then run it again.",
            )

    def _seen(self, reading: Reading, writes: Sequence[Write]) -> dict[int, Outcome]:
        """Outcomes of writes on records that the selection counts as deleted, or that the user may not see."""
        if self._viewer is None and reading.selection.deleted is None:
            return {}
        found = reading.of_ids([write.id for write in writes if write.id is not None])
        outcomes: dict[int, Outcome] = {}
        for place, write in enumerate(writes):
            one = found.get(write.id or "")
            if one is None or one.gone_why is not None or reading.is_present(one):
                continue
            if not reading.is_deleted(one):
                message = "This record is private to somebody else."
                outcomes[place] = Outcome(key=write.key, result=Result.REFUSED, id=write.id, message=message)
            elif write.action is Action.DELETE:
                outcomes[place] = Outcome(key=write.key, result=Result.DONE, id=write.id)
            elif write.action is Action.UPDATE:
                message = "The record was deleted."
                outcomes[place] = Outcome(key=write.key, result=Result.ABSENT, id=write.id, message=message)
        return outcomes

    def _lost(self, write: Write, error: Exception) -> Outcome:
        """Nothing was kept, unless the connection broke while it was to be kept."""
        try:
            with told(self._title):
                raise error
        except Unreachable as worded:
            is_unknown = connections[self.using].vendor == "postgresql"
            result = Result.UNKNOWN if is_unknown else Result.RETRY
            return Outcome(key=write.key, result=result, id=write.id, message=worded.message)


def described(kind: record_types.RecordType) -> RecordType:
    """A record type as the hub describes it to itself."""
    return RecordType(
        name=kind.name,
        title=str(kind.plural),
        key=("id",),
        capabilities=CAPABILITIES,
        fields=tuple(
            Field(
                name=field.name,
                type=field.type,
                title=str(field.title),
                is_required=field.is_required and field.is_writable and not field.column.has_default(),
                is_writable=field.is_writable,
                is_nullable=field.is_nullable,
                max_length=field.limit if field.type is FieldType.TEXT else None,
                choices=field.codes.codes if field.codes is not None else (),
            )
            for field in kind.fields.values()
        ),
    )


def author_of(key: str) -> Author:
    """The run that a write belongs to, by its key (`run:flow:number`)."""
    run = key.partition(":")[0]
    is_run = len(run) == 32 and run.isalnum()
    return Author(by="Tallystick", via=f"run {run}" if is_run else "connector", run=run if is_run else None)


def _batch(
    reading: Reading,
    found: Sequence[Found],
    versions: Mapping[str, str],
    *,
    absences: tuple[Any, ...] = (),
    end: End | None = None,
) -> Batch:
    same = [one.id for one in found if versions.get(one.id) == one.version] if versions else []
    is_same = set(same)
    return Batch(
        records=reading.table([one for one in found if one.id not in is_same]),
        unchanged=tuple(same),
        absences=absences,
        end=end,
    )


def _settled(write: Write) -> Outcome | None:
    """The outcome of a write that nothing can come of."""
    if write.action not in _DOINGS:
        message = f"No system can {write.action.value}."
    elif write.version is not None and not (write.version.isdecimal() and len(write.version) < 19):
        return Outcome(key=write.key, result=Result.MOVED, id=write.id, message="The record has another version.")
    elif "\0" in (write.id or ""):
        message = "The id holds a character that is none."
    else:
        return None
    return Outcome(key=write.key, result=Result.REFUSED, id=write.id, message=message)


def _step(selection: Selection, write: Write) -> Step:
    soft = selection.deleted
    doing, values = _DOINGS[write.action], dict(write.values)
    if doing is Doing.DELETE:
        values = {}
        if soft is not None:
            doing, values = Doing.UPDATE, {soft.column: soft.equals}
    return Step(
        doing=doing,
        id=write.id,
        values=values,
        version=None if write.version is None else int(write.version),
        expected=write.expected,
        key=write.key,
    )


def _outcome(write: Write, done: Done) -> Outcome:
    is_done = done.result is Result.DONE
    result = done.result
    if write.action is Action.DELETE and result is Result.ABSENT:
        result, is_done = Result.DONE, True
    return Outcome(
        key=write.key,
        result=result,
        id=done.id or write.id,
        version=str(done.version) if is_done and done.version is not None else None,
        stored=done.stored if is_done else None,
        message=done.message,
    )
