"""The dav connector keeps the contract on Radicale and on Xandikos. Rows E1, E2, E3, E4, E7, E9, E28, E31, E33."""

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from tallystick.connectors.dav import Settings, connect
from tallystick.model.schema import Capabilities
from tallystick.model.selection import Selection
from tallystick.model.value import FieldType, Value
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract import ConnectorContract, Outside, Subject
from tests.dav_servers import DavServer, radicale, xandikos

pytestmark = pytest.mark.dav

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def on_radicale(tmp_path_factory) -> Iterator[DavServer]:
    with radicale(tmp_path_factory.mktemp("radicale")) as running:
        yield running


@pytest.fixture(scope="module")
def on_xandikos(tmp_path_factory) -> Iterator[DavServer]:
    with xandikos(tmp_path_factory.mktemp("xandikos")) as running:
        yield running


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace(",", "\\,").replace(";", "\\;")


def compact(moment: str) -> str:
    return moment.replace("-", "").replace(":", "")


class Phone(Outside):
    """Somebody's phone: writes whole bodies in its own hand."""

    suffix = ".vcf"

    def __init__(self, server: DavServer, url: str) -> None:
        self.url = url
        self.values: dict[str, dict[str, Value]] = {}
        self.client = httpx.Client(auth=server.auth, trust_env=False, timeout=30)

    def create(self, values: Mapping[str, Value]) -> str:
        id = f"phone-{next(numbers)}{self.suffix}"
        self.values[id] = dict(values)
        self.put(id)
        return id

    def update(self, id: str, values: Mapping[str, Value]) -> None:
        self.values[id] |= values
        self.put(id)

    def delete(self, id: str) -> None:
        assert self.client.delete(self.url + id).status_code in (200, 204)

    def put(self, id: str) -> None:
        content = "\r\n".join([*self.body(id, self.values[id]), ""]).encode()
        headers = {"Content-Type": "text/vcard" if self.suffix == ".vcf" else "text/calendar"}
        answer = self.client.put(self.url + id, content=content, headers=headers)
        assert answer.status_code in (200, 201, 204), answer.text

    def body(self, id: str, values: Mapping[str, Value]) -> list[str]:
        lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{id[:-4]}", "FN:Ann Other", "N:Other;Ann;;;", *common(values)]
        if (note := values.get("note")) is not None:
            lines.append(f"NOTE:{escaped(note)}")
        if (birthday := values.get("birthday")) is not None:
            lines.append(f"BDAY:{birthday}")
        if (photo := values.get("photo")) is not None:
            lines.append(f"PHOTO;ENCODING=b;TYPE=JPEG:{photo}")
        return [*lines, "END:VCARD"]


def common(values: Mapping[str, Value]) -> list[str]:
    lines = []
    if (categories := values.get("categories")) is not None:
        lines.append("CATEGORIES:" + ",".join(map(escaped, json.loads(categories))))
    if (private := values.get("is_private")) is not None:
        lines.append("CLASS:PRIVATE" if private == "true" else "CLASS:PUBLIC")
    return lines


class Calendar(Phone):
    suffix = ".ics"
    component = "VEVENT"

    def body(self, id: str, values: Mapping[str, Value]) -> list[str]:
        lines = [
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Phone//EN", f"BEGIN:{self.component}", f"UID:{id[:-4]}",
            "DTSTAMP:20261101T000000Z", *common(values), *self.times(values),
        ]  # fmt: skip
        if (description := values.get("description")) is not None:
            lines.append(f"DESCRIPTION:{escaped(description)}")
        return [*lines, f"END:{self.component}", "END:VCALENDAR"]

    def times(self, values: Mapping[str, Value]) -> list[str]:
        start = values["start_at"]
        return ["DTSTART;VALUE=DATE:20261001" if start is None else f"DTSTART:{compact(start)}"]


class ToDo(Calendar):
    component = "VTODO"

    def times(self, values: Mapping[str, Value]) -> list[str]:
        lines = []
        if (due := values.get("due_at")) is not None:
            lines.append(f"DUE:{compact(due)}")
        if (started := values.get("start_local")) is not None:
            lines.append(f"DTSTART:{compact(started)}")
        return lines


ONE_LINE_END = "The formats know one line end only: a line feed."
TEXT_CANNOT = {
    "test_value_comes_back_as_written[text-windows lines]": ONE_LINE_END,
    "test_value_comes_back_as_updated[text-windows lines]": ONE_LINE_END,
}
FLAG = "An entry without the flag is public: null is kept as false."
DAV_CANNOT = {
    **TEXT_CANNOT,
    "test_value_comes_back_as_written[boolean-null]": FLAG,
    "test_value_comes_back_as_updated[boolean-null]": FLAG,
    "test_fetch_of_a_merged_record_names_the_survivor_E2": "The protocols know no merging.",
    "test_fetch_of_an_archived_record_says_so_E2": "The protocols know no archive.",
}


class DavContract(ConnectorContract):
    capabilities = Capabilities(
        changes=True, tombstones=True, versions=True, causes=True, reserve=True, idempotency=True, max_writes=500
    )
    cannot: ClassVar[Mapping[str, str]] = DAV_CANNOT
    outside: ClassVar[type[Phone]] = Phone
    record = "contacts"
    fields: ClassVar[tuple[str, ...]] = ()
    text = "note"

    @pytest.fixture
    def subject(self, server: DavServer) -> Iterator[Subject]:
        name = f"c{next(numbers)}"
        if self.record == "contacts":
            url = server.make_book(name)
        else:
            url = server.make_calendar(name, components=(self.outside.component,))
        settings = Settings(**{**server.settings, "url": url}, batch_records=4)
        system = connect(settings, folder=Path(), clock=FixedClock(), ids=SequentialIds(next(numbers) * 1000))
        phone = self.outside(server, url)
        yield Subject(
            system=system,
            selection=Selection(record=self.record, fields=tuple(sorted(self.fields))),
            sample=self.sample,
            outside=phone,
            batch_rows=4,
            text=self.text,
        )
        phone.client.close()
        system.close()

    def sample(self, number: int) -> dict[str, Value]:
        raise NotImplementedError


class Contacts(DavContract):
    field_types = frozenset({FieldType.TEXT, FieldType.DATE, FieldType.LIST, FieldType.BOOLEAN, FieldType.BINARY})
    fields = ("note", "birthday", "categories", "is_private", "photo")

    def sample(self, number: int) -> dict[str, Value]:
        return {
            "note": f"note {number}",
            "birthday": f"19{50 + number % 50}-03-{1 + number % 28:02d}",
            "categories": f'["Contact","{number}"]',
            "is_private": "true" if number % 2 else "false",
            "photo": "aGVsbG8=" if number % 2 else "d29ybGQ=",
        }


class Events(DavContract):
    field_types = frozenset({FieldType.TEXT, FieldType.DATETIME, FieldType.LIST, FieldType.BOOLEAN})
    outside = Calendar
    record = "events"
    fields = ("description", "start_at", "categories", "is_private")
    text = "description"
    cannot: ClassVar[Mapping[str, str]] = {
        **DAV_CANNOT,
        "test_value_comes_back_as_written[datetime-null]": "An event has a start.",
        "test_value_comes_back_as_updated[datetime-null]": "An event has a start.",
    }

    def sample(self, number: int) -> dict[str, Value]:
        return {
            "description": f"note {number}",
            "start_at": f"2026-10-{1 + number % 28:02d}T09:30:00Z",
            "categories": f'["PeopleSoft","{number}"]',
            "is_private": "true" if number % 2 else "false",
        }


class Tasks(DavContract):
    field_types = frozenset(
        {FieldType.TEXT, FieldType.DATETIME, FieldType.LOCAL_DATETIME, FieldType.LIST, FieldType.BOOLEAN}
    )
    outside = ToDo
    record = "tasks"
    fields = ("description", "due_at", "start_local", "categories", "is_private")
    text = "description"

    def sample(self, number: int) -> dict[str, Value]:
        return {
            "description": f"note {number}",
            "due_at": f"2027-10-{1 + number % 28:02d}T09:30:00Z",
            "start_local": f"1900-11-{1 + number % 28:02d}T08:00:00",
            "categories": f'["PeopleSoft","{number}"]',
            "is_private": "true" if number % 2 else "false",
        }


class OnRadicale:
    @pytest.fixture
    def server(self, on_radicale: DavServer) -> DavServer:
        return on_radicale


class OnXandikos:
    @pytest.fixture
    def server(self, on_xandikos: DavServer) -> DavServer:
        return on_xandikos


class TestContactsOnRadicale(OnRadicale, Contacts):
    pass


@pytest.mark.slow
class TestEventsOnXandikos(OnXandikos, Events):
    pass


@pytest.mark.slow
class TestContactsOnXandikos(OnXandikos, Contacts):
    pass


@pytest.mark.slow
class TestEventsOnRadicale(OnRadicale, Events):
    pass


@pytest.mark.slow
class TestTasksOnRadicale(OnRadicale, Tasks):
    pass
