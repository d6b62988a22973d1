"""The hub of every release opens with this version: pages answer, links are known, a restored backup works."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tallystick.server.backup import DATABASE
from tests.hub_processes import HubProcesses, Person, hub_processes
from tests.servers import postgres_url
from tests.upgrade.kept import FOLDER, KEYS, as_they_were_left, bring_back, versions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LOOK = """\
from tallystick.server.connections import vault
from tallystick.server.connections.models import Connection
from tallystick.server.designer.models import Integration, KeptPlan
from tallystick.server.designer.workspaces import workspace
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import At
from tallystick.server.state.queue import Wanted
from tallystick.server.records import search
from tallystick.server.records.models import InstalledAsset
from tallystick.server.records.record_types import record_type
with workspace("firm", by="Test") as opened:
    report = opened.sync(is_full=True).flows["people"].shown()
asset = InstalledAsset.objects.order_by("number").first()
found = search.matching(InstalledAsset.objects.all(), record_type("installed_asset"), asset.name[1:], using="default")
open_ = len(looking().questions(Wanted(), At(rows=9)).rows)
print(json.dumps({
    "secret": vault.opened(Connection.objects.get(name="crm").secrets),
    "is_enabled": Integration.objects.get().is_enabled,
    "plan": KeptPlan.objects.get().state,
    "assets": InstalledAsset.objects.count(),
    "writes": report["writes"],
    "open": open_,
    "found": [asset.pk in {one.pk for one in found}, len(looking().questions(Wanted(text="left"), At(rows=9)).rows)],
}))
"""
PAGES = (
    "/",
    "/review/",
    "/review/answered/",
    "/runs/",
    "/journal/",
    "/links/",
    "/why/",
    "/integrations/",
    "/integrations/firm/",
    "/systems/",
    "/records/account/",
    "/records/person/",
    "/records/installed_asset/",
    "/records/case/",
    "/records/task/",
    "/records/deleted/",
    "/users/",
    "/webhooks/",
    "/api/v1/openapi.json",
)


def looked_through(hub: HubProcesses) -> dict[str, object]:
    """Every main page, then what a full comparison does."""
    (session,) = hub.people({"administrator": 1})["administrator"]
    (address,) = hub.start(webs=1)
    with Person(address, session) as person:
        answers = {path: person.get(path) for path in PAGES}
        assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(PAGES, 200)
        assert "Person" in answers["/review/"].text
    assert hub.errors() == []
    return dict(hub.do(LOOK))


NOTHING = {"create": 0, "update": 0, "delete": 0}


@pytest.mark.parametrize("name", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
@pytest.mark.parametrize("version", versions())
def test_database_of_that_version_opens_and_knows_its_links(tmp_path, version, name):
    url = postgres_url() if name == "postgresql" else ""
    with hub_processes(tmp_path, database_url=url) as hub:
        bring_back(hub, version)
        assert looked_through(hub) == {
            "secret": {"password": "hunter2"},
            "is_enabled": True,
            "plan": "ready",
            "assets": 40,
            "writes": {"left": NOTHING, "right": NOTHING},
            "open": 2,
            "found": [True, 2],
        }


@pytest.mark.parametrize("version", versions())
def test_backup_of_that_version_is_restored(tmp_path, version):
    with hub_processes(tmp_path) as hub:
        backup = FOLDER / version / "backup.tar.gz"
        command = [sys.executable, "-m", "tallystick.cli", "restore", str(backup), "--data", str(hub.data)]
        done = subprocess.run(command, env=hub.environment, capture_output=True, text=True, check=False)
        assert (done.returncode, version in done.stdout) == (0, True), done.stderr
        assert (hub.data / "secret-keys").read_text("ascii") == KEYS
        assert (hub.data / DATABASE).is_file()
        as_they_were_left(hub.files)
        found = looked_through(hub)
        assert (found["is_enabled"], found["assets"], found["open"]) == (False, 40, 2)
        assert found["writes"] == {"left": NOTHING, "right": NOTHING}


def test_this_version_is_kept():
    """Else the next release could not be tested against it: run `python -m tests.upgrade.keep`."""
    from tallystick import __version__

    assert __version__ in versions()
