"""S14: five conflict rules at two granularities, exact end states; deletes against edits; one against two."""

from datetime import timedelta

import pytest

from tallystick.runs.world import SystemClock
from tests.integration.scenarios.office import Office, writes

FILE = """\
integration: pim
systems:
  crm: {connector: sql, url: "sqlite:///crm.db"}
  pim: {connector: sql, url: "sqlite:///pim.db"}
flows:
  - flow: contacts
    left: {system: crm, record: contact, key: id}
    right: {system: pim, record: card, key: uid}
    fields:
      - {left: name, right: full_name}
      - {left: title, right: job_title}
      - {left: phone, right: tel}
      - {left: city, right: town}
      - {left: email, right: mail}
    match: {definite: [[email]]}
    on: {edit_vs_delete: EDIT_VS_DELETE}
    conflict: {rule: RULE, granularity: GRANULARITY}
"""
START = ("Ann", "Engineer", "1", "Bonn")
CRM = ("Ann", "Head of IT", "2", "Bonn")
PIM = ("Ann", "Engineer", "3", "Cologne")
RULES = ("left", "right", "ask", "add_both", "ignore")


def begin(office: Office, rule: str, granularity: str = "field", edit_vs_delete: str = "edit", people: int = 1) -> None:
    """Contacts in agreement on both sides."""
    text = FILE.replace("RULE", rule).replace("GRANULARITY", granularity)
    office.write(text.replace("EDIT_VS_DELETE", edit_vs_delete))
    columns = "name TEXT, title TEXT, phone TEXT, city TEXT, email TEXT"
    office.database("crm", f"CREATE TABLE contact (id INTEGER PRIMARY KEY, {columns})")
    columns = "full_name TEXT, job_title TEXT, tel TEXT, town TEXT, mail TEXT"
    office.database("pim", f"CREATE TABLE card (uid INTEGER PRIMARY KEY, {columns})")
    office.many(
        "crm",
        "INSERT INTO contact VALUES (?, ?, ?, ?, ?, ?)",
        [(number, *START, f"ann{number}@example.org") for number in range(1, people + 1)],
    )
    office.sync()


def edit_both(office: Office) -> None:
    """The CRM changes title and phone, the PIM changes phone and city, of every contact."""
    office.sql("crm", "UPDATE contact SET title = ?, phone = ?", CRM[1], CRM[2])
    office.sql("pim", "UPDATE card SET tel = ?, town = ?", PIM[2], PIM[3])


def people(office: Office) -> tuple[list[tuple], list[tuple]]:
    crm = office.sql("crm", "SELECT name, title, phone, city FROM contact ORDER BY id")
    return crm, office.sql("pim", "SELECT full_name, job_title, tel, town FROM card ORDER BY uid")


MERGED = ("Ann", "Head of IT", "?", "Cologne")
ENDS = {
    ("left", "field"): ([("Ann", "Head of IT", "2", "Cologne")],) * 2,
    ("right", "field"): ([("Ann", "Head of IT", "3", "Cologne")],) * 2,
    ("ask", "field"): ([("Ann", "Head of IT", "2", "Cologne")], [("Ann", "Head of IT", "3", "Cologne")]),
    ("add_both", "field"): ([CRM, PIM], [CRM, PIM]),
    ("ignore", "field"): ([CRM], [PIM]),
    ("left", "record"): ([CRM], [CRM]),
    ("right", "record"): ([PIM], [PIM]),
    ("ask", "record"): ([CRM], [PIM]),
    ("add_both", "record"): ([CRM, PIM], [CRM, PIM]),
    ("ignore", "record"): ([CRM], [PIM]),
}


@pytest.mark.parametrize(("rule", "granularity"), ENDS)
def test_every_rule_has_its_exact_end_state_S14(office, rule, granularity):
    begin(office, rule, granularity)
    edit_both(office)
    report = office.sync(code=1 if rule == "ask" else None)
    crm, pim = people(office)
    assert (sorted(crm), sorted(pim)) == tuple(map(sorted, ENDS[rule, granularity])), report
    if rule in ("left", "right"):
        loser, lost = ("tel", "3") if rule == "left" else ("phone", "2")
        assert office.keeps(loser, lost)
    if (rule, granularity) == ("left", "record"):
        assert office.keeps("town", "Cologne")
    if (rule, granularity) == ("right", "record"):
        assert office.keeps("title", "Head of IT")
    assert [review["kind"] for review in office.reviews()] == (["conflict"] if rule == "ask" else [])
    office.is_settled()
    assert (sorted(people(office)[0]), sorted(people(office)[1])) == tuple(map(sorted, ENDS[rule, granularity]))


def test_at_record_level_a_person_is_asked_about_the_whole_record_S14(office):
    begin(office, "ask", "record")
    edit_both(office)
    office.sync(code=1)
    (review,) = office.reviews()
    assert sorted(review["fields"]) == ["city", "phone", "title"]
    assert office("review", "decide", review["id"], "--take", "right", "--file", office.file).code == 0
    assert people(office) == ([PIM], [PIM])
    assert office.keeps("title", "Head of IT")
    assert office.keeps("phone", "2")
    office.is_settled()


def test_ignore_leaves_both_until_one_is_edited_again_S14(office):
    begin(office, "ignore")
    edit_both(office)
    for _ in range(3):
        office.sync(code=None)
        assert people(office) == ([CRM], [PIM])
    why = office.why("crm", "contact", 1)
    assert (why["in_sync"], len(why["details"])) == (False, 3)
    office.sql("crm", "UPDATE contact SET phone = '4'")
    office.sync()
    assert people(office) == ([("Ann", "Head of IT", "4", "Bonn")], [("Ann", "Engineer", "4", "Cologne")])
    assert office.keeps("tel", "3")
    office.sql("crm", "UPDATE contact SET phone = '5'")
    office.sql("pim", "UPDATE card SET tel = '6'")
    office.sync(code=None)
    assert [row[2] for rows in people(office) for row in rows] == ["5", "6"]
    office.is_settled()


@pytest.mark.parametrize("rule", RULES)
def test_an_edit_in_the_crm_beats_a_delete_in_the_pim_S14(office, rule):
    begin(office, rule)
    office.sql("crm", "UPDATE contact SET phone = '2'")
    office.sql("pim", "DELETE FROM card")
    report = office.sync(code=None)
    assert writes(report, "contacts") == {"left": (0, 0, 0), "right": (1, 0, 0)}
    assert people(office) == ([("Ann", "Engineer", "2", "Bonn")],) * 2
    office.is_settled()


def test_with_notify_nothing_happens_to_either_until_a_person_decides_S14(office):
    begin(office, "ask", edit_vs_delete="ask")
    office.sql("crm", "UPDATE contact SET phone = '2'")
    office.sql("pim", "DELETE FROM card")
    office.sync(code=1)
    assert people(office) == ([("Ann", "Engineer", "2", "Bonn")], [])
    (review,) = office.reviews()
    assert review["kind"] == "conflict"
    office.is_settled()
    assert office("review", "decide", review["id"], "--take", "left", "--file", office.file).code == 0
    assert people(office) == ([("Ann", "Engineer", "2", "Bonn")],) * 2
    office.is_settled()


def test_with_notify_a_person_may_let_the_delete_win_S14(office):
    begin(office, "ask", edit_vs_delete="ask")
    office.sql("crm", "UPDATE contact SET phone = '2'")
    office.sql("pim", "DELETE FROM card")
    office.sync(code=1)
    (review,) = office.reviews()
    assert office("review", "decide", review["id"], "--take", "right", "--file", office.file).code == 0
    assert people(office) == ([], [])
    assert office.keeps("phone", "2")
    office.is_settled()


def test_an_item_left_open_for_30_days_changes_nothing_S14(office, monkeypatch):
    begin(office, "ask")
    edit_both(office)
    office.sync(code=1)
    held = office.dump()
    now = SystemClock.now
    for days in (1, 7, 30):
        monkeypatch.setattr(SystemClock, "now", lambda self, days=days: now(self) + timedelta(days=days))
        office.sync(code=1)
        assert office.dump() == held
    (review,) = office.reviews()
    assert review["fields"] == {"phone": {"base": "1", "left": "2", "right": "3"}}


def test_apply_to_all_answers_equal_questions_at_once_S14(office):
    begin(office, "ask", people=5)
    edit_both(office)
    office.sql("crm", "UPDATE contact SET name = 'Anna' WHERE id = 5")
    office.sql("pim", "UPDATE card SET full_name = 'Anja' WHERE mail = 'ann5@example.org'")
    office.sync(code=1)
    reviews = office.reviews()
    assert len(reviews) == 5
    first = next(review for review in reviews if list(review["fields"]) == ["phone"])
    said = office.apart("review", "decide", first["id"], "--take", "right", "--all", "--file", office.file, "--json")
    assert said.code == 0, said.err
    assert len(said.json["decided"]) == 4
    crm, pim = people(office)
    assert [row[2] for row in crm] == ["3", "3", "3", "3", "2"]
    assert crm[:4] == pim[:4]
    (left_over,) = office.reviews()  # it asks about another field too, so it is no equal question
    assert sorted(left_over["fields"]) == ["name", "phone"]
    decided = office("review", "list", "--all", "--file", office.file, "--json").json["reviews"]
    assert [one["decision"]["by"] for one in decided if one["status"] == "decided"] == ["anna"] * 4
    office.is_settled()


def test_one_pim_record_against_two_crm_records_waits_and_can_be_decided_S14(office):
    """Two CRM contacts and one PIM card bear the same mail address and differ in everything else."""
    begin(office, "ask")
    insert = "INSERT INTO contact VALUES (?, ?, ?, ?, ?, 'twin@example.org')"
    office.sql("crm", insert, 11, "Tom One", "Boss", "11", "Ulm")
    office.sql("crm", insert, 12, "Tom Two", "Clerk", "12", "Trier")
    office.sql("pim", "INSERT INTO card VALUES (50, 'Tom', NULL, '99', 'Essen', 'twin@example.org')")
    held = office.dump()
    office.sync(code=1)
    assert office.dump() == held
    (review,) = office.reviews()
    assert review["kind"] == "disputed"
    assert sorted((one["left"], one["right"]) for one in review["candidates"]) == [("11", "50"), ("12", "50")]
    office.is_settled()
    said = office(
        *("review", "decide", review["id"], "--take", "link", "--partner", 12, "--file", office.file, "--json")
    )
    assert said.code in (0, 1), said.err
    linked = {(link["left"]["id"], link["right"]["id"]) for link in office.links()}
    assert ("12", "50") in linked
    assert "11" not in {left for left, _ in linked}
    tom = ("Tom Two", "Clerk", "12", "Trier")
    crm, pim = people(office)
    assert crm.count(tom) == pim.count(tom) == 1
    assert office.keeps("tel", "99")
    office.sync(code=None)
    office.is_settled()
    assert len(people(office)[1]) == 2, "the other one waits, or is known: nothing is created unasked"
