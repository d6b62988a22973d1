"""A CardDAV and CalDAV server as a system: one open connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec.structs import replace

from tallystick.connectors.dav.bodies import Bodies
from tallystick.connectors.dav.card import Cards
from tallystick.connectors.dav.describe import MOST_WRITES, Shelf, chosen, description, shelf_of, shelves
from tallystick.connectors.dav.discover import discover, entry_urls
from tallystick.connectors.dav.reading import ShelfReader
from tallystick.connectors.dav.session import Session
from tallystick.connectors.dav.settings import Settings
from tallystick.connectors.dav.view import View
from tallystick.connectors.dav.vocabulary import Vocabulary
from tallystick.connectors.dav.writing import Writer
from tallystick.connectors.http.client import HttpClient
from tallystick.model.record import Batch, Record, records_of
from tallystick.model.schema import Description
from tallystick.model.selection import Selection
from tallystick.model.value import Value
from tallystick.model.write import Outcome, Write
from tallystick.ports.system import Known
from tallystick.ports.world import Clock, Ids

FETCH_A_TIME = 200
MOST_FOUND = 10


class NothingKnown:
    """Implements ports.system.Known for reads that want every body."""

    def versions(self) -> Mapping[str, str]:
        return {}


class DavSystem:
    """Implements ports.system.System. Safe for threads."""

    def __init__(self, settings: Settings, http: HttpClient, urls: tuple[str, ...], *, clock: Clock, ids: Ids) -> None:
        self._settings = settings
        self._http = http
        self._urls = urls
        self._ids = ids
        self._session = Session(http, user=settings.username, parallel=settings.parallel)
        self._pool = ThreadPoolExecutor(max_workers=settings.parallel, thread_name_prefix="dav")
        self._shelves: tuple[Shelf, ...] | None = None
        self._clock = clock
        self._vocabularies: dict[str, Vocabulary] = {}

    def describe(self) -> Description:
        self._shelves = None
        return description(self._all_shelves(), self._vocabulary, self._http.product)

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        yield from self._reader(self._view(selection)).listing(known)

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        yield from self._reader(self._view(selection)).changes(cursor, known)

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        view = self._view(selection, is_whole=is_whole)
        return self._reader(view).fetch(ids, part=FETCH_A_TIME if not view.wants_body else 20)

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        """Servers differ in what they can search for and how; so every record is looked at."""
        wide = replace(selection, fields=tuple(sorted({*selection.fields, *values})))
        found: list[Record] = []
        for batch in self.listing(wide, NothingKnown()):
            for record in records_of(batch.records):
                if all(record.values.get(name) == value for name, value in values.items()):
                    kept = {name: record.values[name] for name in selection.fields}
                    found.append(replace(record, values=kept))
            if len(found) >= MOST_FOUND:
                break
        return found[:MOST_FOUND]

    def reserve(self, selection: Selection, values: Sequence[Mapping[str, Value]]) -> Sequence[str | None]:
        suffix = self._vocabulary(self._shelf(selection).component).suffix
        return [f"{self._ids.new()}{suffix}" for _ in values]

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        if len(writes) > MOST_WRITES:
            raise ValueError(f"at most {MOST_WRITES} writes at a time")
        view = self._view(selection)
        return Writer(self._session, view, self._bodies(view), self._pool).write(writes) if writes else []

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._http.close()

    def _all_shelves(self) -> tuple[Shelf, ...]:
        if self._shelves is None:
            found = discover(self._session, self._urls)
            self._shelves = shelves(chosen(found, self._settings.collection))
        return self._shelves

    def _vocabulary(self, component: str) -> Vocabulary:
        if component not in self._vocabularies:
            self._vocabularies[component] = vocabulary_of(component, self._settings, self._clock)
        return self._vocabularies[component]

    def _shelf(self, selection: Selection) -> Shelf:
        return shelf_of(self._all_shelves(), selection.record)

    def _view(self, selection: Selection, *, is_whole: bool = False) -> View:
        shelf = self._shelf(selection)
        return View(
            shelf=shelf,
            vocabulary=self._vocabulary(shelf.component),
            selection=selection,
            max_record_bytes=self._settings.max_record_bytes,
            is_whole=is_whole,
        )

    def _reader(self, view: View) -> ShelfReader:
        return ShelfReader(self._session, view, self._bodies(view), batch_records=self._settings.batch_records)

    def _bodies(self, view: View) -> Bodies:
        return Bodies(self._session, view.shelf, self._pool, parallel=self._settings.parallel)


def vocabulary_of(component: str, settings: Settings, clock: Clock) -> Vocabulary:
    if component == "VCARD":
        return Cards(version=settings.vcard_version, extra=settings.properties)
    from tallystick.connectors.dav.calendar import Calendars  # not for those who only keep contacts: it takes a while

    return Calendars(component, now=clock.now, zone=settings.zone, extra=settings.properties)


def open_system(settings: Settings, *, folder: Path, clock: Clock, ids: Ids) -> DavSystem:
    """Raises ConfigurationError for an address or a certificate file that cannot be used."""
    if settings.ca_file is not None:
        settings = settings.model_copy(update={"ca_file": folder / settings.ca_file})
    urls = entry_urls(settings.url)
    return DavSystem(settings, HttpClient(settings, origins=urls, clock=clock), urls, clock=clock, ids=ids)
