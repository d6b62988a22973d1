"""Radicale and Xandikos as they are: finding collections, keeping series, deletion and undo. Rows S15, S16, S21."""

from collections.abc import Iterator
from pathlib import Path

import dns.resolver
import pytest

from tallystick.connectors.dav import Settings, connect
from tallystick.connectors.dav.lookup import service_urls
from tallystick.connectors.dav.text import decode
from tallystick.connectors.http.client import HttpClient
from tallystick.errors import ConfigurationError, CursorRefused, SignInFailed, UnknownField, UnknownRecordType
from tallystick.model.record import Cause
from tallystick.model.selection import Clause, Filter, Selection, Test
from tallystick.model.write import Action, Result, Write
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract.subject import VersionsKnown, read
from tests.dav_servers import DavServer, radicale, xandikos

pytestmark = pytest.mark.dav


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Iterator[dict[str, DavServer]]:
    with radicale(tmp_path_factory.mktemp("r")) as one, xandikos(tmp_path_factory.mktemp("x")) as other:
        for server in (one, other):
            server.make_book("people", "My people")
            server.make_calendar("dates", "Dates")
            server.make_calendar("work", "Work", ("VEVENT",))
        yield {"radicale": one, "xandikos": other}


@pytest.fixture(params=["radicale", "xandikos"])
def server(request, both) -> DavServer:
    return both[request.param]


@pytest.fixture
def system(server):
    opened = open_system(server)
    yield opened
    opened.close()


def open_system(server, **settings):
    return connect(Settings(**{**server.settings, **settings}), folder=Path(), clock=FixedClock(), ids=SequentialIds())


def listed(system, selection, known=None):
    return read(system.listing(selection, VersionsKnown(known or {})))


def test_collections_are_found_and_named_from_the_address_of_the_server(system, server):
    kinds = {kind.name: (kind.title, kind.capabilities.changes) for kind in system.describe().record_types}
    of_tasks = {
        "radicale": {"tasks": ("Dates", True)},
        "xandikos": {"tasks/dates": ("Dates", True), "tasks/work": ("Work", True)},  # every calendar holds both
    }
    assert kinds == {
        "contacts": ("My people", True),
        "events/dates": ("Dates", True),
        "events/work": ("Work", True),
        **of_tasks[server.name],
    }


def test_collection_is_meant_by_name_title_or_kind_and_otherwise_refused(system):
    for record in ("contacts", "contacts/people", "contacts/My people", "events/Work", "tasks/dates"):
        assert listed(system, Selection(record=record, fields=("uid",))).end.is_complete
    for record in ("events", "events/nowhere", "people", ""):
        with pytest.raises(UnknownRecordType, match="events/work"):
            listed(system, Selection(record=record, fields=("uid",)))
    with pytest.raises(UnknownField, match="Leave `key` out"):
        listed(system, Selection(record="contacts", fields=("uid",), key=("uid",)))


def test_one_collection_may_be_chosen_and_a_wrong_one_is_named(server):
    system = open_system(server, collection="Work")
    assert {kind.title for kind in system.describe().record_types} == {"Work"}
    system.close()
    system = open_system(server, collection="Nothing")
    with pytest.raises(ConfigurationError, match="Nothing"):
        system.describe()
    system.close()


def test_wrong_password_is_refused(both):
    system = open_system(both["radicale"], password="wrong")
    with pytest.raises(SignInFailed):
        system.describe()
    system.close()


def test_bogus_token_is_refused_for_a_listing_E3(system):
    cursor = listed(system, Selection(record="contacts", fields=("uid",))).end.cursor
    path = cursor.partition(" ")[0]
    with pytest.raises(CursorRefused):
        read(system.changes(Selection(record="contacts", fields=("uid",)), f"{path} bogus", VersionsKnown()))


def test_first_listing_reads_all_bodies_by_one_query(system, server, monkeypatch):
    server.put(f"{server.books}people/query.vcf", CARD.replace("UID:quiet", "UID:query"))
    server.put(f"{server.calendars}work/query.ics", entry("VEVENT", "query", "DTSTART:20261201T090000Z"))
    system.describe()
    asked = []
    send = HttpClient.send

    def watched(self, method, url, **named):
        asked.append((method, named["body"]))
        return send(self, method, url, **named)

    monkeypatch.setattr(HttpClient, "send", watched)
    for record in ("contacts", "events/work"):
        assert listed(system, Selection(record=record, fields=("uid",))).records
    assert [method for method, _ in asked] == ["PROPFIND", "REPORT", "PROPFIND"] * 2
    assert [b"-query" in body for method, body in asked if method == "REPORT"] == [True, True]


def test_nothing_changed_is_told_without_reading_a_record(system, server):
    selection = Selection(record="contacts", fields=("note",))
    server.put(f"{server.books}people/quiet.vcf", CARD)
    reading = listed(system, selection)
    known = {id: record.version for id, record in reading.records.items()}
    again = listed(system, selection, known)
    assert (again.records, sorted(again.unchanged)) == ({}, sorted(known))
    delta = read(system.changes(selection, again.end.cursor, VersionsKnown(known)))
    assert (delta.records, delta.absences, delta.end.is_complete) == ({}, {}, True)


CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:quiet\r\nFN:Ann\r\nN:;Ann;;;\r\nX-OWN:1\r\nEND:VCARD\r\n"


def test_events_and_tasks_of_one_calendar_are_kept_apart(system, server):
    events, tasks = (
        Selection(record="events/dates", fields=("summary",)),
        Selection(record="tasks/dates", fields=("summary",)),
    )
    server.put(f"{server.calendars}dates/e.ics", entry("VEVENT", "e", "DTSTART:20261201T090000Z"))
    server.put(f"{server.calendars}dates/t.ics", entry("VTODO", "t", "PRIORITY:1"))
    assert list(listed(system, events).records) == ["e.ics"]
    assert list(listed(system, tasks).records) == ["t.ics"]
    assert system.fetch(events, ["t.ics"]).absences[0].cause is Cause.OUT_OF_FILTER


def entry(component, uid, *lines):
    head = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Phone//EN",
        f"BEGIN:{component}",
        f"UID:{uid}",
        "DTSTAMP:20261101T000000Z",
    ]
    return "\r\n".join([*head, f"SUMMARY:{uid}", *lines, f"END:{component}", "END:VCALENDAR", ""])


def test_series_with_a_moved_and_a_cancelled_instance_survives_a_change_of_its_summary_S21(system, server, samples):
    body = decode((samples / "ics" / "radicale-0827.ics").read_bytes())
    url = f"{server.calendars}work/series.ics"
    server.put(url, body)
    fields = (
        "summary",
        "start_at",
        "start_local",
        "start_zone",
        "recurrence_rule",
        "excluded_dates",
        "overrides",
        "override_count",
    )
    selection = Selection(record="events/work", fields=tuple(sorted(fields)))
    before = listed(system, selection).records["series.ics"]
    write = Write(key="1", action=Action.UPDATE, id="series.ics", values={"summary": "Renamed"}, version=before.version)
    (outcome,) = system.write(selection, [write])
    assert outcome.result is Result.DONE
    after = listed(system, selection).records["series.ics"]
    assert after.values == {**before.values, "summary": "Renamed"}
    assert after.version == outcome.version
    assert after.values["override_count"] == "2"


def test_other_peoples_properties_survive_a_change_on_a_real_server(system, server, samples):
    for name in ("John_Doe_EVOLUTION.vcf", "gmail-single2.vcf", "John_Doe_GMAIL.vcf"):
        body = decode((samples / "vcard" / name).read_bytes())
        uid = "" if "UID:" in body else f"UID:{name}\r\n"
        url = f"{server.books}people/{name}"
        server.put(url, body.replace("BEGIN:VCARD\r\n", f"BEGIN:VCARD\r\n{uid}", 1))
        stored = server.request("GET", url).text
        selection = Selection(record="contacts", fields=("note",))
        (outcome,) = system.write(
            selection, [Write(key="1", action=Action.UPDATE, id=name, values={"note": "Just this"})]
        )
        assert outcome.result is Result.DONE
        after = server.request("GET", url).text
        old, new = logical_lines(stored), logical_lines(after)
        assert new - old == {"NOTE:Just this"}, name
        assert {line[:5] for line in old - new} <= {"NOTE:"}, name


def logical_lines(body):
    return set(body.replace("\r\n ", "").replace("\n ", "").replace("\r\n", "\n").split("\n"))


def test_deleted_contact_is_told_and_put_back_octet_for_octet_E33(system, server):
    selection = Selection(record="contacts", fields=("note",))
    server.put(f"{server.books}people/back.vcf", CARD.replace("quiet", "back"))
    cursor = listed(system, selection).end.cursor
    stored = server.request("GET", f"{server.books}people/back.vcf").content
    whole = system.fetch(selection, ["back.vcf"], is_whole=True).records.to_pylist()[0]
    assert whole["vcard"].encode() == stored
    server.request("DELETE", f"{server.books}people/back.vcf")
    assert read(system.changes(selection, cursor, VersionsKnown())).absences["back.vcf"].cause is Cause.DELETED
    write = Write(key="1", action=Action.CREATE, id="back.vcf", values={"vcard": whole["vcard"]})
    assert system.write(selection, [write])[0].result is Result.DONE
    assert server.request("GET", f"{server.books}people/back.vcf").content == stored


def test_same_unique_id_at_another_address_is_told_E28(system, server):
    server.put(f"{server.calendars}work/first.ics", entry("VEVENT", "shared", "DTSTART:20261201T090000Z"))
    selection = Selection(record="events/work", fields=("summary",))
    values = {"uid": "shared", "summary": "another", "start_at": "2026-12-01T10:00:00Z"}
    (outcome,) = system.write(selection, [Write(key="1", action=Action.CREATE, id="second.ics", values=values)])
    assert outcome.result is Result.EXISTS
    assert "unique id" in outcome.message


def test_category_filter_is_case_sensitive_P31(system, server):
    for name, category in (("c1", "Contact"), ("c2", "contact"), ("c3", "Worker\\,Contact")):
        card = CARD.replace("quiet", name).replace("X-OWN:1", f"CATEGORIES:{category}")
        server.put(f"{server.books}people/{name}.vcf", card)
    where = Filter(clauses=(Clause(field="categories", test=Test.CONTAINS, value='"Contact"'),))
    reading = listed(system, Selection(record="contacts", fields=("categories",), where=where))
    assert [id for id in sorted(reading.records) if id.startswith("c")] == ["c1.vcf"]


def test_domain_is_looked_up_by_its_service_records(monkeypatch):
    records = {
        ("_carddavs._tcp.example.com", "SRV"): ["10 5 8443 low.example.com.", "1 5 443 dav.example.com."],
        ("_carddavs._tcp.example.com", "TXT"): ['"path=/contacts/"'],
        ("_caldavs._tcp.example.com", "SRV"): ["0 0 8443 cal.example.com."],
    }

    def resolve(name, kind, lifetime):
        texts = records.get((name, kind))
        if texts is None:
            raise dns.resolver.NXDOMAIN
        return dns.rdataset.from_text("IN", kind, 60, *texts)

    monkeypatch.setattr(dns.resolver, "resolve", resolve)
    assert service_urls("example.com") == ["https://dav.example.com/contacts/", "https://cal.example.com:8443/"]
    assert service_urls("nothing.example") == ["https://nothing.example/"]
