"""What is asked of workers from outside, and which flows changed records call for. Rows E32, E38."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tallystick.errors import ConfigurationError
from tallystick.runs import requests
from tallystick.runs.files import Files
from tallystick.runs.requests import Changed, Requests
from tallystick.runs.schedule import Job, asked
from tallystick.runs.wakes import Wakes

TEXT = """\
integration: {name}
systems: {{crm: {{connector: memory, name: c}}, register: {{connector: files, path: x}}}}
flows:
  - flow: assets
    left: {{system: crm, record: asset}}
    right: {{system: register, record: asset}}
    fields: [{{left: name, right: name}}, {{left: owner, right: owner, ref: people}}]
    schedule: every 5 minutes
  - flow: people
    left: {{system: crm, record: person}}
    right: {{system: register, record: user}}
    fields: [{{left: name, right: name}}]
    schedule: every 1 hour
  - flow: by_hand
    left: {{system: crm, record: person}}
    right: {{system: register, record: manual}}
    fields: [{{left: name, right: name}}]
"""


@pytest.fixture
def files(tmp_path: Path) -> Files:
    paths = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(TEXT.format(name=name), encoding="utf-8")
        paths.append(path)
    return Files(paths, {"TALLYSTICK_DATABASE_URL": f"sqlite:///{tmp_path / 'state.db'}"})


@pytest.fixture
def url(files: Files) -> Iterator[str]:
    yield files.state_url
    requests.requests_of.cache_clear()


def job(files: Files, *flows: str, id_: str = "1", integration: str = "one") -> Job:
    return asked(files.of(integration).integration, flows, id_=id_, by="Ann", is_full=True)


def due(wakes: Wakes, going: tuple[Job, ...] = (), paused: tuple[str, ...] = ()) -> list[tuple[str, list[str]]]:
    busy = {(one.integration, flow) for one in going for flow in one.flows}
    found = wakes.due(going, busy, is_free=lambda integration, flow: flow not in paused)
    return [(integration.name, flows) for integration, flows, _by in found]


def test_request_waits_until_a_worker_took_it_and_is_what_was_asked(files, url):
    first, second = job(files, "people"), job(files, id_="2")
    assert (first.flows, second.flows) == (("people",), ("people", "assets", "by_hand"))  # in the order they run
    requests.ask(url, first)
    requests.ask(url, second)
    kept = requests.requests_of(url)
    assert kept.waiting() == [first, second]
    kept.taken(first)
    assert kept.waiting() == [second]
    assert kept.waiting()[0].run == second.run  # its run is known before it begins


def test_worker_of_this_process_is_woken_and_others_find_what_was_told(url):
    changed = Changed(connector="records", records=frozenset({"asset"}), run="r", by=frozenset({"Ann"}))
    requests.tell(url, changed)
    heard: list[Changed | None] = []
    gone = requests.at_work(url, heard.append)
    assert requests.is_here(url)
    requests.tell(url, changed)
    assert heard == [changed]
    assert requests.requests_of(url).changed() == [changed]  # of the first
    assert requests.requests_of(url).changed() == []
    gone()
    assert not requests.is_here(url)


def test_changed_records_call_for_the_scheduled_flows_that_read_them_E38(files):
    wakes = Wakes(files)
    assert not wakes
    wakes.add(Changed(connector="memory", records=frozenset({"person"})))
    assert wakes
    assert due(wakes) == [("one", ["people"]), ("two", ["people"])]
    assert not wakes
    wakes.add(Changed(connector="memory", records=frozenset({"user"})))  # by that name only in the other system
    assert due(wakes) == []
    wakes.add(Changed(connector="files"))  # any record type
    assert due(wakes) == [("one", ["people", "assets"]), ("two", ["people", "assets"])]


def test_flow_that_is_going_is_run_again_when_it_ended_E32(files):
    wakes = Wakes(files)
    going = (job(files, "people"),)
    wakes.add(Changed(connector="memory", records=frozenset({"person"})))
    assert due(wakes, going) == [("two", ["people"])]
    assert due(wakes, going) == []
    assert wakes  # owed
    assert due(wakes) == [("one", ["people"])]
    assert not wakes


def test_run_bears_the_names_of_those_who_changed_the_records(files):
    wakes = Wakes(files)

    def by(*names: str, busy: bool = False) -> list[str]:
        wakes.add(Changed(connector="memory", records=frozenset({"person"}), by=frozenset(names)))
        going = {("one", "people"), ("two", "people")} if busy else set()
        return [one for _, _, one in wakes.due((), going, is_free=lambda *_: True)]

    assert by() == ["a change of records"] * 2
    assert by("Ann") == ["Ann"] * 2
    assert by("Ann", busy=True) == []
    assert by("Bob") == ["Ann, Bob"] * 2  # what was owed is not forgotten
    assert by("Ann", "Bob", "Cleo", "Dan", "Eve") == ["Ann, Bob, Cleo and 2 more"] * 2


def test_run_does_not_call_for_itself_by_what_it_wrote(files):
    wakes = Wakes(files)
    going = (job(files, "people"),)
    wakes.add(Changed(connector="memory", records=frozenset({"person"}), run=going[0].run))
    assert due(wakes, going) == [("two", ["people"])]
    assert not wakes


def test_paused_flow_is_not_called_for_E39(files):
    wakes = Wakes(files)
    wakes.add(Changed(connector="files"))
    assert due(wakes, paused=("assets",)) == [("one", ["people"]), ("two", ["people"])]


def test_system_of_a_hub_cannot_be_opened_from_a_file(tmp_path):
    from tallystick.runs.workspace import Workspace
    from tallystick.testing.store import MemoryStore

    file = tmp_path / "hub.yaml"
    file.write_text(TEXT.format(name="hub").replace("{connector: memory, name: c}", "{connection: erp}"), "utf-8")
    with (
        Workspace.open(file, open_store=lambda url, *, clock: MemoryStore()) as workspace,
        pytest.raises(ConfigurationError, match=r"crm is the connection 'erp' of a hub.*Export"),
    ):
        workspace.describe("crm")


def test_requests_of_one_database_are_the_same_for_every_spelling(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gone = requests.at_work("sqlite:///state.db", lambda _: None)
    try:
        assert requests.is_here(f"sqlite:///{tmp_path}/state.db")
    finally:
        gone()


def test_kept_requests_survive_the_process(files, url):
    requests.ask(url, job(files))
    requests.requests_of.cache_clear()
    from tallystick.runs.jobs import open_jobs

    jobs = open_jobs(url)
    assert [one.id for one in Requests(jobs).waiting()] == ["asked:1"]
    jobs.close()


def test_a_new_database_of_jobs_is_made_once_by_many_at_the_same_time(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from tallystick.runs.jobs import open_jobs

    for turn in range(5):
        url = f"sqlite:///{tmp_path}/{turn}.db"
        with ThreadPoolExecutor(4) as threads:
            for jobs in threads.map(open_jobs, [url] * 4):
                jobs.close()


def test_jobs_are_opened_while_a_worker_is_at_work(tmp_path):
    from tallystick.runs.jobs import open_jobs
    from tallystick.runs.roster import roster_of

    url = f"sqlite:///{tmp_path / 'state.db'}"
    first = open_jobs(url)
    roster = roster_of(first, "one")
    roster.enter()
    try:
        open_jobs(url).close()
    finally:
        roster.leave()
        first.close()
