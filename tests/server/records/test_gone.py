"""Deleted objects: every type on one page, found by words, type, person and day, and brought back many at once. P27."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from tallystick.server.people.actor import actor_of
from tallystick.server.records import gone
from tallystick.server.records.domain import actions, merging, returning
from tallystick.server.records.models import Account, Team
from tallystick.server.records.record_types import record_type

pytestmark = pytest.mark.django_db
PAGE = "/records/deleted/"


def made(actor, type_, **values):
    return actions.create(actor, type_, values).id


def titles(client, query=""):
    return [row.title for row, _why, _tone in client.get(PAGE + query).context["rows"]]


@pytest.fixture
def bin_(actor, person):
    """One deleted, one archived, one merged; of two people."""
    grace = actor_of(person("agent", name="Grace Hopper"))
    account = made(actor, "account", name="Müller GmbH")
    actions.delete(grace, "account", [account])
    asset = made(actor, "product", name="Pump")
    actions.archive(actor, "product", [asset])
    one, other = made(actor, "team", name="Red"), made(actor, "team", name="Rot")
    merging.merge(actor, "team", one, other)
    return {"account": account, "product": asset, "team": other}


def test_page_shows_every_type_the_last_first_and_is_narrowed(bin_, client_of):
    client = client_of("administrator")
    assert titles(client) == ["Rot", "Pump", "Müller GmbH"]
    assert titles(client, "?type=account") == ["Müller GmbH"]
    assert titles(client, "?why=archived") == ["Pump"]
    assert titles(client, "?by=hopper") == ["Müller GmbH"]
    assert titles(client, "?q=MULLER") == ["Müller GmbH"]
    assert titles(client, "?q=TEAM-2") == ["Rot"]
    assert titles(client, "?type=nonsense&why=nonsense&since=nonsense&after=nonsense") == ["Rot", "Pump", "Müller GmbH"]


def test_days_are_the_readers(actor, client_of):
    """Half past eleven at night in London is the next day in Berlin."""
    account = made(actor, "account", name="A")
    actions.delete(actor, "account", [account])
    Account.objects.filter(pk=account).update(gone_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    berlin = client_of("administrator", time_zone="Europe/Berlin")
    assert titles(berlin, "?since=2026-07-02&until=2026-07-02") == ["A"]
    assert titles(berlin, "?until=2026-07-01") == []
    assert titles(client_of("administrator"), "?until=2026-07-01") == ["A"]


def test_pages_bring_everything_once_forwards_and_back(actor, client_of):
    teams = [made(actor, "team", name=f"T{number:03}") for number in range(70)]
    products = [made(actor, "product", name=f"P{number:03}") for number in range(60)]
    actions.delete(actor, "team", teams)
    actions.delete(actor, "product", products)
    client = client_of("administrator")
    pages, query = [], "q="
    while query:
        page = client.get(f"{PAGE}?{query}").context["page"]
        pages.append([row.id for row in page.rows])
        query = page.next
    assert [len(page) for page in pages] == [50, 50, 30]
    assert {id_ for page in pages for id_ in page} == {*teams, *products}
    first = client.get(PAGE).context["page"]
    second = client.get(f"{PAGE}?{first.next}").context["page"]
    assert [row.id for row in client.get(f"{PAGE}?{second.previous}").context["page"].rows] == pages[0]


def test_queries_of_the_page_do_not_grow_with_its_rows(actor, client_of):
    client = client_of("administrator")
    asked = []
    for more in (2, 58):
        actions.delete(actor, "team", [made(actor, "team", name=f"T{more}-{number:03}") for number in range(more)])
        client.get(PAGE)
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE)
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_chosen_records_of_several_types_come_back_with_what_was_merged_P27(bin_, client_of):
    client = client_of("administrator")
    answer = client.post(
        f"{PAGE}back/", {"id": [f"{name}:{id_}" for name, id_ in bin_.items()], "query": "why="}, follow=True
    )
    assert [str(message) for message in answer.context["messages"]] == ["3 records restored."]
    for name, id_ in bin_.items():
        assert actions.current(record_type(name), id_).is_live
    assert titles(client) == []


def test_everything_that_fits_comes_back_at_once_and_the_rest_stays(actor, client_of):
    teams = [made(actor, "team", name=f"T{number:03}") for number in range(60)]
    actions.delete(actor, "team", teams)
    actions.delete(actor, "product", [made(actor, "product", name="P")])
    client = client_of("administrator")
    client.post(f"{PAGE}back/", {"all": "1", "query": "type=team"})
    assert Team.objects.filter(gone_at=None).count() == 60
    assert titles(client) == ["P"]


def test_what_cannot_come_back_is_told_by_name_and_the_others_do(actor):
    first, second = made(actor, "team", name="Red"), made(actor, "team", name="Blue")
    actions.delete(actor, "team", [first, second])
    made(actor, "team", name="Red")
    found = returning.bring_back(actor, {"team": [first, second]})
    assert (found.done, found.refused) == (
        {"team": (second,)},
        ("TEAM-1: There is one with this already (Name).",),
    )


def test_nothing_chosen_is_told(client_of):
    answer = client_of("administrator").post(f"{PAGE}back/", {"id": ["nonsense", "ship:1"]}, follow=True)
    assert [str(message) for message in answer.context["messages"]] == ["Nothing was chosen."]


def test_person_sees_types_they_may_restore_and_no_private_tasks_of_others(actor, client_of):
    actions.delete(actor, "task", [made(actor, "task", subject="Secret", is_private="true")])
    actions.delete(actor, "task", [made(actor, "task", subject="Open")])
    actions.delete(actor, "team", [made(actor, "team", name="Red")])
    agent = client_of("agent")
    assert titles(agent) == ["Open"]
    assert titles(agent, "?type=team") == []
    assert titles(agent, "?q=secret") == []
    assert client_of("read-only").get(PAGE).status_code == 403


def test_ids_of_everything_stop_at_a_limit(actor):
    ids = [made(actor, "team", name=f"T{number}") for number in range(5)]
    actions.delete(actor, "team", ids)
    wanted = gone.wanted_of(actor, QueryDict(""))
    assert gone.ids_of(actor, wanted, most=2) == {"team": sorted(ids, reverse=True)[:2]}
    assert wanted.since is None
    assert gone.wanted_of(actor, QueryDict("since=2026-11-22")).since == date(2026, 11, 22)
