"""The calendar: what happens when, series taken apart, and of others' private items and tasks nothing but the time.

Rows P12, P17, P20, P21, P22, P24.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from tallystick.errors import NotAllowed
from tallystick.server.people.actor import actor_of
from tallystick.server.records.agenda import agenda
from tallystick.server.records.domain import actions
from tallystick.server.records.occurrences import days, occurrences

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 11, 23)
SECRET = "Zyxsecret"


def made(actor, type_, **values):
    return actions.create(actor, type_, values).id


def item(actor, subject="Visit", **values):
    times = {"starts_at": "2026-11-23T09:00:00Z", "ends_at": "2026-11-23T10:30:00Z"}
    return made(actor, "calendar_item", subject=subject, **{**times, **values})


def seen(actor, since=DAY, until=DAY, zone=UTC, person=""):
    return agenda(actor, since, until, zone=zone, person=person).entries


@pytest.fixture
def grace(person):
    return actor_of(person("agent", name="Grace"))


# --- what happens when


def test_items_and_tasks_of_a_day_in_the_order_they_happen_P12(actor):
    late = item(actor, "Late", starts_at="2026-11-23T15:00:00Z", ends_at="2026-11-23T16:00:00Z")
    early = item(actor, "Early")
    whole = made(actor, "calendar_item", subject="Fair", starts_on="2026-11-22", ends_on="2026-11-24")
    task = made(actor, "task", subject="Report", due_on="2026-11-23")
    item(actor, "Tomorrow", starts_at="2026-11-24T00:00:00Z", ends_at="2026-11-24T01:00:00Z")
    made(actor, "task", subject="Later", due_on="2026-11-24")
    assert [entry.id for entry in seen(actor)] == [whole, task, early, late]


def test_days_begin_and_end_in_the_readers_zone(actor):
    night = item(actor, starts_at="2026-11-22T23:30:00Z", ends_at="2026-11-23T00:30:00Z")
    (entry,) = seen(actor, zone=BERLIN)
    assert (entry.id, entry.starts_on, entry.ends_on) == (night, DAY, DAY)
    (entry,) = seen(actor)
    assert (entry.starts_on, entry.ends_on) == (date(2026, 11, 22), DAY)


def test_calendar_of_a_person_has_what_is_theirs(actor):
    me, other = made(actor, "person", last_name="Fry"), made(actor, "person", last_name="Patel")
    own = item(actor, owner=me)
    assigned = item(actor, assignees=json.dumps([other, me]))
    item(actor, owner=other)
    assert {entry.id for entry in seen(actor, person=me)} == {own, assigned}


# --- series


def test_series_happens_on_its_days_in_its_zone_over_the_change_of_the_clocks_P17(actor):
    item(
        actor,
        starts_at="2026-10-19T07:00:00Z",
        ends_at="2026-10-19T08:00:00Z",
        zone="Europe/Berlin",
        recurrence="RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261109\nEXDATE;TZID=Europe/Berlin:20261102T090000",
    )
    found = seen(actor, date(2026, 10, 1), date(2026, 12, 31), BERLIN)
    assert [entry.starts_at.astimezone(BERLIN).isoformat() for entry in found] == [
        "2026-10-19T09:00:00+02:00",
        "2026-10-26T09:00:00+01:00",
        "2026-11-09T09:00:00+01:00",
    ]
    assert all(entry.is_series for entry in found)


def test_item_that_stands_for_one_of_a_series_takes_its_place_P17(actor):
    series = item(actor, recurrence="RRULE:FREQ=DAILY;COUNT=3")
    moved = item(
        actor,
        "Moved",
        starts_at="2026-11-24T12:00:00Z",
        ends_at="2026-11-24T13:00:00Z",
        series=series,
        original_at="2026-11-24T09:00:00Z",
    )
    found = seen(actor, DAY, date(2026, 11, 30))
    assert [(entry.id, entry.starts_at.day, entry.starts_at.hour) for entry in found] == [
        (series, 23, 9),
        (moved, 24, 12),
        (series, 25, 9),
    ]


def test_all_day_series_and_recurring_tasks_have_their_days_P17(actor):
    made(
        actor,
        "calendar_item",
        subject="Fair",
        starts_on="2026-11-22",
        ends_on="2026-11-23",
        recurrence="RRULE:FREQ=WEEKLY;UNTIL=20261206T000000Z",
    )
    made(actor, "task", subject="Water", due_on="2026-11-23", recurrence="RRULE:FREQ=DAILY;INTERVAL=3;COUNT=2")
    found = seen(actor, date(2026, 11, 23), date(2026, 12, 31))
    assert [(entry.title, entry.starts_on.isoformat(), entry.ends_on.isoformat()) for entry in found] == [
        ("Fair", "2026-11-22", "2026-11-23"),
        ("Water", "2026-11-23", "2026-11-23"),
        ("Water", "2026-11-26", "2026-11-26"),
        ("Fair", "2026-11-29", "2026-11-30"),
        ("Fair", "2026-12-06", "2026-12-07"),
    ]


def test_series_of_every_second_does_not_hold_the_page_up():
    first = datetime(1990, 1, 1, tzinfo=UTC)
    assert (
        occurrences(
            "RRULE:FREQ=SECONDLY", first, None, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
        )
        == []
    )


def test_rule_that_makes_no_sense_leaves_the_first_one():
    assert days("RRULE:FREQ=SOMETIMES", DAY, DAY, DAY) == [DAY]
    assert days("", DAY, DAY, DAY) == [DAY]


# --- what is private


def test_private_item_of_somebody_else_is_a_time_and_nothing_else_P21(actor, grace):
    account = made(actor, "account", name="Northwind")
    secret = item(actor, SECRET, is_private="true", account=account, place=SECRET)
    (entry,) = seen(grace)
    assert (entry.is_busy, entry.id, entry.title, entry.url) == (True, "", "Busy", "")
    assert (entry.starts_at.hour, entry.ends_at.hour, entry.ends_at.minute) == (9, 10, 30)
    (own,) = seen(actor)
    assert (own.is_busy, own.id, own.title) == (False, secret, SECRET)


def test_private_task_of_somebody_else_has_a_day_and_no_duration_P22(actor, grace):
    made(actor, "task", subject=SECRET, is_private="true", starts_on="2026-11-20", due_on="2026-11-23")
    (entry,) = seen(grace, date(2026, 11, 1), date(2026, 11, 30))
    assert (entry.is_busy, entry.title, entry.starts_on, entry.ends_on) == (True, "Private task", DAY, DAY)
    assert entry.starts_at is None


def test_private_series_is_busy_each_time_and_does_not_tell_that_it_is_one(actor, grace):
    item(actor, SECRET, is_private="true", recurrence="RRULE:FREQ=DAILY;COUNT=2")
    found = seen(grace, DAY, date(2026, 11, 30))
    assert [(entry.is_busy, entry.is_series, entry.id) for entry in found] == [(True, False, "")] * 2


@pytest.mark.parametrize("change", [{"show_as": "free"}, {"status": "cancelled"}])
def test_what_keeps_nobody_busy_is_not_told_P24(actor, grace, change):
    item(actor, SECRET, is_private="true", **change)
    assert seen(grace) == []


def test_assignee_and_owner_see_their_private_items(actor, grace):
    me = made(actor, "person", last_name="Hopper", user=str(grace.person))
    item(actor, SECRET, is_private="true", assignees=json.dumps([me]))
    assert [entry.title for entry in seen(grace, person=me)] == [SECRET]


def test_calendar_wants_a_permission_and_shows_what_it_is_for(actor, actor_with):
    item(actor)
    made(actor, "task", subject="Report", due_on="2026-11-23")
    with pytest.raises(NotAllowed):
        seen(actor_with("records.view_account"))
    assert [entry.type for entry in seen(actor_with("records.view_task", person=99))] == ["task"]


# --- nothing leaks


@pytest.fixture
def private(actor):
    """A private item and task with a secret in every text, of an account, with a note, on the same day."""
    account = made(actor, "account", name="Northwind")
    person = made(actor, "person", last_name="Fry")
    more = {"is_private": "true", "account": account, "owner": person, "body": SECRET, "categories": f'["{SECRET}"]'}
    task = made(actor, "task", subject=SECRET, due_on="2026-11-23", **more)
    event = item(actor, SECRET, place=SECRET, **more)
    made(actor, "note", body=SECRET, task=task)
    actions.update(actor, "task", task, {"subject": f"{SECRET}2"})
    return {"account": account, "person": person, "task": task, "calendar_item": event}


def pages(kind, private):
    listed = reverse("records:list", args=[kind])
    yield from (listed, f"{listed}?q={SECRET}", f"{listed}?account={private['account']}", f"{listed}?is_private=true")
    for sort in ("subject", "number", "changed_at", "starts_at", "due_on"):
        yield f"{listed}?sort={sort}"
        yield f"{listed}?sort=-{sort}"
    yield from (reverse("records:export", args=[kind, form]) for form in ("csv", "jsonl"))
    yield from (f"/records/{kind}/choices/?q={SECRET}", "/records/note/", f"/records/note/?task={private['task']}")
    yield from (f"/records/account/{private['account']}/", f"/records/person/{private['person']}/")
    yield from ("/records/calendar/?month=2026-11&person=all", "/records/calendar/?day=2026-11-23&person=all")
    yield from (f"/records/calendar/?day=2026-11-23&person={private['person']}", f"/search/?q={SECRET}")


@pytest.mark.parametrize("kind", ["task", "calendar_item"])
def test_no_page_tells_more_than_the_time_to_others(private, client_of, kind):
    client = client_of("agent")
    for page in pages(kind, private):
        answer = client.get(page)
        text = b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()
        shown = text
        for echo in (f'value="{SECRET}"', f"q={SECRET}", f"“{SECRET}”", f"task={private['task']}"):
            shown = shown.replace(echo, "")  # what was asked for
        assert SECRET not in shown, page
        assert private[kind] not in shown, page
    for page in ("", "edit/", "history/", "merge/"):
        assert client.get(f"/records/{kind}/{private[kind]}/{page}").status_code == 404
    for act in ("delete", "archive", "restore"):
        assert client.post(f"/records/{kind}/{act}/", {"id": private[kind]}).status_code == 404


@pytest.mark.parametrize(
    ("kind", "sort", "title"), [("calendar_item", "starts_at", "Busy"), ("task", "due_on", "Private task")]
)
def test_list_in_the_order_of_time_shows_the_time_alone(private, client_of, kind, sort, title):
    client = client_of("agent")

    def titles(query):
        return [row["title"] for row in client.get(f"/records/{kind}/?{query}").context["rows"]]

    (row,) = client.get(f"/records/{kind}/?sort={sort}").context["rows"]
    told = {name: str(cell) for name, _title, cell in row["cells"] if str(cell) != "—"}
    assert (row["title"], row["id"], row["url"], list(told)) == (title, "", "", [sort])
    assert titles(f"sort=-{sort}&owner={private['person']}") == [title]
    for query in ("sort=subject", "sort=number", "sort=changed_at", f"sort={sort}&q={SECRET}"):
        assert titles(query) == [], query
    for query in (f"account={private['account']}", "status=open", "status=confirmed", "is_private=true"):
        assert titles(f"sort={sort}&{query}") == [], query


def test_pages_of_a_list_with_busy_ones_bring_each_once(actor, client_of):
    for number in range(60):
        item(
            actor,
            f"I{number}",
            starts_at=f"2026-11-23T{number // 6:02}:{number % 6}0:00Z",
            ends_at=None,
            is_private="true" if number % 2 else "false",
        )
    client = client_of("agent")
    first = client.get("/records/calendar_item/?sort=starts_at").context
    second = client.get(f"/records/calendar_item/?{first['page'].next}").context
    shown = [row["title"] for row in (*first["rows"], *second["rows"])]
    assert len(shown) == 60
    assert shown.count("Busy") == 30


# --- the pages


def test_month_and_day_show_what_happens_and_lead_on(actor, client_of):
    client = client_of("administrator")
    me = actor_of(client.person)
    for number in range(6):
        item(me, f"Visit {number}")
    text = client.get("/records/calendar/?month=2026-11&person=all").content.decode()
    assert "Visit 3" in text
    assert "Visit 5" not in text
    assert "2 more" in text
    assert "?month=2026-12&amp;person=all" in text
    text = client.get("/records/calendar/?day=2026-11-23&person=all").content.decode()
    assert "Visit 5" in text
    assert "?day=2026-11-24&amp;person=all" in text


def test_calendar_begins_with_ones_own(actor, client_of):
    client = client_of("agent", name="Grace")
    me = made(actor, "person", last_name="Hopper", user=str(client.person.pk))
    item(actor, "Mine", owner=me)
    item(actor, "Other")
    text = client.get("/records/calendar/?day=2026-11-23").content.decode()
    assert "Mine" in text
    assert "Other" not in text
    assert client.get("/records/calendar/").context["whose"] == "Hopper"


def test_calendar_of_nonsense_is_this_month_and_says_so(client_of):
    client = client_of("agent")
    for query in ("?month=2026-99", "?day=nonsense", "?month=99999-01", "?day=0001-01-01"):
        assert client.get(f"/records/calendar/{query}").status_code == 200
    answer = client.get("/records/calendar/?person=Nobody")
    assert answer.context["fault"] == "There is no person with this number or name."
    assert client_of("").get("/records/calendar/").status_code == 403


def test_calendar_of_everybody_gathers_what_reads_the_same_and_keeps_times_apart(actor, client_of):
    """P21. A day with dozens of entries stays readable; the day's page has each."""
    for _count in range(7):
        made(actor, "task", subject="Call back", due_on="2026-11-23")
    for hour in ("08", "09"):
        item(actor, "Meeting", starts_at=f"2026-11-23T{hour}:00:00Z", ends_at=f"2026-11-23T{hour}:30:00Z")
    client = client_of("administrator")
    weeks = client.get("/records/calendar/?month=2026-11&person=all").context["weeks"]
    (field,) = [field for week in weeks for field in week if str(field["day"]) == "2026-11-23"]
    lines = sorted((line["entry"].title, line["count"]) for line in field["lines"])
    assert (lines, field["more"]) == ([("Call back", 7), ("Meeting", 1), ("Meeting", 1)], 0)
    day = client.get("/records/calendar/?day=2026-11-23&person=all")
    assert len(day.context["entries"]) == 9
    assert "Call back" in day.content.decode()
