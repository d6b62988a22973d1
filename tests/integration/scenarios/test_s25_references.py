"""S25: records are deleted and a run is undone over tables that refer to each other, in databases that check it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.scenarios.office import Office

FILE = """\
integration: assets
systems:
  crm: {connector: sql, url: 'sqlite:///crm.db'}
  register: {connector: sql, url: 'sqlite:///register.db'}
flows:
  - flow: makers
    left: {system: crm, record: maker}
    right: {system: register, record: vendor}
    guards: {delete: none, shrink: none}
    fields:
      - {left: name, right: label}
  - flow: assets
    left: {system: crm, record: asset}
    right: {system: register, record: device}
    guards: {delete: none, shrink: none}
    fields:
      - {left: tag, right: tag}
      - {left: maker, right: vendor, ref: makers}
      - {left: part_of, right: parent, ref: assets}
"""
MAKER = "CREATE TABLE {0} (id INTEGER PRIMARY KEY AUTOINCREMENT, {1} TEXT NOT NULL)"
ASSET = (
    "CREATE TABLE {0} (id INTEGER PRIMARY KEY AUTOINCREMENT, tag TEXT NOT NULL,"
    " {1} INTEGER NOT NULL REFERENCES {2} (id), {3} INTEGER REFERENCES {0} (id))"
)
HELD = (
    "SELECT d.tag, v.label, p.tag FROM device d LEFT JOIN vendor v ON v.id = d.vendor"
    " LEFT JOIN device p ON p.id = d.parent ORDER BY 1"
)
WHOLE = [
    ("a1", "Acme", None),
    ("a2", "Acme", "a1"),
    ("a3", "Bolt", "a2"),
    ("a4", "Bolt", "a1"),
    ("a5", "Core", None),
]


@pytest.fixture
def assets(office: Office) -> Office:
    office.database("crm", MAKER.format("maker", "name"), ASSET.format("asset", "maker", "maker", "part_of"))
    office.database("register", MAKER.format("vendor", "label"), ASSET.format("device", "vendor", "vendor", "parent"))
    office.many("crm", "INSERT INTO maker VALUES (?, ?)", [(11, "Acme"), (12, "Bolt"), (13, "Core")])
    office.many(
        "crm",
        "INSERT INTO asset VALUES (?, ?, ?, ?)",
        [(21, "a1", 11, None), (22, "a2", 11, 21), (23, "a3", 12, 22), (24, "a4", 12, 21), (25, "a5", 13, None)],
    )
    office.sql("register", "INSERT INTO vendor VALUES (500, 'of before')")  # ids of the two differ
    office.sql("register", "DELETE FROM vendor")
    office.write(FILE)
    office.sync()
    assert office.sql("register", HELD) == WHOLE
    return office


def synced(office: Office) -> str:
    return str(office.sync()["run"])


def planned_and_applied(office: Office) -> str:
    assert office("plan", office.file, "--out", "plan.json").code == 0
    said = office("apply", "plan.json", "--json")
    assert (said.code, said.json["refused"]) == (0, []), (said.out, said.err)
    return str(said.json["run"])


def worked(office: Office) -> str:
    office.edit("  - flow: makers\n", "  - flow: makers\n    schedule: every 30 days\n")
    office.edit("  - flow: assets\n", "  - flow: assets\n    schedule: every 30 days\n")
    said = office.apart("worker", office.file, "--once", "--json")
    (run,) = [event for line in said.out.splitlines() if (event := json.loads(line))["event"] == "run"]
    assert (said.code, run["status"]) == (0, "done"), (said.out, said.err)
    return str(run["run"])


@pytest.mark.parametrize("makers", [(), (11, 12)])
@pytest.mark.parametrize("way", [synced, planned_and_applied, pytest.param(worked, marks=pytest.mark.slow)])
def test_deletions_go_and_come_back_in_the_order_of_references_E26_E33_S25(
    assets: Office, makers: tuple[int, ...], way: Callable[[Office], str]
):
    """What refers to others is deleted before them, over both tables, and put back after them."""
    for number in (24, 23, 22, 21):
        assets.sql("crm", "DELETE FROM asset WHERE id = ?", number)
    for number in makers:
        assets.sql("crm", "DELETE FROM maker WHERE id = ?", number)
    before = assets.sql("register", "SELECT id, tag FROM device ORDER BY 1")
    run = way(assets)
    assert assets.sql("register", HELD) == WHOLE[4:]
    assert len(assets.rows("register", "vendor")) == 3 - len(makers)
    assert assets.reviews() == []
    said = assets("undo", run, "--json")
    assert said.code == 0, (said.out, said.err)
    assert assets.sql("register", HELD) == WHOLE
    assert said.json["left"] == []
    assert assets.sql("register", "SELECT id, tag FROM device ORDER BY 1") == before, "by the ids they had"
    assert violations(assets) == []
    assets.is_settled()
    assert assets.sql("register", HELD) == WHOLE


def violations(office: Office) -> list[tuple[Any, ...]]:
    return office.sql("register", "PRAGMA foreign_key_check")


CIRCLE = FILE.replace(
    "      - {left: name, right: label}\n",
    "      - {left: name, right: label}\n      - {left: main, right: flagship, ref: assets}\n",
)
FLAGSHIPS = "SELECT v.label, d.tag FROM vendor v LEFT JOIN device d ON d.id = v.flagship ORDER BY 1"


def applied_and_synced(office: Office) -> None:
    """What a plan leaves out of a circle, the next run sets."""
    planned_and_applied(office)
    synced(office)


@pytest.mark.parametrize("way", [synced, applied_and_synced, pytest.param(worked, marks=pytest.mark.slow)])
def test_flows_that_refer_to_each_other_are_in_agreement_after_one_run_E26(
    office: Office, way: Callable[[Office], object]
):
    """Every maker has a main asset, and every asset a maker."""
    named = {"crm": ("maker", "name", "main", "asset"), "register": ("vendor", "label", "flagship", "device")}
    for database, (table, name, main, asset) in named.items():
        office.database(database, MAKER.format(table, f"{main} INTEGER REFERENCES {asset} (id), {name}"))
    office.sql("crm", ASSET.format("asset", "maker", "maker", "part_of"))
    office.sql("register", ASSET.format("device", "vendor", "vendor", "parent").replace(" NOT NULL REF", " REF"))
    makers = [(number, 100 + number, f"M{number:03}") for number in range(50)]
    office.many("crm", "INSERT INTO maker VALUES (?, ?, ?)", makers)
    office.many("crm", "INSERT INTO asset VALUES (?, ?, ?, NULL)", [(100 + n, f"a{n:03}", n) for n in range(50)])
    office.write(CIRCLE)
    way(office)
    assert office.sql("register", FLAGSHIPS) == [(f"M{n:03}", f"a{n:03}") for n in range(50)]
    assert office.sql("register", HELD) == [(f"a{n:03}", f"M{n:03}", None) for n in range(50)]
    assert office.reviews() == []
    office.is_settled()
