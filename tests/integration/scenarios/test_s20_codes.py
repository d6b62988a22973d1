"""S20: code values that are not mapped, that stand for several, that are renamed."""

from collections.abc import Iterator

import pytest

from tests.dav_servers import PASSWORD, USER, DavServer
from tests.integration.scenarios.office import NOTHING, Office, writes

FILE = """\
integration: codes
systems:
  crm: {connector: sql, url: "sqlite:///crm.db"}
  pim: {connector: sql, url: "sqlite:///pim.db"}
code_sets:
  task_status:
    Open: [Not started, Waiting on someone else]
    In Progress: In progress
    Complete: Completed
    Declined: Deferred
  states:
    Bavaria: BY
    Saxony: SN
flows:
  - flow: tasks
    left: {system: crm, record: task, key: id}
    right: {system: pim, record: item, key: uid}
    fields:
      - {left: subject, right: title}
      - {left: phone, right: tel}
      - {left: status, right: state, codes: task_status}
      - {left: region, right: area, codes: states}
"""


@pytest.fixture
def codes(office: Office) -> Office:
    office.write(FILE)
    columns = "subject TEXT, phone TEXT, status TEXT, region TEXT"
    office.database("crm", f"CREATE TABLE task (id INTEGER PRIMARY KEY, {columns})")
    columns = "title TEXT, tel TEXT, state TEXT, area TEXT"
    office.database("pim", f"CREATE TABLE item (uid INTEGER PRIMARY KEY, {columns})")
    return office


def crm(office: Office, column: str = "status") -> str | None:
    ((value,),) = office.sql("crm", f"SELECT {column} FROM task")
    return value


def pim(office: Office, column: str = "state") -> str | None:
    ((value,),) = office.sql("pim", f"SELECT {column} FROM item")
    return value


def from_pim(office: Office, state: str) -> None:
    """A task made in the PIM, synced."""
    office.sql("pim", "INSERT INTO item VALUES (7, 'Call', '1', ?, 'BY')", state)
    office.sync()


def test_an_unmapped_code_holds_its_field_and_flows_once_it_is_mapped_S20(codes):
    codes.sql("crm", "INSERT INTO task VALUES (1, 'Call', '1', 'Open', 'Karnataka')")
    report = codes.sync(code=1, is_apart=True)
    assert writes(report, "tasks")["right"] == (1, 0, 0)
    assert (pim(codes, "title"), pim(codes, "state"), pim(codes, "area")) == ("Call", "Not started", None)
    (review,) = codes.reviews()
    assert (review["kind"], review["topic"], review["left"]) == ("unmapped_code", "region", "1")
    assert "Karnataka" in review["message"]
    assert "states" in review["message"]
    codes.is_settled()
    codes.sql("crm", "UPDATE task SET phone = '2'")
    codes.sync(code=1)
    assert (pim(codes, "tel"), pim(codes, "area")) == ("2", None), "other fields go on"
    assert crm(codes, "region") == "Karnataka"
    codes.edit("    Bavaria: BY\n", "    Bavaria: BY\n    Karnataka: KA\n")
    codes.sync()
    assert pim(codes, "area") == "KA"
    assert codes.reviews() == []
    codes.is_settled()


def test_an_unmapped_code_that_replaces_a_mapped_one_wipes_nothing_S20(codes):
    codes.sql("crm", "INSERT INTO task VALUES (1, 'Call', '1', 'Open', 'Bavaria')")
    codes.sync()
    codes.sql("crm", "UPDATE task SET region = 'Karnataka'")
    codes.sync(code=1)
    assert (crm(codes, "region"), pim(codes, "area")) == ("Karnataka", "BY")
    assert codes.why("crm", "task", 1)["in_sync"] is False
    codes.is_settled()
    codes.sql("crm", "UPDATE task SET region = 'Saxony'")
    codes.sync()
    assert (pim(codes, "area"), codes.reviews()) == ("SN", [])


def test_waiting_on_someone_else_survives_the_round_trip_S20(codes):
    from_pim(codes, "Waiting on someone else")
    assert crm(codes) == "Open"
    for number in range(3):
        codes.sql("crm", "UPDATE task SET phone = ?", f"round {number}")
        codes.sync()
        assert (pim(codes, "tel"), pim(codes)) == (f"round {number}", "Waiting on someone else")
    codes.is_settled()


def test_a_true_change_back_to_open_gives_the_declared_default_S20(codes):
    from_pim(codes, "Waiting on someone else")
    codes.sql("crm", "UPDATE task SET status = 'In Progress'")
    codes.sync()
    assert pim(codes) == "In progress"
    codes.sql("crm", "UPDATE task SET status = 'Open'")
    codes.sync()
    assert pim(codes) == "Not started"
    assert codes.keeps("state", "Waiting on someone else")
    codes.is_settled()


def test_from_one_value_of_open_to_the_other_the_crm_is_not_written_S20(codes):
    from_pim(codes, "Waiting on someone else")
    codes.sql("pim", "UPDATE item SET state = 'Not started'")
    assert codes.sync()["flows"]["tasks"]["writes"] == NOTHING
    codes.sql("pim", "UPDATE item SET state = 'Waiting on someone else'")
    assert codes.sync()["flows"]["tasks"]["writes"] == NOTHING
    assert crm(codes) == "Open"
    codes.is_settled()


@pytest.mark.parametrize("side", ["crm", "pim"])
def test_declined_goes_both_ways_S20(codes, side):
    from_pim(codes, "In progress")
    if side == "crm":
        codes.sql("crm", "UPDATE task SET status = 'Declined'")
    else:
        codes.sql("pim", "UPDATE item SET state = 'Deferred'")
    codes.sync()
    assert (crm(codes), pim(codes)) == ("Declined", "Deferred")
    codes.is_settled()


def test_a_renamed_code_is_unmapped_and_wipes_nothing_S20(codes):
    from_pim(codes, "In progress")
    codes.sql("crm", "UPDATE task SET status = 'Under way'")  # an admin renamed the status of every task
    codes.sync(code=1)
    assert (crm(codes), pim(codes)) == ("Under way", "In progress")
    (review,) = codes.reviews()
    assert (review["kind"], "Under way" in review["message"]) == ("unmapped_code", True)
    codes.is_settled()
    codes.edit("    In Progress: In progress", "    Under way: In progress")
    report = codes.sync()
    assert report["flows"]["tasks"]["writes"] == NOTHING, "it means what it meant"
    assert codes.reviews() == []
    codes.is_settled()


def test_both_sides_change_to_codes_of_one_meaning_and_agree_S20(codes):
    from_pim(codes, "In progress")
    codes.sql("crm", "UPDATE task SET status = 'Open'")
    codes.sql("pim", "UPDATE item SET state = 'Waiting on someone else'")
    assert codes.sync()["flows"]["tasks"]["writes"] == NOTHING
    assert (crm(codes), pim(codes)) == ("Open", "Waiting on someone else")
    codes.is_settled()


TODO = """\
integration: todo
systems:
  crm: {{connector: sql, url: "sqlite:///crm.db"}}
  pim: {{connector: dav, url: "{url}{user}/", username: {user}, password: "${{PIM_PASSWORD}}"}}
code_sets:
  task_status:
    Open: NEEDS-ACTION
    In Progress: IN-PROCESS
    Complete: COMPLETED
    Declined: CANCELLED
flows:
  - flow: tasks
    left: {{system: crm, record: task, key: id}}
    right: {{system: pim, record: tasks/s20}}
    fields:
      - {{left: subject, right: summary}}
      - {{left: status, right: status, codes: task_status}}
"""


@pytest.fixture
def calendar(office: Office, server: DavServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a task list on a real CalDAV server; the CRM has a table for tasks."""
    monkeypatch.setenv("PIM_PASSWORD", PASSWORD)
    office.write(TODO.format(url=server.url, user=USER))
    office.database("crm", "CREATE TABLE task (id INTEGER PRIMARY KEY, subject TEXT, status TEXT)")
    yield server.make_calendar("s20")
    server.request("DELETE", f"{server.calendars}s20/")


def test_the_states_of_a_real_task_list_go_both_ways_S20(office, server, calendar):
    office.sql("crm", "INSERT INTO task VALUES (1, 'Call', 'Open')")
    office.sync()
    (link,) = office.links()
    url = f"{calendar}{link['right']['id']}"
    for status, state in (
        ("In Progress", "IN-PROCESS"),
        ("Open", "NEEDS-ACTION"),
        ("Declined", "CANCELLED"),
        ("Complete", "COMPLETED"),
    ):
        office.sql("crm", "UPDATE task SET status = ?", status)
        office.sync()
        assert f"STATUS:{state}" in server.request("GET", url).text
    text = server.request("GET", url).text.replace("STATUS:COMPLETED", "STATUS:CANCELLED")
    server.put(url, text)
    office.sync()
    assert crm(office) == "Declined"
    office.is_settled()
