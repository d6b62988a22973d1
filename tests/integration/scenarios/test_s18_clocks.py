"""S18: clocks that disagree, stamps that repeat, come late, are cut to seconds or jump back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.integration.scenarios.office import NOTHING, Office, writes

FILE = """\
integration: clocks
systems:
  crm: {connector: sql, url: "sqlite:///crm.db", batch_rows: 100}
  pim: {connector: sql, url: "sqlite:///pim.db", batch_rows: 100}
flows:
  - flow: contacts
    left: {system: crm, record: contact, key: id, changed: updated_at}
    right: {system: pim, record: card, key: uid, changed: revised_at}
    fields:
      - {left: name, right: full_name}
      - {left: phone, right: tel}
"""
FAST, SLOW = timedelta(minutes=7), timedelta(minutes=-3)


class Clocks:
    """How wrong the clock of each database is."""

    def __init__(self) -> None:
        self.wrong = {"crm.db": FAST, "pim.db": SLOW}

    def connected(self, connection: Any, record: object) -> None:
        """SQLite asks the machine for the time; these databases ask their own clock."""
        (file,) = [Path(row[2]).name for row in connection.execute("PRAGMA database_list") if row[1] == "main"]
        if file in self.wrong:
            connection.create_function("strftime", -1, lambda form, *_: self.shown(file, form))

    def shown(self, file: str, form: str) -> str:
        return (datetime.now(UTC) + self.wrong[file]).strftime(form.replace("%f", "%S.%f"))


@pytest.fixture(autouse=True)
def clocks(office: Office) -> Iterator[Clocks]:
    clocks = Clocks()
    event.listen(Engine, "connect", clocks.connected)
    yield clocks
    event.remove(Engine, "connect", clocks.connected)


def stamp(moved: timedelta = timedelta(), *, digits: str = "microseconds") -> str:
    """What a clock that is wrong by `moved` shows now."""
    return (datetime.now(UTC) + moved).isoformat(timespec=digits).replace("+00:00", "Z")


def begin(office: Office, people: int = 3) -> None:
    """The CRM's clock is seven minutes fast, the PIM's three minutes slow; contacts in agreement."""
    office.write(FILE)
    office.database("crm", "CREATE TABLE contact (id INTEGER PRIMARY KEY, name TEXT, phone TEXT, updated_at TEXT)")
    office.database("pim", "CREATE TABLE card (uid INTEGER PRIMARY KEY, full_name TEXT, tel TEXT, revised_at TEXT)")
    add(office, range(1, people + 1), stamp(FAST))
    office.sync()


def add(office: Office, numbers: range, at: str) -> None:
    office.many("crm", "INSERT INTO contact VALUES (?, ?, '0', ?)", [(n, f"Person {n}", at) for n in numbers])


def call(office: Office, number: int, phone: str, at: str) -> None:
    """Somebody gives a contact another phone in the CRM."""
    office.sql("crm", "UPDATE contact SET phone = ?, updated_at = ? WHERE id = ?", phone, at, number)


def card(office: Office, number: int, phone: str, at: str) -> None:
    """The same in the PIM."""
    name = f"Person {number}"
    office.sql("pim", "UPDATE card SET tel = ?, revised_at = ? WHERE full_name = ?", phone, at, name)


def phones(office: Office) -> tuple[list[str], list[str]]:
    crm = office.sql("crm", "SELECT phone FROM contact ORDER BY name")
    return [phone for (phone,) in crm], [
        phone for (phone,) in office.sql("pim", "SELECT tel FROM card ORDER BY full_name")
    ]


def test_501_records_of_one_stamp_and_a_late_one_all_arrive_S18(office):
    begin(office)
    at = stamp(FAST)
    add(office, range(1_001, 1_502), at)
    report = office.sync(is_apart=True)
    assert writes(report, "contacts") == {"left": (0, 0, 0), "right": (501, 0, 0)}
    late = (datetime.fromisoformat(at) - timedelta(seconds=45)).isoformat()
    add(office, range(2_000, 2_001), late)  # the transaction began before all of these, and commits after
    report = office.sync()
    assert writes(report, "contacts")["right"] == (1, 0, 0)
    assert office.sql("pim", "SELECT count(*), count(DISTINCT full_name) FROM card") == [(505, 505)]
    office.is_settled()


def test_all_502_edits_of_one_stamp_arrive_and_are_sent_once_S18(office):
    begin(office, people=502)
    office.sql("crm", "UPDATE contact SET phone = '1', updated_at = ? WHERE id <= 501", stamp(FAST))
    call(office, 502, "1", stamp(FAST - timedelta(seconds=60)))
    assert writes(office.sync(), "contacts")["right"] == (0, 502, 0)
    assert office.sql("pim", "SELECT DISTINCT tel FROM card") == [("1",)]
    office.sql("crm", "UPDATE contact SET phone = '2' WHERE id = 77")  # the same stamp, once more
    assert writes(office.sync(), "contacts")["right"] == (0, 1, 0)
    office.is_settled()


def test_what_came_later_than_any_overlap_is_found_by_the_full_comparison_and_told_S18(office):
    """A transaction of five hours: its stamp is out of reach of increments."""
    begin(office)
    call(office, 2, "late", stamp(FAST - timedelta(hours=5)))
    office.sync(code=None)
    report = office.sync("--full")
    assert phones(office)[1] == ["0", "late", "0"]
    assert report["flows"]["contacts"]["missed"] in (0, 1)
    office.is_settled()


def test_stamps_cut_to_seconds_hide_no_edit_of_the_same_second_S18(office):
    begin(office)
    for number in range(6):
        at = stamp(FAST, digits="seconds")
        call(office, 1, f"crm {number}", at)
        office.sync()
        call(office, 2, f"again {number}", at)  # in the second that the last run has read already
        office.sync()
        assert phones(office)[1] == [f"crm {number}", f"again {number}", "0"]
    office.is_settled()


def test_clocks_ten_minutes_apart_lose_no_edit_of_either_side_S18(office):
    begin(office)
    for number in range(3):
        call(office, 1, f"crm {number}", stamp(FAST))
        card(office, 2, f"pim {number}", stamp(SLOW))
        office.sync()
        assert phones(office) == ([f"crm {number}", f"pim {number}", "0"],) * 2
        card(office, 1, f"back {number}", stamp(SLOW))  # older by the stamps than what it replaces
        office.sync()
        assert phones(office)[0][0] == f"back {number}"
    office.is_settled()


def test_newest_within_the_tolerance_asks_a_person_S18(office):
    """Ten minutes apart by the stamps, and yet nobody knows who was first."""
    begin(office)
    office.edit("    fields:", "    conflict: {rule: newest}\n    fields:")
    call(office, 1, "crm", stamp(FAST))
    card(office, 1, "pim", stamp(SLOW))
    office.sync(code=1)
    (review,) = office.reviews()
    assert (review["kind"], review["fields"]["phone"]) == ("conflict", {"base": "0", "left": "crm", "right": "pim"})
    assert (phones(office)[0][0], phones(office)[1][0]) == ("crm", "pim")
    office.is_settled()


def test_newest_beyond_the_tolerance_takes_the_newer_and_keeps_the_older_S18(office):
    begin(office)
    office.edit("    fields:", "    conflict: {rule: newest}\n    fields:")
    call(office, 1, "crm", stamp(FAST - timedelta(hours=2)))
    card(office, 1, "pim", stamp(SLOW))
    office.sync("--full")
    assert phones(office) == (["pim", "0", "0"],) * 2
    assert office.keeps("phone", "crm")
    office.is_settled()


def test_a_database_whose_clock_jumps_back_an_hour_hides_no_change_S18(office, clocks):
    begin(office)
    call(office, 1, "before", stamp(FAST))
    office.sync()
    clocks.wrong["crm.db"] = FAST - timedelta(hours=1)
    call(office, 2, "after", stamp(FAST - timedelta(hours=1)))
    add(office, range(9, 10), stamp(FAST - timedelta(hours=1)))
    report = office.sync()
    assert writes(report, "contacts")["right"] == (1, 1, 0)
    assert phones(office)[1] == ["before", "after", "0", "0"]
    assert office.sync()["flows"]["contacts"]["writes"] == NOTHING
    office.is_settled()
