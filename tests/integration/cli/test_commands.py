"""Every command of the interface, end to end, with the shape of its answer and its exit code."""

import json

import jsonschema
import pytest

from tallystick.spec import loads
from tests.integration.cli import shapes
from tests.integration.cli.conftest import Said


def fits(said: Said, shape: dict, code: int) -> dict:
    """The answer, held to its shape; nothing but the answer stands on standard output."""
    assert said.code == code, (said.code, said.out, said.err)
    jsonschema.validate(said.json, shape)
    return said.json


def writes(report: dict, flow: str = "people") -> dict[str, list[int]]:
    return {side: list(counts.values()) for side, counts in report["flows"][flow]["writes"].items()}


@pytest.fixture
def synced(firm):
    """Three contacts on the left, one of them on the right too; all in agreement."""
    firm.add(3)
    firm.register("INSERT INTO person VALUES (70, 'Person 1', 'p1@example.org', NULL)")
    assert firm("sync", firm.file).code == 0
    return firm


def test_check_says_what_the_file_holds(firm):
    said = firm("check", firm.file)
    assert (said.code, said.err) == (0, "")
    assert said.out == f"{firm.file} is sound: firm, 1 flow (people).\n"
    assert not (firm.folder / "tallystick.db").exists()
    answer = fits(firm("check", firm.file, "--json"), shapes.CHECK, 0)
    assert (answer["flows"], answer["systems"]) == (["people"], {"crm": "sql", "register": "sql"})


def test_check_connect_says_what_was_found(firm):
    answer = fits(firm("check", firm.file, "--connect", "--json"), shapes.CHECK, 0)
    assert answer["found"][-1] == "Flow people: tables and fields are there."
    assert "Flow people: tables and fields are there." in firm("check", firm.file, "--connect").out


def test_describe_shows_record_types_fields_and_capabilities(firm):
    answer = fits(firm("describe", firm.file, "crm", "--json"), shapes.DESCRIBE, 0)
    (contact,) = answer["record_types"]
    assert [(one["name"], one["type"], one["is_required"]) for one in contact["fields"]] == [
        ("id", "integer", False),
        ("name", "text", True),
        ("email", "text", False),
        ("phone", "text", False),
    ]
    assert contact["capabilities"]["create"] is True
    said = firm("describe", firm.file, "crm")
    assert said.out.splitlines()[2] == "contact"
    assert any(line.split() == ["name", "text", "required", "·", "never", "null"] for line in said.out.splitlines())


def test_schema_is_a_json_schema_that_the_file_fits(firm):
    schema = firm("schema").json
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(dict(loads(firm.file.read_text()).data), schema)
    assert firm("schema", "--json").json == schema


def test_plan_shows_every_change_and_writes_nothing_E24(firm):
    firm.add(2)
    firm.register("INSERT INTO person VALUES (70, 'Person 1', 'p1@example.org', NULL)")
    answer = fits(firm("plan", firm.file, "--json"), shapes.PLAN, 0)
    operations = answer["flows"]["people"]["operations"]
    shown = {(one["side"], one["action"], one["id"]): (one["fields"], one["reason"]) for one in operations}
    assert shown["right", "update", "70"] == (
        {"tel": [None, "+49 30 0001"]},
        "first contact: only the left has a value",
    )
    created = [fields for (side, action, _), (fields, _) in shown.items() if (side, action) == ("right", "create")]
    assert created == [
        {"full_name": [None, "Person 2"], "mail": [None, "p2@example.org"], "tel": [None, "+49 30 0002"]}
    ]
    assert firm.register("SELECT number, tel FROM person") == [(70, None)]


def test_plan_in_words_shows_old_and_new_with_the_reason(synced):
    synced.crm("UPDATE contact SET name = 'Person Two' WHERE id = 2")
    said = synced("plan", synced.file)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0] == "people  right: 1 to update"
    assert "full_name  Person 2 -> Person Two" in said.out
    assert "changed on the left" in said.out


def test_plan_without_changes_says_so(synced):
    said = synced("plan", synced.file)
    assert (said.code, said.out) == (0, "people  nothing to do\nNothing would be written.\n")


def test_plan_in_words_shows_at_most_so_many_operations(firm):
    firm.add(5)
    said = firm("plan", firm.file, "--limit", "2")
    assert said.out.count("+ create") == 2
    assert "... and 3 more; --limit 0 shows all." in said.out
    assert firm("plan", firm.file, "--limit", "0").out.count("+ create") == 5


def test_apply_does_exactly_the_plan_E24(firm):
    firm.add(3)
    plan = fits(firm("plan", firm.file, "--out", firm.folder / "p.json", "--json"), shapes.PLAN, 0)
    assert json.loads((firm.folder / "p.json").read_text()) == plan
    firm.add(1, first=4)
    report = fits(firm("apply", firm.folder / "p.json", "--json"), shapes.REPORT, 0)
    assert (report["status"], writes(report)) == ("done", {"left": [0, 0, 0], "right": [3, 0, 0]})
    assert firm.register("SELECT count(*) FROM person") == [(3,)]


def test_apply_refuses_line_by_line_what_moved_E24(synced):
    for number in (1, 2):
        synced.crm("UPDATE contact SET phone = 'new' WHERE id = ?", number)
    assert synced("plan", synced.file, "--out", "p.json").code == 0
    synced.crm("UPDATE contact SET phone = 'newer' WHERE id = 2")
    said = synced("apply", "p.json", "--json")
    report = fits(said, shapes.REPORT, 1)
    assert len(report["refused"]) == 1
    assert writes(report)["right"] == [0, 1, 0]
    assert sorted(synced.register("SELECT tel FROM person")) == [("+49 30 0002",), ("+49 30 0003",), ("new",)]


def test_sync_makes_both_sides_agree_and_then_writes_nothing_E23(firm):
    firm.add(3)
    firm.register("INSERT INTO person VALUES (70, 'Person 1', 'p1@example.org', NULL)")
    firm.register("INSERT INTO person VALUES (71, 'Only Right', 'r@example.org', NULL)")
    first = fits(firm("sync", firm.file, "--json"), shapes.REPORT, 0)
    assert first["flows"]["people"]["read"] == {
        "left": 3,
        "right": 2,
        "complete": {"left": True, "right": True},
    }
    assert writes(first) == {"left": [1, 0, 0], "right": [2, 1, 0]}
    second = fits(firm("sync", firm.file, "--json"), shapes.REPORT, 0)
    assert (writes(second), second["flows"]["people"]["unchanged"]) == ({"left": [0, 0, 0], "right": [0, 0, 0]}, 4)
    assert firm.crm("SELECT name, email FROM contact ORDER BY name")[0] == ("Only Right", "r@example.org")


def test_sync_in_words_stands_on_standard_output_and_with_json_beside_it(firm):
    firm.add(2)
    said = firm("sync", firm.file, "--json")
    assert "2 created on the right" in said.err
    said = firm("sync", firm.file)
    assert (said.err, said.code) == ("", 0)
    assert said.out.splitlines()[0] == "people  read 2 left, 2 right  ·  nothing written  ·  2 unchanged"


def test_sync_of_one_flow_leaves_the_others(firm):
    text = firm.file.read_text()
    flow = text[text.index("  - flow: people") :]
    firm.crm("CREATE TABLE copy (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, phone TEXT)")
    firm.register("CREATE TABLE other (number INTEGER PRIMARY KEY, full_name TEXT NOT NULL, mail TEXT, tel TEXT)")
    firm.write(text + flow.replace("people", "others").replace("contact", "copy").replace("person", "other"))
    firm.add(1)
    report = fits(firm("sync", firm.file, "--flow", "people", "--json"), shapes.REPORT, 0)
    assert list(report["flows"]) == ["people"]


@pytest.fixture
def held(firm):
    """25 linked people, of whom 10 were deleted on the left: a guard holds the run."""
    firm.add(25)
    assert firm("sync", firm.file).code == 0
    firm.crm("DELETE FROM contact WHERE id <= 10")
    return firm


def test_sync_held_by_a_guard_writes_nothing_and_exits_1_E25(held):
    report = fits(held("sync", held.file, "--json"), shapes.REPORT, 1)
    assert report["status"] == "held"
    assert {one["guard"] for one in report["flows"]["people"]["held"]} == {"delete", "shrink"}
    assert held.register("SELECT count(*) FROM person") == [(25,)]
    assert "would delete 10 records" in held("plan", held.file).out


def test_sync_approved_goes_through_E25(held):
    assert held("sync", held.file).code == 1
    report = fits(held("sync", held.file, "--approve", "--json"), shapes.REPORT, 0)
    assert writes(report)["right"] == [0, 0, 10]
    assert held.register("SELECT count(*) FROM person") == [(15,)]


def test_held_run_is_approved_by_a_decision_E25(held):
    assert held("sync", held.file).code == 1
    (review,) = fits(held("review", "list", "--json"), shapes.REVIEWS, 0)["reviews"]
    assert (review["kind"], review["takes"]) == ("held", ["approve", "refuse"])
    decision = fits(held("review", "decide", str(review["id"]), "--take", "approve", "--json"), shapes.DECISION, 0)
    assert decision["decided"] == [review["id"]]
    assert held.register("SELECT count(*) FROM person") == [(15,)]


@pytest.mark.parametrize("words", [("review", "decide", "1", "--take", "approve"), ("sync", "firm.yaml", "--approve")])
def test_deletions_found_by_a_full_comparison_go_through_once_approved_E25(firm, words):
    firm.crm("ALTER TABLE contact ADD COLUMN changed TEXT")
    firm.edit("record: contact, key: id", "record: contact, key: id, changed: changed")
    firm.add(25)
    firm.crm("UPDATE contact SET changed = '2026-11-01 10:00:00'")
    assert firm("sync", firm.file).code == 0
    firm.crm("DELETE FROM contact WHERE id <= 10")
    assert firm("sync", firm.file, "--full").code == 1
    assert firm(*words).code == 0
    assert firm.register("SELECT count(*) FROM person") == [(15,)]


@pytest.fixture
def conflict(synced):
    """One phone number changed on both sides to different values."""
    synced.crm("UPDATE contact SET phone = 'left' WHERE id = 2")
    synced.register("UPDATE person SET tel = 'right' WHERE mail = 'p2@example.org'")
    assert synced("sync", synced.file).code == 1
    return synced


def test_conflict_waits_as_a_review_with_base_left_and_right_E18(conflict):
    (review,) = fits(conflict("review", "list", "--json"), shapes.REVIEWS, 0)["reviews"]
    assert (review["kind"], review["left"]) == ("conflict", "2")
    assert review["fields"] == {"phone": {"base": "+49 30 0002", "left": "left", "right": "right"}}
    said = conflict("review", "list")
    assert "conflict" in said.out
    assert "1 question." in said.out


def test_review_show_tells_what_can_be_answered(conflict):
    number = str(conflict("review", "list", "--json").json["reviews"][0]["id"])
    answer = fits(conflict("review", "show", number, "--json"), shapes.REVIEW, 0)
    assert answer["takes"] == ["left", "right", "ignore"]
    said = conflict("review", "show", number)
    assert "Both sides were changed to different values." in said.out
    assert f"tallystick review decide {number} --take left|right|ignore" in said.out


@pytest.mark.parametrize(("side", "other"), [("left", "right"), ("right", "left")])
def test_decision_takes_effect_at_once_and_is_not_asked_again_E17(conflict, side, other):
    number = str(conflict("review", "list", "--json").json["reviews"][0]["id"])
    said = conflict("review", "decide", number, "--take", side, "--note", "the newer one", "--json")
    decision = fits(said, shapes.DECISION, 0)
    assert writes(decision["report"])[other] == [0, 1, 0]
    assert conflict.crm("SELECT phone FROM contact WHERE id = 2") == [(side,)]
    assert conflict.register("SELECT tel FROM person WHERE mail = 'p2@example.org'") == [(side,)]
    assert conflict("review", "list", "--json").json == {"reviews": []}
    assert conflict("sync", conflict.file).code == 0
    shown = conflict("review", "show", number)
    assert f"Decided: {side} by anna" in shown.out
    assert "the newer one" in shown.out


def test_second_decision_names_who_decided_S3(conflict):
    number = str(conflict("review", "list", "--json").json["reviews"][0]["id"])
    assert conflict("review", "decide", number, "--take", "left").code == 0
    said = conflict("review", "decide", number, "--take", "right", "--json")
    assert fits(said, shapes.ERROR, 1)["error"]["code"] == "already_decided"
    assert "anna" in said.err


def test_decision_undone_is_asked_again_E17(conflict):
    number = str(conflict("review", "list", "--json").json["reviews"][0]["id"])
    assert conflict("review", "decide", number, "--take", "ignore").code == 0
    assert conflict("review", "list", "--json").json["reviews"] == []
    answer = fits(conflict("review", "undo", number, "--json"), shapes.REVIEW, 0)
    assert answer["status"] == "open"
    assert [one["id"] for one in conflict("review", "list", "--json").json["reviews"]] == [int(number)]


def test_decision_for_all_equal_questions(synced):
    for number in (1, 2, 3):
        synced.crm("UPDATE contact SET phone = 'left' WHERE id = ?", number)
    synced.register("UPDATE person SET tel = 'right'")
    assert synced("sync", synced.file).code == 1
    first = synced("review", "list", "--json").json["reviews"][0]["id"]
    said = synced("review", "decide", str(first), "--take", "right", "--all", "--json")
    assert len(fits(said, shapes.DECISION, 0)["decided"]) == 3
    assert synced.crm("SELECT DISTINCT phone FROM contact") == [("right",)]


def test_decision_on_records_that_moved_is_refused_as_stale_E17(conflict):
    number = str(conflict("review", "list", "--json").json["reviews"][0]["id"])
    conflict.crm("UPDATE contact SET phone = 'moved' WHERE id = 2")
    said = conflict("review", "decide", number, "--take", "left", "--json")
    assert fits(said, shapes.ERROR, 1)["error"]["code"] == "stale_decision"
    assert conflict.register("SELECT tel FROM person WHERE mail = 'p2@example.org'") == [("right",)]


def test_decision_the_question_does_not_take_is_refused(conflict):
    number = str(conflict("review", "list", "--json").json["reviews"][0]["id"])
    said = conflict("review", "decide", number, "--take", "approve")
    assert said.code == 2
    assert "It takes left, right, ignore." in said.err


def test_review_list_filters_by_flow_and_kind(conflict):
    assert len(conflict("review", "list", "--flow", "people", "--kind", "conflict", "--json").json["reviews"]) == 1
    assert conflict("review", "list", "--flow", "other", "--json").json["reviews"] == []
    assert conflict("review", "list", "--kind", "held").out == "Nothing waits for you.\n"


def test_runs_tell_the_history_newest_first(synced):
    synced("plan", synced.file)
    synced("sync", synced.file)
    answer = fits(synced("runs", "--json"), shapes.RUNS, 0)
    assert [(one["kind"], one["status"], one["by"]) for one in answer["runs"]] == [
        ("sync", "done", "anna"),
        ("plan", "planned", "anna"),
        ("sync", "done", "anna"),
    ]
    assert len(synced("runs", "--limit", "1", "--json").json["runs"]) == 1
    first = answer["runs"][-1]["run"]
    assert fits(synced("runs", first, "--json"), shapes.RUNS, 0)["runs"][0]["result"]["run"] == first
    said = synced("runs", first)
    assert said.out.splitlines()[0] == f"Run {first}: sync, firm, done"
    assert "2 created, 1 updated on the right" in said.out


def test_journal_of_a_record_has_before_and_after(synced):
    synced.crm("UPDATE contact SET phone = 'new' WHERE id = 2")
    synced("sync", synced.file)
    answer = fits(synced("journal", "--record", "crm:contact:2", "--json"), shapes.JOURNAL, 0)
    update, create = answer["operations"]
    assert (update["action"], update["fields"], update["reason"], update["state"]) == (
        "update",
        {"tel": ["+49 30 0002", "new"]},
        "changed on the left",
        "done",
    )
    assert create["action"] == "create"
    run = synced("runs", "--json").json["runs"][0]["run"]
    (only,) = fits(synced("journal", "--run", run, "--json"), shapes.JOURNAL, 0)["operations"]
    assert only == update
    assert "tel  +49 30 0002 -> new" in synced("journal", "--run", run).out


def test_journal_of_a_record_in_a_run_is_told_whatever_came_after(synced):
    first = synced("runs", "--json").json["runs"][0]["run"]
    synced.crm("UPDATE contact SET phone = 'new' WHERE id = 2")
    synced("sync", synced.file)
    asked = ("journal", "--record", "crm:contact:2", "--run", first[:-1], "--limit", "1", "--json")
    (only,) = fits(synced(*asked), shapes.JOURNAL, 0)["operations"]
    assert (only["action"], only["run"]) == ("create", first)


def test_journal_of_a_link_is_told_in_words(synced):
    assert "with right 70" in synced("journal").out


def test_why_says_in_sync_and_where_each_value_came_from_E35(synced):
    answer = fits(synced("why", synced.file, "register", "person", "70", "--json"), shapes.WHY, 0)
    assert answer["in_sync"] is True
    run = synced("runs", "--json").json["runs"][0]["run"]
    assert (answer["fields"]["tel"]["from_side"], answer["fields"]["tel"]["run"]) == ("left", run)
    said = synced("why", synced.file, "crm", "contact", "1")
    assert said.out.splitlines()[:2] == ["crm:contact:1", "In sync with register:person:70."]


def test_why_says_what_keeps_a_record_out_of_sync_E35(conflict):
    answer = fits(conflict("why", conflict.file, "crm", "contact", "2", "--json"), shapes.WHY, 0)
    assert answer["in_sync"] is False
    assert "conflict" in answer["answer"]


def test_why_of_a_record_that_is_not_there(synced):
    answer = fits(synced("why", synced.file, "crm", "contact", "999", "--json"), shapes.WHY, 0)
    assert (answer["in_sync"], answer["answer"]) == (False, "There is no such record.")


def test_undo_takes_a_run_back_and_lists_what_was_edited_since_E33(synced):
    for number in (2, 3):
        synced.crm("UPDATE contact SET phone = 'new' WHERE id = ?", number)
    run = synced("sync", synced.file, "--json").json["run"]
    synced.register("UPDATE person SET tel = 'edited' WHERE mail = 'p3@example.org'")
    said = synced("undo", run, "--json")
    report = fits(said, shapes.REPORT, 1)
    assert [(one["fields"], one["why"]) for one in report["left"]] == [(["tel"], "edited since")]
    assert synced.register("SELECT tel FROM person ORDER BY mail") == [("+49 30 0001",), ("+49 30 0002",), ("edited",)]
    assert "edited since" in said.err


def test_undo_of_an_unknown_run_is_refused(synced):
    said = synced("undo", "ffff")
    assert (said.code, said.err) == (2, "There is no run 'ffff'.\n`tallystick runs` lists them.\n")


def test_links_are_exported_lost_and_imported_without_a_duplicate_E34(synced):
    said = synced("links", "export", synced.file)
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert {(line["left"]["id"], line["right"]["id"]) for line in lines} >= {("1", "70")}
    assert synced("links", "export", synced.file, "--out", "links.jsonl", "--json").json == {
        "exported": 3,
        "file": "links.jsonl",
    }
    (synced.folder / "tallystick.db").unlink()
    assert synced("links", "import", synced.file, "links.jsonl", "--json").json == {"imported": 3}
    report = fits(synced("sync", synced.file, "--json"), shapes.REPORT, 0)
    assert writes(report) == {"left": [0, 0, 0], "right": [0, 0, 0]}


def test_links_exported_as_one_object_are_imported_too(synced):
    answer = fits(synced("links", "export", synced.file, "--json"), shapes.LINKS, 0)
    assert len(answer["links"]) == 3
    (synced.folder / "all.json").write_text(synced("links", "export", synced.file, "--json").out)
    assert synced("links", "import", synced.file, "all.json").out.startswith("3 links are kept")


def test_links_are_rebuilt_from_both_sides_E34(synced):
    (synced.folder / "tallystick.db").unlink()
    report = fits(synced("links", "rebuild", synced.file, "--json"), shapes.REPORT, 0)
    assert writes(report) == {"left": [0, 0, 0], "right": [0, 0, 0]}
    assert len(synced("links", "export", synced.file, "--json").json["links"]) == 3


def test_state_of_another_folder_is_named_by_its_file(synced, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert len(synced("runs", "--file", synced.file, "--json").json["runs"]) == 1


def test_state_is_where_the_environment_says(firm, monkeypatch):
    monkeypatch.setenv("TALLYSTICK_DATABASE_URL", f"sqlite:///{firm.folder}/elsewhere.db")
    firm.add(1)
    assert firm("sync", firm.file).code == 0
    assert (firm.folder / "elsewhere.db").exists()
    assert not (firm.folder / "tallystick.db").exists()
