"""`tallystick worker` as people run it: a process of its own, stopped, disturbed, and started again."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from tallystick.model.plan import OperationState, RunStatus
from tests.integration.runs.offices import BATCH, ROOT, Office, office, wait_until

pytestmark = pytest.mark.slow

PEOPLE = 60
MANY = 90
WHOLE = BATCH - 1  # the last pair of a batch waits for the next, where more of it may stand


@pytest.fixture
def firm(tmp_path):
    with office(tmp_path) as made:
        yield made


def stop(firm: Office, number: signal.Signals = signal.SIGTERM) -> int:
    firm.workers[-1].send_signal(number)
    return firm.workers[-1].wait(timeout=200)


def test_once_does_what_is_due_and_then_nothing_until_the_next_tick(firm):
    firm.furnish(3)
    done = firm("worker", firm.file, "--once", "--json")
    (run,) = [event for line in done.stdout.splitlines() if (event := json.loads(line))["event"] == "run"]
    assert (done.returncode, run["status"], run["create"], run["by"]) == (0, "done", 3, "schedule")
    assert len(firm.mails()) == 3
    again = firm("worker", firm.file, "--once")
    assert (again.returncode, again.stdout) == (0, "")
    assert [word for word in again.stderr.split() if word in ("started", "run", "stopped")] == ["started", "stopped"]
    assert len(firm.runs()) == 1


def test_signal_drains_the_batch_at_hand_and_the_rest_is_resumed_E39(firm):
    firm.furnish(MANY)
    firm.start(write_s=0.3)
    wait_until(lambda: len(firm.mails()) > BATCH // 2)
    with firm.held():
        refused = firm("sync", firm.file, "--json")
        second = firm("worker", firm.file, "--once")
        firm.workers[-1].send_signal(signal.SIGTERM)
    assert firm.workers[-1].wait(timeout=200) == 0
    count = len(firm.mails())
    assert (count % WHOLE, count < MANY) == (0, True)
    assert {one.state for one in firm.journal()} == {OperationState.DONE}
    # meanwhile: a run of the same scope is refused (E32), and so is a second worker on SQLite
    assert (refused.returncode, json.loads(refused.stdout)["flows"]["people"]["error"]["code"]) == (1, "scope_busy")
    assert second.returncode == 1
    assert "SQLite takes one at a time" in second.stderr
    assert firm("worker", firm.file, "--once").returncode == 0
    assert len(firm.mails()) == MANY
    assert [run.status for run in firm.runs() if run.by == "schedule"] == [RunStatus.DONE]


def test_schedule_fires_skips_while_the_run_before_goes_and_reads_the_file_again(firm):
    firm.furnish(PEOPLE, period="1 second")
    firm.start()
    wait_until(lambda: len(firm.events("run")) >= 2)
    assert {event["flows"][0] for event in firm.events("skipped")} == {"people"}
    first, second = firm.events("run")[:2]
    assert (first["create"], second["create"]) == (PEOPLE, 0)
    # an invalid file keeps the old one running, and is said once
    good = firm.file.read_text(encoding="utf-8")
    firm.file.write_text(good.replace("mail}", "mail, nonsense: 1}"), encoding="utf-8")
    wait_until(lambda: bool(firm.events("file")))
    count = len(firm.events("run"))
    wait_until(lambda: len(firm.events("run")) >= count + 2)
    (said,) = firm.events("file")
    assert (said["level"], "nonsense" in said["message"]) == ("error", True)
    # a sound one takes over
    firm.file.write_text(good.replace("every 1 second", "every 30 days"), encoding="utf-8")
    wait_until(lambda: len(firm.events("file")) == 2)
    assert firm.events("file")[1]["level"] == "info"
    assert stop(firm, signal.SIGINT) == 0
    # a tick of the old period may have been at work when it was stopped: the next start finishes it
    assert firm("worker", firm.file, "--once").returncode == 0
    assert {run.status for run in firm.runs()} == {RunStatus.DONE}


def test_database_that_tells_of_changes_is_synced_at_once_and_not_by_the_schedule_E38(firm):
    firm.furnish(3)
    told = firm.file.read_text(encoding="utf-8").replace('crm.db"}', 'crm.db", feed: true}')
    firm.file.write_text(told, encoding="utf-8")
    firm.start()
    wait_until(lambda: len(firm.mails()) == 3)
    with closing(sqlite3.connect(firm.folder / "crm.db")) as crm, crm:
        crm.execute("INSERT INTO contact (name, email) VALUES ('Late', 'late@example.org')")
    wait_until(lambda: "late@example.org" in firm.mails())
    wait_until(lambda: len(firm.events("run")) >= 2)
    assert firm.events("run")[1]["by"] == "a change of records"
    assert stop(firm) == 0


@pytest.mark.slow
def test_unreachable_system_fails_the_run_and_the_next_tick_tries_again(firm):
    secret = "hunter2-and-more"
    firm.furnish(3, register=f"postgresql://ann:{secret}@127.0.0.1:1/nowhere")
    done = firm("worker", firm.file, "--once", "--json")
    assert done.returncode == 3
    assert secret not in done.stdout + done.stderr
    (run,) = [event for line in done.stdout.splitlines() if (event := json.loads(line))["event"] == "run"]
    assert (run["status"], list(run["errors"])) == ("failed", ["people"])
    firm.start()
    wait_until(lambda: bool(firm.events("started")))
    firm.write(period="1 second")
    wait_until(lambda: any(event["status"] == "done" for event in firm.events("run")))
    assert stop(firm) == 0
    assert len(firm.mails()) == 3


@pytest.mark.slow
def test_pause_stops_a_run_after_the_batch_at_hand_and_resume_finishes_it_E39(firm):
    firm.furnish(MANY)
    firm.start(write_s=0.2)
    wait_until(lambda: len(firm.mails()) > BATCH // 2)
    with firm.held():
        assert "Integration firm is paused." in firm("pause", firm.file).stdout
        assert json.loads(firm("pause", firm.file, "--json").stdout)["changed"] is False
    wait_until(lambda: bool(firm.events("run")))
    assert firm.events("run")[0]["status"] == "paused"
    count = len(firm.mails())
    assert (count % WHOLE, count < MANY) == (0, True)
    assert "Integration firm is no longer paused." in firm("resume", firm.file).stdout
    wait_until(lambda: len(firm.mails()) == MANY)
    wait_until(lambda: len(firm.events("run")) == 2)
    assert stop(firm) == 0
    assert [run.status for run in firm.runs()] == [RunStatus.DONE, RunStatus.DONE]


ALWAYS = 'maintenance: [{from: "00:00", to: "00:00", zone: Europe/Moscow}]\n'


def test_maintenance_stops_a_run_after_the_batch_at_hand_and_begins_none_E39(firm):
    firm.furnish(MANY, period="1 second")
    text = firm.file.read_text(encoding="utf-8")
    firm.start(write_s=0.2)
    wait_until(lambda: len(firm.mails()) > BATCH // 2, most_s=240.0)
    with firm.held():
        firm.file.write_text(ALWAYS + text, encoding="utf-8")
        wait_until(lambda: bool(firm.events("file")))
    wait_until(lambda: bool(firm.events("run")))
    assert firm.events("run")[0]["status"] == "paused"
    count = len(firm.mails())
    assert (count % WHOLE, count < MANY) == (0, True)
    time.sleep(2.5)  # two ticks
    assert (len(firm.mails()), len(firm.events("run"))) == (count, 1)
    firm.file.write_text(text, encoding="utf-8")
    wait_until(lambda: len(firm.mails()) == MANY, most_s=120.0)
    assert stop(firm) == 0


def test_integration_with_much_to_do_does_not_starve_another_E32(firm, tmp_path):
    flows = 4  # as many as are worked on at a time
    firm.furnish(0)
    head, flow = firm.file.read_text(encoding="utf-8").split("flows:\n")
    for number in range(flows):
        with closing(sqlite3.connect(tmp_path / "crm.db")) as crm, crm:
            crm.execute(f"CREATE TABLE contact{number} AS SELECT * FROM contact WHERE false")
            rows = [(one, f"Person {one}", f"p{one}@example.org") for one in range(40 * BATCH)]
            crm.executemany(f"INSERT INTO contact{number} VALUES (?, ?, ?)", rows)
        with closing(sqlite3.connect(tmp_path / "register.db")) as register, register:
            register.execute(f"CREATE TABLE person{number} (number INTEGER PRIMARY KEY, full_name TEXT, mail TEXT)")
        named = flow.replace("flow: people", f"flow: people{number}").replace(
            "record: person", f"record: person{number}"
        )
        head += ("flows:\n" if not number else "") + named.replace("record: contact", f"record: contact{number}")
    firm.file.write_text(head, encoding="utf-8")
    small = Office(folder=tmp_path, name="small")
    small.write(period="1 second")
    firm.start(str(small.file))
    wait_until(lambda: len(firm.events("run")) >= 3)  # each of them waits for a batch of the others a few times
    assert {event["integration"] for event in firm.events("run")[:3]} == {"small"}
    assert [run for run in firm.runs() if run.integration == "firm"]  # it had begun as well


def test_wrong_calls_are_refused_in_a_sentence(firm, tmp_path):
    firm.furnish(1)
    assert firm("pause", firm.file, "--flow", "nobody").returncode == 2
    (tmp_path / "elsewhere").mkdir()
    other = tmp_path / "elsewhere" / "other.yaml"
    other.write_text(firm.file.read_text(encoding="utf-8").replace("firm", "other"), encoding="utf-8")
    apart = firm("worker", firm.file, other, "--once")
    assert (apart.returncode, "TALLYSTICK_DATABASE_URL" in apart.stderr) == (2, True)
    twin = tmp_path / "twin.yaml"
    twin.write_text(firm.file.read_text(encoding="utf-8"), encoding="utf-8")
    twins = firm("worker", firm.file, twin, "--once")
    assert (twins.returncode, "both the integration firm" in twins.stderr) == (2, True)


@pytest.mark.parametrize("words", [["--help"], ["sync", "firm.yaml"]], ids=["help", "sync"])
def test_only_a_worker_imports_the_job_runtime(firm, words):
    firm.furnish(1)
    code = "import sys\nfrom tallystick.cli.edge import run\nrun(sys.argv[1:])\nprint('dbos' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=firm.folder,
        env=firm.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "False"


def test_only_one_module_imports_the_job_runtime():
    source = ROOT / "src" / "tallystick"
    texts = {path: path.read_text(encoding="utf-8") for path in source.rglob("*.py")}
    found = [path for path, text in texts.items() if "import dbos" in text or "from dbos" in text]
    assert found == [source / "runs" / "durable.py"]
