"""Bad input and a bad world: one clear sentence, the right exit code, nothing half done. Source: engine.md E30."""

import os
import resource
import shutil
import signal
import socket
import sqlite3
import time

import jsonschema
import pytest

from tallystick.model.flow import Scope
from tallystick.runs.world import SystemClock
from tallystick.server.state.store import open_store
from tests.dav_servers import radicale
from tests.integration.cli import shapes
from tests.servers import postgres_url


def fails(firm, code: int, *arguments: object) -> str:
    """What the command says on standard error; with `--json` it answers with the same as one object."""
    said = firm(*arguments, "--json")
    assert said.code == code, (said.code, said.out, said.err)
    jsonschema.validate(said.json, shapes.ERROR)
    assert said.json["error"]["code"] != "bug"
    assert said.err
    return said.err


FILES = {
    "unknown key": ("integration: firm", "integration: firm\nflws: []", "There is no key `flws` here."),
    "wrong type": ("    match: {definite: [[email]]}", "    match: {definite: 7}", "`definite` has to be a list"),
    "missing key": ("key: number}", "key: number}\n    direction:", "The key has no value."),
    "unknown system": ("right: {system: register", "right: {system: registre", "There is no system `registre`."),
    "no YAML": ("flows:", "flows: {", "is not closed"),
    "tab": ("  crm:", "\tcrm:", "A tab stands in the indentation."),
    "unknown match field": ("[[email]]", "[[e_mail]]", "`e_mail`"),
    "wrong word": ("    match:", "    direction: sideways\n    match:", "sideways"),
}


@pytest.mark.parametrize(("old", "new", "sentence"), FILES.values(), ids=FILES)
def test_wrong_file_is_told_with_its_line_and_exits_2(firm, old, new, sentence):
    firm.edit(old, new)
    told = fails(firm, 2, "check", firm.file)
    assert sentence in told
    assert f"{firm.file}:" in told


@pytest.mark.parametrize("command", ["plan", "sync"])
def test_wrong_file_makes_no_state(firm, command):
    firm.edit("integration: firm", "integration: firm\nflws: []")
    fails(firm, 2, command, firm.file)
    assert not (firm.folder / "tallystick.db").exists()


def test_flow_written_twice_is_told(firm):
    text = firm.file.read_text()
    firm.write(text + text[text.index("  - flow: people") :])
    assert "The flow `people` is written twice" in fails(firm, 2, "check", firm.file)


@pytest.mark.parametrize("command", ["check", "plan", "sync", "links export"])
def test_file_that_is_not_there_is_told(firm, command):
    assert "nowhere.yaml" in fails(firm, 2, *command.split(), "nowhere.yaml")


def test_file_name_that_is_no_text_is_told(firm):
    assert "\\udcff.yaml" in fails(firm, 2, "check", "\udcff.yaml")


@pytest.mark.parametrize("command", [("check", "--connect"), ("plan",)])
def test_table_that_is_not_there_is_told_with_what_was_meant(firm, command):
    firm.edit("record: contact", "record: contacts")
    told = fails(firm, 2, command[0], firm.file, *command[1:])
    assert "has no record type 'contacts'" in told
    assert "Did you mean 'contact'?" in told


@pytest.mark.parametrize("command", [("check", "--connect"), ("plan",)])
def test_field_that_is_not_there_is_told_with_what_was_meant(firm, command):
    firm.edit("left: phone", "left: phon")
    told = fails(firm, 2, command[0], firm.file, *command[1:])
    assert "has no field 'phon'" in told
    assert "Did you mean 'phone'?" in told


def test_sync_of_a_flow_that_cannot_run_reports_it_and_exits_2(firm):
    firm.edit("left: phone", "left: phon")
    said = firm("sync", firm.file, "--json")
    assert said.code == 2
    jsonschema.validate(said.json, shapes.REPORT)
    assert said.json["status"] == "failed"
    assert said.json["flows"]["people"]["error"]["code"] == "unknown_field"


def test_flow_that_is_not_there_is_told(firm):
    assert "There is no flow 'poeple'." in fails(firm, 2, "plan", firm.file, "--flow", "poeple")


def test_system_that_is_not_there_is_told(firm):
    assert "There is no system 'cmr'" in fails(firm, 2, "describe", firm.file, "cmr")


def test_unset_variable_is_told_with_its_line(firm):
    firm.edit("sqlite:///crm.db", "${FIRM_NOWHERE_URL}")
    told = fails(firm, 2, "plan", firm.file)
    assert "The environment variable FIRM_NOWHERE_URL is not set." in told
    assert "firm.yaml:3" in told


def test_wrong_setting_of_a_connector_is_told(firm):
    firm.edit('connector: sql, url: "sqlite:///crm.db"', 'connector: sql, urll: "sqlite:///crm.db"')
    assert "urll" in fails(firm, 2, "plan", firm.file)


def test_key_that_is_not_unique_is_told_and_nothing_written(firm):
    firm.crm("CREATE TABLE loose (id INTEGER, name TEXT, email TEXT, phone TEXT)")
    for name in ("One", "Other"):
        firm.crm("INSERT INTO loose VALUES (1, ?, 'x@example.org', NULL)", name)
    firm.edit("record: contact", "record: loose")
    told = fails(firm, 2, "plan", firm.file)
    assert "loose" in told
    assert firm.register("SELECT count(*) FROM person") == [(0,)]


def test_system_that_does_not_answer_exits_3(firm):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    firm.edit("sqlite:///register.db", f"postgresql://anna:hunter22@127.0.0.1:{port}/register")
    told = fails(firm, 3, "plan", firm.file)
    assert "hunter22" not in told
    said = firm("sync", firm.file, "--json")
    assert (said.code, said.json["status"]) == (3, "failed")
    assert said.json["flows"]["people"]["error"]["code"] == "unreachable"
    assert "hunter22" not in said.out + said.err


@pytest.mark.dav
def test_wrong_password_exits_3_and_is_not_repeated(firm):
    (firm.folder / "dav").mkdir()
    with radicale(firm.folder / "dav") as server:
        server.make_book("book")
        settings = f'{{connector: dav, url: "{server.url}", username: alice, password: battery-staple}}'
        firm.edit('{connector: sql, url: "sqlite:///register.db"}', settings)
        told = fails(firm, 3, "describe", firm.file, "register")
    assert "battery-staple" not in told


def test_state_of_a_newer_version_is_left_alone(firm):
    firm.add(1)
    assert firm("sync", firm.file).code == 0
    firm.sql(
        "tallystick.db",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('state', '9999_later', '2027-01-01')",
    )
    assert "was written by a newer version (it has 9999_later)" in fails(firm, 2, "sync", firm.file)
    assert "newer version" in fails(firm, 2, "review", "list")


def test_state_that_is_no_database_is_left_alone(firm):
    (firm.folder / "tallystick.db").write_text("a letter to aunt Agatha\n" * 100)
    assert "is damaged or is no SQLite database" in fails(firm, 2, "sync", firm.file)
    assert (firm.folder / "tallystick.db").read_text().startswith("a letter to aunt Agatha")


def test_state_url_that_cannot_be_read_is_told_without_its_password(firm, monkeypatch):
    monkeypatch.setenv("TALLYSTICK_DATABASE_URL", "oracle://anna:hunter22@db/state")
    assert "hunter22" not in fails(firm, 2, "runs")


@pytest.mark.postgres
def test_state_database_that_does_not_exist_is_told(firm, monkeypatch):
    monkeypatch.setenv("TALLYSTICK_DATABASE_URL", postgres_url().replace("/test_", "/nowhere_"))
    assert "There is no database" in fails(firm, 2, "runs")


def test_read_only_state_is_told(firm):
    firm.add(1)
    assert firm("sync", firm.file).code == 0
    for file in firm.folder.glob("tallystick.db*"):
        file.chmod(0o444)
    firm.folder.chmod(0o555)
    try:
        said = firm.apart("sync", firm.file, wrapped=_without_privilege())
    finally:
        firm.folder.chmod(0o755)
    assert said.code == 2, said.err
    assert "may only be read" in said.err or "cannot be opened" in said.err


def _without_privilege() -> list[str]:
    """Root may write anything; without that privilege permissions hold for it too."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("Root ignores permissions, and setpriv (util-linux) is not there to give that up.")
    drop = "-dac_override,-dac_read_search"
    return [setpriv, "--bounding-set", drop, "--inh-caps", drop]


def test_plan_that_was_edited_is_refused(firm):
    firm.add(1)
    firm("plan", firm.file, "--out", "p.json")
    text = (firm.folder / "p.json").read_text()
    (firm.folder / "p.json").write_text(text.replace("Person 1", "Person X"))
    assert "The plan was altered" in fails(firm, 1, "apply", "p.json")
    assert firm.register("SELECT count(*) FROM person") == [(0,)]


def test_plan_of_a_file_edited_since_is_refused(firm):
    firm.add(1)
    firm("plan", firm.file, "--out", "p.json")
    firm.edit("      - {left: phone, right: tel}\n", "")
    assert "The integration file was edited since the plan was made." in fails(firm, 1, "apply", "p.json")


def test_plan_applied_already_is_refused(firm):
    firm.add(1)
    firm("plan", firm.file, "--out", "p.json")
    assert firm("apply", "p.json").code == 0
    assert "The plan was applied already" in fails(firm, 1, "apply", "p.json")
    assert firm.register("SELECT count(*) FROM person") == [(1,)]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"plan": 1, "flows": []}', "\x00\x01", "[" * 100_000])
def test_file_that_is_no_plan_is_told(firm, text):
    (firm.folder / "p.json").write_text(text)
    assert "p.json is not a plan." in fails(firm, 2, "apply", "p.json")


@pytest.mark.parametrize("name", ["nowhere.json", "."])
def test_plan_that_is_not_there_is_told(firm, name):
    fails(firm, 2, "apply", name)


@pytest.mark.parametrize("out", ["nowhere/p.json", "."])
def test_plan_that_cannot_be_kept_is_told(firm, out):
    fails(firm, 2, "plan", firm.file, "--out", out)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds no links"),
        ("{}\n", "is not a link"),
        ("nonsense\n", "line 1 is not a link"),
        ('{"flow": "people", "left": {"id": "1"}, "right": null}\n', "is not a link"),
        ('{"links": [1]}', "line 1 is not a link"),
    ],
)
def test_links_that_are_none_are_told_and_the_old_ones_kept(firm, text, sentence):
    firm.add(1)
    assert firm("sync", firm.file).code == 0
    (firm.folder / "links.jsonl").write_text(text)
    told = fails(firm, 2, "links", "import", firm.file, "links.jsonl")
    assert sentence in told
    assert len(firm("links", "export", firm.file, "--json").json["links"]) == 1


def test_question_that_is_not_there_is_told(firm):
    assert firm("sync", firm.file).code == 0
    assert "There is no review 7." in fails(firm, 2, "review", "show", "7")


def test_terminal_sequences_of_a_record_reach_no_terminal(firm):
    firm.crm("INSERT INTO contact (name, email) VALUES (?, 'e@example.org')", "\x1b[2J\x1b]0;owned\x07Eve\u202e\x9b1m")
    firm.register("INSERT INTO person VALUES (1, ?, 'e@example.org', NULL)", "E" * 60 + "\x1b[31m")
    for words in (("plan", firm.file), ("sync", firm.file), ("journal",), ("why", firm.file, "crm", "contact", "1")):
        for said in (firm(*words), firm(*words, "--json")):
            told = (said.out + said.err).replace("\n", "")
            assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or c == "\u202e" for c in told), words


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_terminal_of_another_encoding_is_no_obstacle(firm, encoding):
    firm.crm("INSERT INTO contact (name, email) VALUES ('Łukasz 漢字 🙂', 'e@example.org')")
    environment = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    said = firm.apart("plan", firm.file, environment=environment)
    assert (said.code, said.err) == (0, "")
    assert "ukasz" in said.out
    answer = firm.apart("plan", firm.file, "--json", environment=environment)
    (operation,) = answer.json["flows"]["people"]["operations"]
    assert operation["fields"]["full_name"] == [None, "Łukasz 漢字 🙂"]


def test_output_carries_no_colour_when_it_is_piped(firm):
    firm.add(1)
    assert "\x1b" not in firm.apart("plan", firm.file).out


def test_second_run_on_one_state_is_told_that_it_is_busy_E32(firm):
    firm.add(1)
    assert firm("sync", firm.file).code == 0
    store = open_store(f"sqlite:///{firm.folder}/tallystick.db", clock=SystemClock())
    try:
        with store.exclusive(Scope(integration="firm", flow="people")):
            said = firm.apart("sync", firm.file, "--json")
            planned = firm.apart("plan", firm.file, "--json")
    finally:
        store.close()
    assert (said.code, said.json["flows"]["people"]["error"]["code"]) == (1, "scope_busy")
    assert (planned.code, planned.json["error"]["code"]) == (1, "scope_busy")
    assert firm("sync", firm.file).code == 0


def test_full_disk_is_told_and_the_next_run_goes_on_E29(firm):
    firm.add(200)
    limit = 300_000

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    said = firm.apart("sync", firm.file, "--json", preexec_fn=small_files)
    assert said.code == 2, (said.out, said.err)
    assert "disk" in said.err
    done = firm("sync", firm.file)
    assert done.code == 0, done.err
    assert firm.register("SELECT count(*), count(DISTINCT mail) FROM person") == [(200, 200)]
    again = firm("sync", firm.file, "--json").json
    assert again["flows"]["people"]["writes"]["right"] == {"create": 0, "update": 0, "delete": 0}


def test_interrupted_run_says_so_and_the_next_goes_on_E29(firm):
    """Control-C while another process keeps the register locked."""
    import subprocess
    import sys

    firm.add(50)
    assert firm("plan", firm.file).code == 0
    holder = sqlite3.connect(firm.folder / "register.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    child = subprocess.Popen(
        [sys.executable, "-m", "tallystick.cli", "sync", str(firm.file)],
        cwd=firm.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests in the background ignore it
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not _is_sent(firm):
            time.sleep(0.1)
        child.send_signal(signal.SIGINT)
        holder.execute("ROLLBACK")
        _, err = child.communicate(timeout=200)
    finally:
        child.kill()
        holder.close()
    assert (child.returncode, "Traceback" in err) == (130, False), err
    assert "Interrupted." in err
    assert firm("sync", firm.file).code == 0
    assert firm.register("SELECT count(*), count(DISTINCT mail) FROM person") == [(50, 50)]


def _is_sent(firm) -> bool:
    try:
        return bool(firm.sql("tallystick.db", "SELECT 1 FROM state_operation WHERE state = 'sent' LIMIT 1"))
    except sqlite3.OperationalError:
        return False
