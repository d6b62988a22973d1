"""Searching records: any part of any word, whatever the index knows of it, and nothing that is not for the reader."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tallystick.server.people.actor import actor_of
from tallystick.server.records import queries, search
from tallystick.server.records.domain import actions
from tallystick.server.records.domain.tables import type_mark
from tallystick.server.records.models import SearchText
from tallystick.server.records.record_types import BY_NAME, record_type
from tallystick.server.state.grams import LENGTH, MOST, grams

pytestmark = pytest.mark.django_db


def called(actor, name, words):
    """The titles of the records found, the older first; the same as a condition and as the first of a list."""
    kind = record_type(name)
    rows = queries.live(kind, actor)
    found = search.matching(rows, kind, words, using=queries.HUB).order_by("number")
    titles = list(found.values_list(kind.title_field, flat=True))
    many = search.matches(rows, kind, words, using=queries.HUB).many
    if many is not None:
        by_id = dict(rows.values_list("pk", kind.title_field))
        assert [by_id[id_] for id_ in many.first(rows.order_by("number"), 50)] == titles
    return titles


WAYS = {
    "looked up": (2_000, 250, 2_000, 0, 9),
    "among the first": (0, 250, 2_000, 0, 9),
    "among the first few": (0, 2, 2_000, 0, 9),
    "sorted": (0, 0, 0, 9, 9),
    "compared": (0, 0, 0, 0, 9),
    "looked through": (0, 0, 2, 0, 0),
}


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def few(request, monkeypatch):
    """Records with the words looked up in the index, or read in their order, as where there are many or very many."""
    for name, value in zip(("FEW", "GLANCED", "LOOKED", "SORTED", "MOST"), request.param, strict=True):
        monkeypatch.setattr(search, name, value)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("mull", ["Müller & Söhne"]),
        ("ÜLLER söh", ["Müller & Söhne"]),
        ("sohne muller", ["Müller & Söhne"]),
        ("&", ["Müller & Söhne", 'A&B "Quoted" OR 100%_x\\y']),
        ("uo", ['A&B "Quoted" OR 100%_x\\y']),
        ('"quoted"', ['A&B "Quoted" OR 100%_x\\y']),
        ("100%_x\\y", ['A&B "Quoted" OR 100%_x\\y']),
        ("100%xx", []),
        ("OR 100%", ['A&B "Quoted" OR 100%_x\\y']),
        ("NOT", []),
        ("лиф", ["Северный Лифт"]),
        ("株式会社", ["株式会社テスト"]),
        ("社テ", ["株式会社テスト"]),
        ("müller лифт", []),
        ("lerxx", []),
        ("a-3", ["Северный Лифт"]),
        ("\x00mull\x00", ["Müller & Söhne"]),
    ],
)
def test_parts_of_words_are_found_in_any_script_and_signs_mean_nothing(actor, few, words, found):
    for name in ("Müller & Söhne", 'A&B "Quoted" OR 100%_x\\y', "Северный Лифт", "株式会社テスト"):
        actions.create(actor, "account", {"name": name})
    actions.create(actor, "person", {"last_name": "Müller"})  # of another type
    assert called(actor, "account", words) == found


def test_what_is_found_follows_every_change(actor, few):
    made = actions.create(actor, "account", {"name": "Harbour Lifts"})
    assert called(actor, "account", "arbou") == ["Harbour Lifts"]
    actions.update(actor, "account", made.id, {"name": "Airport Lifts"})
    assert called(actor, "account", "arbou") == []
    assert called(actor, "account", "airport") == ["Airport Lifts"]
    actions.delete(actor, "account", [made.id])
    assert called(actor, "account", "airport") == []
    actions.restore(actor, "account", [made.id])
    assert called(actor, "account", "airport") == ["Airport Lifts"]


def test_private_tasks_of_others_are_never_found(actor, person, few):
    actions.create(actor, "task", {"subject": "Secret plan", "is_private": "true"})
    actions.create(actor, "task", {"subject": "Open plan"})
    other = actor_of(person("agent"))
    assert called(actor, "task", "plan") == ["Secret plan", "Open plan"]
    assert called(other, "task", "plan") == ["Open plan"]
    assert called(other, "task", "an") == ["Open plan"]
    assert called(other, "task", "secret") == []


def test_very_many_hits_are_counted_as_far_as_they_were_looked_up(client_of, actor, monkeypatch):
    monkeypatch.setattr(search, "FEW", 3)
    for number in range(6):
        actions.create(actor, "account", {"name": f"Lift {number}"})
    page = client_of("agent").get("/records/account/?q=lift&sort=name").context["page"]
    assert [row.values["name"] for row in page.rows] == [f"Lift {number}" for number in range(6)]
    assert (page.count, page.is_more) == (6, True)
    page = client_of("agent").get("/records/account/?q=lift+4").context["page"]
    assert (page.count, page.is_more) == (1, False)


@pytest.mark.parametrize("sort", ["name", "-changed_at", "city", "-city"])
def test_lists_of_a_status_are_whole_in_every_order(client_of, actor, few, sort):
    for number, status in enumerate(["active", "inactive", "active", "prospect", "active"]):
        city = {"city": f"Town {9 - number}"} if number != 2 else {}
        actions.create(actor, "account", {"name": f"Lift {number}", "status": status, **city})
    page = client_of("agent").get(f"/records/account/?q=lift&status=active&sort={sort}").context["page"]
    names = [row.values["name"] for row in page.rows]
    expected = {
        "name": ["Lift 0", "Lift 2", "Lift 4"],
        "-changed_at": ["Lift 4", "Lift 2", "Lift 0"],
        "city": ["Lift 4", "Lift 0", "Lift 2"],  # the one without a city last, or first
        "-city": ["Lift 0", "Lift 4", "Lift 2"],
    }
    assert names == expected[sort]


def test_an_export_of_what_was_searched_has_nothing_else(client_of, actor, few):
    for name in ("Crane", "Lift 1", "Tower", "Lift 2"):
        actions.create(actor, "account", {"name": name})
    text = b"".join(client_of("administrator").get("/records/account/export.jsonl?q=lift").streaming_content).decode()
    assert sorted(json.loads(line)["name"] for line in text.splitlines()) == ["Lift 1", "Lift 2"]


def test_a_status_is_counted_by_its_index_whatever_the_order(client_of, actor):
    for number, status in enumerate(["active", "inactive", "active"]):
        actions.create(actor, "account", {"name": f"Lift {number}", "status": status})
    client = client_of("agent")
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/records/account/?status=active&sort=-changed_at").context["page"]
    assert (page.count, page.is_more) == (2, False)
    (count,) = (one["sql"] for one in captured if "COUNT" in one["sql"] and "records_account" in one["sql"])
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {count}")
            assert "INDEX account_status (status=?)" in str(cursor.fetchall())


def test_a_glance_shows_the_newest_of_what_was_looked_up_and_short_words_in_the_newest(client_of, actor, monkeypatch):
    monkeypatch.setattr(search, "NEWEST", 2)
    monkeypatch.setattr(search, "FEW", 3)
    for name in ("Xy one", "Xy two", "Xy three", "Other"):
        actions.create(actor, "account", {"name": name})
    actions.create(actor, "task", {"subject": "Xy secret", "is_private": "true"})
    shown = client_of("agent").get("/search/?q=xy").content.decode()
    assert [name in shown for name in ("Xy one", "Xy three", "Xy secret")] == [False, True, False]
    shown = client_of("agent").get("/search/?q=one").content.decode()
    assert "Xy one" in shown
    choices = client_of("agent").get("/records/account/choices/?q=").json()["choices"]
    assert len(choices) == 4


def test_a_search_reads_the_index_and_not_the_texts(actor):
    actions.create(actor, "account", {"name": "Lift"})
    kind = record_type("account")
    with CaptureQueriesContext(connection) as captured:
        assert len(search.matching(queries.live(kind, actor), kind, "lift", using=queries.HUB)) == 1
    asked = [one["sql"] for one in captured.captured_queries]
    assert len(asked) == 2
    assert "MATCH" in asked[0] or "tallystick_grams" in asked[0]
    assert "searchtext" not in asked[1].lower()


def _first(actor, words, count):
    """What the first accounts by name with the words are called, and what was asked for them."""
    kind = record_type("account")
    rows = queries.live(kind, actor)
    many = search.matches(rows, kind, words, using=queries.HUB).many
    with CaptureQueriesContext(connection) as captured:
        ids = many.first(rows.order_by("name", "id"), count)
    by_id = dict(rows.values_list("pk", "name"))
    return [by_id[id_] for id_ in ids], [one["sql"] for one in captured.captured_queries]


def _is_collecting(asked):
    return any("MATCH" in one or "tallystick_grams" in one for one in asked)


def test_a_frequent_word_is_looked_for_at_the_beginning_of_the_list_and_its_hits_are_not_collected(actor, monkeypatch):
    monkeypatch.setattr(search, "FEW", 3)
    monkeypatch.setattr(search, "LOOKED", 4)
    for number in range(8):
        actions.create(actor, "account", {"name": f"{number} {'Lift' if number else 'Crane'}"})
    assert _first(actor, "lift", 3)[0] == ["1 Lift", "2 Lift", "3 Lift"]
    _, asked = _first(actor, "lift", 3)
    assert len(asked) == 2
    assert not _is_collecting(asked)
    found, asked = _first(actor, "lift", 5)  # more than stand there
    assert found == [f"{number} Lift" for number in range(1, 6)]
    assert _is_collecting(asked)


@pytest.mark.parametrize("most_sorted", [0, 9])
def test_hits_far_behind_the_beginning_are_visited_once_and_the_list_is_read_without_their_texts(
    actor, monkeypatch, most_sorted
):
    monkeypatch.setattr(search, "FEW", 1)
    monkeypatch.setattr(search, "LOOKED", 2)
    monkeypatch.setattr(search, "SORTED", most_sorted)
    for name in ("A", "B", "C", "D lift", "E", "F lift"):
        actions.create(actor, "account", {"name": name})
    found, asked = _first(actor, "lift", 2)
    assert found == ["D lift", "F lift"]
    assert [_is_collecting([one]) for one in asked] == [
        False,
        False,
        True,
        False,
    ]  # the list, its texts, all hits, the list
    assert "searchtext" not in asked[-1]
    assert not any("BEGIN" in one or "SAVEPOINT" in one for one in asked)  # it would wait for whoever writes


def test_more_hits_than_can_be_compared_are_found_by_their_texts(actor, monkeypatch):
    for name, value in (("FEW", 1), ("LOOKED", 2), ("SORTED", 0), ("MOST", 2)):
        monkeypatch.setattr(search, name, value)
    for number in range(5):
        actions.create(actor, "account", {"name": f"{number} {'Lift' if number > 1 else 'Crane'}"})
    found, asked = _first(actor, "lift", 3)
    assert found == ["2 Lift", "3 Lift", "4 Lift"]
    assert "EXISTS" in asked[-1]


def test_a_glance_asks_two_things_and_counts_nothing(actor, monkeypatch):
    monkeypatch.setattr(search, "FEW", 1)
    for number in range(3):
        actions.create(actor, "account", {"name": f"Lift {number}"})
    kind = record_type("account")
    with CaptureQueriesContext(connection) as captured:
        assert len(search.glanced(queries.live(kind, actor), kind, "lift", using=queries.HUB)) == 2
    asked = [one["sql"] for one in captured.captured_queries]
    assert len(asked) == 2
    assert "COUNT" not in "".join(asked)


def test_texts_begin_with_the_mark_of_their_type(actor):
    actions.create(actor, "account", {"name": "Lift"})
    assert SearchText.objects.get(record_type="account").text == f"{type_mark('account')}\nlift"
    assert {len(type_mark(name)) for name in BY_NAME} == {LENGTH}


def test_threes_of_words_are_bounded():
    assert grams(["ab", "abcd", "bcde"]) == ["abc", "bcd", "cde"]
    assert len(grams(["".join(map(chr, range(100, 200)))])) == MOST
