"""S19: values longer than the CRM's columns, from a real CardDAV and CalDAV server."""

import re
from collections.abc import Iterator

import pytest

from tests.dav_servers import PASSWORD, USER, DavServer
from tests.integration.scenarios.office import Office, writes

FILE = """\
integration: pim
systems:
  crm: {{connector: sql, url: "sqlite:///crm.db"}}
  pim: {{connector: dav, url: "{url}{user}/", username: {user}, password: "${{PIM_PASSWORD}}"}}
flows:
  - flow: tasks
    left: {{system: crm, record: task, key: id}}
    right: {{system: pim, record: tasks/s19-tasks}}
    fields:
      - {{left: subject, right: summary, max: {{left: 254}}, too_long: cut}}
      - {{left: place, right: location}}
      - {{left: notes, right: description, max: {{left: 4095}}, too_long: cut}}
  - flow: contacts
    left: {{system: crm, record: contact, key: id}}
    right: {{system: pim, record: contacts/s19-cards}}
    fields:
      - {{left: first_name, right: first_name}}
      - {{left: last_name, right: last_name}}
      - {{left: title, right: job_title, max: {{left: 40}}, too_long: cut}}
      - {{left: suffix, right: suffix}}
      - {{left: phone, right: phone_work}}
"""
FAMILY = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
SUBJECT = "s" * 252 + FAMILY + "t" * 43
NOTES = "n" * 5_000
JOB = "Director of the department for very long job titles indeed"


def folded(name: str, value: str) -> str:
    """A line of a card or an item, folded at 60 characters."""
    line = f"{name}:{value}"
    return "\r\n ".join(line[start : start + 60] for start in range(0, len(line), 60)) + "\r\n"


def todo(subject: str, more: str = "") -> str:
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Phone//EN\r\nBEGIN:VTODO\r\nUID:long\r\nDTSTAMP:20260101T000000Z\r\n"
        + folded("SUMMARY", subject)
        + folded("DESCRIPTION", NOTES)
        + more
        + "END:VTODO\r\nEND:VCALENDAR\r\n"
    )


def card(suffix: str) -> str:
    return (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:john\r\nFN:John Smith\r\n"
        f"N:Smith;John;;;{suffix}\r\nTITLE:{JOB}\r\nTEL;TYPE=WORK:1\r\nEND:VCARD\r\n"
    )


class Pim(Office):
    server: DavServer

    def stored(self, path: str) -> dict[str, str]:
        """The properties of what the PIM holds, unfolded."""
        text = self.server.request("GET", f"{self.server.calendars}{path}").text
        lines = re.sub(r"\r?\n[ \t]", "", text).splitlines()
        return dict(line.partition(":")[::2] for line in lines if line.partition(":")[0] not in ("BEGIN", "END"))

    def task(self) -> dict[str, str]:
        return self.stored("s19-tasks/long.ics")

    def card(self) -> dict[str, str]:
        return self.stored("s19-cards/john.vcf")

    def put(self, path: str, text: str) -> None:
        self.server.put(f"{self.server.calendars}{path}", text)


@pytest.fixture
def pim(office: Office, server: DavServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pim]:
    """The PIM holds a task and a contact with long values; the CRM is empty."""
    pim = Pim(folder=office.folder, capture=office.capture)
    pim.server = server
    monkeypatch.setenv("PIM_PASSWORD", PASSWORD)
    pim.write(FILE.format(url=server.url, user=USER))
    columns = "first_name TEXT, last_name TEXT, title VARCHAR(40), suffix VARCHAR(2), phone TEXT"
    pim.database(
        "crm",
        "CREATE TABLE task (id INTEGER PRIMARY KEY, subject TEXT, place TEXT, notes TEXT)",
        f"CREATE TABLE contact (id INTEGER PRIMARY KEY, {columns})",
    )
    server.make_calendar("s19-tasks")
    server.make_book("s19-cards")
    pim.put("s19-tasks/long.ics", todo(SUBJECT))
    pim.put("s19-cards/john.vcf", card("III"))
    yield pim
    for name in ("s19-tasks", "s19-cards"):
        server.request("DELETE", f"{server.calendars}{name}/")


def test_long_values_are_cut_at_a_character_and_marked_S19(pim):
    report = pim.sync(code=1, is_apart=True)
    assert writes(report, "tasks")["left"] == (1, 0, 0)
    (task,) = pim.rows("crm", "task")
    assert task["subject"] == "s" * 252, "the family stands over the edge: it is left out whole, never torn"
    assert task["notes"] == "n" * 4_095
    (contact,) = pim.rows("crm", "contact")
    assert contact["title"] == JOB[:40].rstrip() or contact["title"] == JOB[:40]
    marked = {
        (name, "only a part of the value fits" in rule)
        for line in pim.journal()
        for name, rule in line["rules"].items()
    }
    assert marked == {("subject", True), ("notes", True), ("title", True)}
    why = pim.why("crm", "task", task["id"])
    assert why["in_sync"] is True
    assert "only a part of the value fits" in why["fields"]["subject"]["rule"]
    assert pim.task()["SUMMARY"] == SUBJECT
    assert pim.task()["DESCRIPTION"] == NOTES
    pim.is_settled()


def test_an_edit_of_something_else_leaves_the_long_values_alone_S19(pim):
    pim.sync(code=1)
    pim.sql("crm", "UPDATE contact SET phone = '2'")
    pim.sql("crm", "UPDATE task SET place = 'Bonn'")
    report = pim.sync(code=1)
    assert (writes(report, "contacts")["right"], writes(report, "tasks")["right"]) == ((0, 1, 0), (0, 1, 0))
    assert pim.card()["TITLE"] == JOB
    assert pim.card()["N"] == "Smith;John;;;III"
    assert "2" in [value for name, value in pim.card().items() if name.startswith("TEL")]
    assert (pim.task()["SUMMARY"], pim.task()["LOCATION"]) == (SUBJECT, "Bonn")
    assert pim.task()["DESCRIPTION"] == NOTES
    pim.is_settled()


def test_an_edit_of_the_cut_value_is_asked_about_S19(pim):
    pim.sync(code=1)
    pim.sql("crm", "UPDATE task SET subject = 'edited in the CRM'")
    pim.sync(code=1)
    assert pim.task()["SUMMARY"] == SUBJECT
    (review,) = [one for one in pim.reviews() if one["flow"] == "tasks"]
    assert (review["kind"], list(review["fields"])) == ("lossy_edit", ["subject"])
    assert review["fields"]["subject"]["right"] == SUBJECT
    pim.is_settled()
    said = pim("review", "decide", review["id"], "--take", "left", "--file", pim.file)
    assert said.code == 0, said.err
    assert pim.task()["SUMMARY"] == "edited in the CRM"
    assert pim.keeps("summary", SUBJECT)
    pim.is_settled()


def test_the_person_may_put_the_long_value_back_S19(pim):
    pim.sync(code=1)
    pim.sql("crm", "UPDATE task SET subject = 'edited in the CRM'")
    pim.sync(code=1)
    (review,) = [one for one in pim.reviews() if one["flow"] == "tasks"]
    assert pim("review", "decide", review["id"], "--take", "right", "--file", pim.file).code == 0
    assert pim.task()["SUMMARY"] == SUBJECT
    assert pim.rows("crm", "task")[0]["subject"] == "s" * 252
    assert pim.keeps("subject", "edited in the CRM")
    pim.is_settled()


def test_an_edit_of_the_long_value_beyond_the_cut_settles_without_a_write_S19(pim):
    pim.sync(code=1)
    pim.put("s19-tasks/long.ics", todo(SUBJECT[:-1] + "!"))
    assert writes(pim.sync(code=1), "tasks") == {"left": (0, 0, 0), "right": (0, 0, 0)}
    assert pim.task()["SUMMARY"] == SUBJECT[:-1] + "!"
    pim.put("s19-tasks/long.ics", todo("short now"))
    assert writes(pim.sync(code=1), "tasks")["left"] == (0, 1, 0)
    assert pim.rows("crm", "task")[0]["subject"] == "short now"
    pim.sql("crm", "UPDATE task SET subject = 'and edited freely'")
    pim.sync(code=1)
    assert pim.task()["SUMMARY"] == "and edited freely"
    pim.is_settled()


def test_a_suffix_too_long_is_held_and_told_S19(pim):
    """`hold` is the default: the field waits, the contact and everything else of it flow."""
    pim.sync(code=1)
    (contact,) = pim.rows("crm", "contact")
    assert (contact["first_name"], contact["suffix"], contact["phone"]) == ("John", None, "1")
    (review,) = pim.reviews()
    assert (review["kind"], review["topic"]) == ("reject", "suffix")
    assert "3 characters" in review["message"]
    assert "2" in review["message"]
    why = pim.why("crm", "contact", contact["id"])
    assert why["in_sync"] is False
    assert any("suffix" in detail for detail in why["details"])
    pim.is_settled()
    pim.put("s19-cards/john.vcf", card("Jr"))
    pim.sync()
    assert pim.rows("crm", "contact")[0]["suffix"] == "Jr"
    assert pim.reviews() == []
    pim.is_settled()


@pytest.mark.parametrize("reaction", ["cut", "refuse", "abbreviate"])
def test_a_suffix_follows_the_configured_reaction_S19(pim, reaction):
    line = "{left: suffix, right: suffix}"
    if reaction == "abbreviate":
        known = "code_sets:\n  suffixes:\n    '3.': III\n    Jr: Jr\nflows:"
        pim.edit(line, "{left: suffix, right: suffix, codes: suffixes}")
        pim.edit("flows:", known)
    else:
        pim.edit(line, f"{{left: suffix, right: suffix, max: {{left: 2}}, too_long: {reaction}}}")
    report = pim.sync(code=1 if reaction == "refuse" else 0)
    contacts = [(row["first_name"], row["suffix"]) for row in pim.rows("crm", "contact")]
    assert contacts == {"cut": [("John", "II")], "refuse": [], "abbreviate": [("John", "3.")]}[reaction]
    if reaction == "refuse":
        assert report["flows"]["contacts"]["rejects"] == 1
        assert "suffix" in pim.reviews()[0]["message"]
    assert pim.card()["N"] == "Smith;John;;;III"
    pim.is_settled()
