"""Lists and pages of records where very many are alike: the same rows by every way, and no way that reads them all."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tallystick.server.people.actor import actor_of
from tallystick.server.records import lists, pages, related
from tallystick.server.records.domain import actions
from tallystick.server.records.models import Case, InstalledAsset
from tallystick.server.records.record_types import record_type

pytestmark = pytest.mark.django_db
ASSETS, CASES = 200, 300
"""So many assets, with so many cases each: then PostgreSQL takes it for cheaper to read the list of all cases for the
first of one asset than to look those up.
"""
NEW_ID = "lpad(to_hex(n), 8, '0') || substr(id, 9)"
ASSET = f"lpad(to_hex(n % {ASSETS} + 1), 8, '0') || substr(asset_id, 9)"


def section(actor, name, id_, other):
    (found,) = (one for one in related.related(record_type(name), actor, id_) if one.kind.name == other and one.rows)
    return [row.title for row in found.rows], found.count


@pytest.mark.parametrize("counted", [1, 3, 7, 1_000])
def test_newest_of_what_is_related_is_shown_however_many_there_are(actor, monkeypatch, counted):
    monkeypatch.setattr(related, "COUNTED", counted)
    account = actions.create(actor, "account", {"name": "Northwind"})
    actions.create(actor, "account", {"name": "Other"})
    for number in range(7):
        actions.create(actor, "installed_asset", {"name": f"PC {number}", "account": account.id})
    gone = actions.create(actor, "installed_asset", {"name": "Gone", "account": account.id})
    actions.delete(actor, "installed_asset", [gone.id])
    newest = ["PC 6", "PC 5", "PC 4", "PC 3", "PC 2"]
    assert section(actor, "account", account.id, "installed_asset") == (newest, min(7, counted))


@pytest.mark.parametrize("counted", [1, 3, 1_000])
def test_everybody_of_a_company_is_related_by_whatever_tells_it(actor, monkeypatch, counted):
    monkeypatch.setattr(related, "COUNTED", counted)
    one, two = (actions.create(actor, "account", {"name": name}) for name in ("Northwind", "Southwind"))
    for name, account in (("Fry", one), ("Bender", two), ("Leela", one)):
        actions.create(actor, "person", {"last_name": name, "account": account.id})
    actions.create(actor, "person", {"last_name": "Amy", "account": two.id, "companies": '["Southwind","Northwind"]'})
    assert section(actor, "account", one.id, "person") == (["Amy", "Leela", "Fry"], min(3, counted))


@pytest.mark.parametrize("counted", [1, 2, 1_000])
def test_private_tasks_of_others_are_not_related_for_anybody_else(actor, person, monkeypatch, counted):
    monkeypatch.setattr(related, "COUNTED", counted)
    fry = actions.create(actor, "person", {"last_name": "Fry"})
    for number in range(6):
        values = {"subject": f"Task {number}", "assignees": f'["{fry.id}"]', "is_private": str(number < 3).lower()}
        actions.create(actor, "task", values)
    shown = ["Task 5", "Task 4", "Task 3", "Task 2", "Task 1"]
    assert section(actor, "person", fry.id, "task") == (shown, min(6, counted))
    other = actor_of(person("agent"))
    assert section(other, "person", fry.id, "task") == (shown[:3], min(3, counted))


@pytest.mark.parametrize("most", [0, 1, 3, 20_000])
@pytest.mark.parametrize("sort", ["name", "-name", "-changed_at", "serial_number", "-serial_number"])
def test_what_is_narrowed_is_the_same_in_every_order_and_page_sorted_whole_or_not(
    client_of, actor, monkeypatch, most, sort
):
    monkeypatch.setattr(lists, "FEW", most)
    monkeypatch.setattr(lists, "SORTED", most)
    monkeypatch.setattr(pages, "COUNTED", 2)
    monkeypatch.setattr(pages.page_of, "__kwdefaults__", {"size": 2})
    account = actions.create(actor, "account", {"name": "Northwind"})
    serials = ["S3", None, "S1", "S2", None]
    for number, serial in enumerate(serials):
        values = {"name": f"PC {number}", "account": account.id, **({"serial_number": serial} if serial else {})}
        actions.create(actor, "installed_asset", values)
        actions.create(actor, "installed_asset", {"name": f"Other {number}"})
    client = client_of("agent")
    found, query = [], f"account={account.id}&sort={sort}"
    while query:
        page = client.get(f"/records/installed_asset/?{query}").context["page"]
        found += [row.values["name"] for row in page.rows]
        query = page.next
    expected = {
        "name": ["PC 0", "PC 1", "PC 2", "PC 3", "PC 4"],
        "serial_number": ["PC 2", "PC 3", "PC 0", "PC 1", "PC 4"],  # those without one last
        "-serial_number": ["PC 0", "PC 3", "PC 2", "PC 4", "PC 1"],
    }
    expected["-name"] = expected["-changed_at"] = expected["name"][::-1]
    assert found == expected[sort]


def test_no_list_is_read_whole_to_find_nothing_in_it(client_of, actor):
    """PostgreSQL believes that every asset has as many cases as those that have some."""
    asset = actions.create(actor, "installed_asset", {"name": "PC"})
    actions.create(actor, "case", {"subject": "Broken", "asset": asset.id})
    bare = actions.create(actor, "installed_asset", {"name": "PC without cases"})
    if connection.vendor == "postgresql":
        multiply(InstalledAsset, ASSETS, {"id": NEW_ID, "number": "number + n * 2"}, f"id = '{asset.id}'")
        multiply(Case, ASSETS * CASES, {"id": NEW_ID, "number": "number + n", "asset_id": ASSET})
    client = client_of("administrator")
    with CaptureQueriesContext(connection) as captured:
        for page in (f"/records/installed_asset/{bare.id}/", f"/records/case/?asset={bare.id}"):
            assert client.get(page).status_code == 200
    asked = [one["sql"] for one in captured if "records_case" in one["sql"] and f"= '{bare.id}'" in one["sql"]]
    assert asked
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for statement in asked:
                cursor.execute(f"EXPLAIN ANALYZE {statement}")
                plan = "\n".join(row[0] for row in cursor.fetchall())
                assert "Rows Removed by Filter" not in plan, plan


def multiply(model, times, changed, where="true"):
    names = [field.column for field in model._meta.concrete_fields]
    values = ", ".join(changed.get(name, f'"{name}"') for name in names)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(map(connection.ops.quote_name, names))}) "
            f"SELECT {values} FROM {table} CROSS JOIN generate_series(1, {times}) AS n WHERE {where}"
        )
        cursor.execute(f"ANALYZE {table}")
