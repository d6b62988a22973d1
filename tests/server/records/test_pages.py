"""Pages of records: one recipe for every type, rights, pinned queries, text that stays text."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.db import connection, connections
from django.urls import reverse

from tallystick.model.flow import Scope
from tallystick.model.link import Link, LinkEnd
from tallystick.runs.world import TimeIds
from tallystick.server.people.actor import actor_of
from tallystick.server.records.domain import actions, importing
from tallystick.server.records.domain.steps import Author, Doing, Step
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.domain.write import carry_out
from tallystick.server.records.models import Account, Employment, Numbering, Person, Relation, SearchText
from tallystick.server.records.record_types import BY_NAME, RECORD_TYPES, record_type
from tallystick.server.records.samples import Sizes, fill
from tallystick.server.state.address import Address
from tallystick.server.state.database import Database
from tallystick.server.state.kept import DatabaseStore

pytestmark = pytest.mark.django_db
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7|add:7 }}{% now %}"
LIST_QUERIES = 14
"""Session, user, permissions, what the menu counts, code sets now and then, the count, the page, whose private ones are
busy, and one for each type it refers to.
"""


def example(actor, kind):
    """A record of this type with every text it can have."""
    values = {}
    for name in kind.written:
        field = kind.fields[name]
        if field.codes is None and field.refers_to is None and field.type == "text" and name not in ("user", "zone"):
            values[name] = EVIL if (field.limit or 999) >= len(EVIL) else "<b>x"[: field.limit]
        elif field.type == "list" and field.codes is None and field.refers_to is None:
            values[name] = json.dumps([EVIL], separators=(",", ":"))
        elif field.is_required and not field.column.has_default():
            if field.refers_to is not None:
                values[name] = example(actor, BY_NAME[field.refers_to]).id
            elif field.codes is not None:
                values[name] = field.codes.codes[0]
    values.pop("recurrence", None)
    if kind.name == "calendar_item":
        values["starts_at"] = "2026-11-22T09:30:00Z"
    if kind.name == "note":
        values["account"] = actions.create(actor, "account", {"name": EVIL}).id
    return actions.create(actor, kind.name, values)


# --- the recipe


@pytest.mark.parametrize("kind", RECORD_TYPES, ids=lambda kind: kind.name)
def test_every_type_has_list_form_detail_history_import_and_export_and_shows_text_as_text(actor, client_of, kind):
    made = example(actor, kind)
    client = client_of("administrator")
    pages = [
        reverse("records:list", args=[kind.name]),
        reverse("records:detail", args=[kind.name, made.id]),
        reverse("records:edit", args=[kind.name, made.id]),
        reverse("records:history", args=[kind.name, made.id]),
        reverse("records:new", args=[kind.name]),
        reverse("records:import", args=[kind.name]),
        reverse("records:deleted") + f"?type={kind.name}",
    ]
    export = client.get(reverse("records:export", args=[kind.name, "csv"]))
    assert record_type(kind.name).called(made.number) in b"".join(export.streaming_content).decode()
    for page in pages:
        if "deleted" in page:
            assert actions.delete(actor, kind.name, [made.id]).done == (made.id,)
        answer = client.get(page)
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert "<script>alert" not in text, page
        assert "<img src=x" not in text, page
        assert ">14<" not in text, page


@pytest.mark.parametrize("kind", RECORD_TYPES, ids=lambda kind: kind.name)
def test_every_page_wants_its_permission(actor, client_of, kind):
    made = example(actor, kind)
    nobody, reader = client_of(""), client_of("read-only")
    seen = [
        reverse("records:list", args=[kind.name]),
        reverse("records:detail", args=[kind.name, made.id]),
        reverse("records:history", args=[kind.name, made.id]),
        reverse("records:choices", args=[kind.name]),
        reverse("records:export", args=[kind.name, "jsonl"]),
    ]
    assert [nobody.get(page).status_code for page in seen] == [403] * len(seen)
    assert [reader.get(page).status_code for page in seen] == [200] * len(seen)
    written = [
        reverse("records:new", args=[kind.name]),
        reverse("records:edit", args=[kind.name, made.id]),
        reverse("records:import", args=[kind.name]),
    ]
    assert [reader.get(page).status_code for page in written] == [403] * len(written)
    for page in (reverse("records:delete", args=[kind.name]), reverse("records:restore", args=[kind.name])):
        assert reader.post(page, {"id": made.id}).status_code == 403
    assert kind.model._default_manager.get(pk=made.id).gone_at is None


def test_type_or_record_that_is_not_there_is_not_found(client_of):
    client = client_of("administrator")
    for page in ("/records/spaceship/", "/records/account/0123/", "/records/account/0123/edit/"):
        assert client.get(page).status_code == 404


# --- lists


def test_list_is_searched_narrowed_sorted_and_the_sort_is_kept(actor, client_of):
    for name, status in (("Müller GmbH", "active"), ("Zeta", "inactive"), ("Acme", "active")):
        actions.create(actor, "account", {"name": name, "status": status})
    client = client_of("agent")

    def titles(query):
        return [row["title"] for row in client.get(f"/records/account/{query}").context["rows"]]

    assert titles("") == ["Acme", "Müller GmbH", "Zeta"]
    assert titles("?q=MULLER") == ["Müller GmbH"]
    assert titles("?q=A-2") == ["Zeta"]
    assert titles("?status=active") == ["Acme", "Müller GmbH"]
    assert titles("?sort=-name") == ["Zeta", "Müller GmbH", "Acme"]
    assert titles("") == ["Zeta", "Müller GmbH", "Acme"]
    assert titles("?status=nonsense&sort=nonsense&after=xyz") == []


@pytest.mark.parametrize("sort", ["city", "-city", "name", "-number"])
def test_pages_bring_every_record_once_forwards_and_back(actor, client_of, sort):
    steps = [{"name": f"A {number:03}", "city": f"C {number % 7}" if number % 3 else None} for number in range(130)]
    for values in steps:
        actions.create(actor, "account", values)
    client = client_of("agent")
    pages, query = [], f"sort={sort}"
    while query:
        page = client.get(f"/records/account/?{query}").context["page"]
        pages.append([row.id for row in page.rows])
        query = page.next
    assert [len(page) for page in pages] == [50, 50, 30]
    assert len({id_ for page in pages for id_ in page}) == 130
    last = client.get(f"/records/account/?sort={sort}").context["page"]
    second = client.get(f"/records/account/?{last.next}").context["page"]
    back = client.get(f"/records/account/?{second.previous}").context["page"]
    assert [row.id for row in back.rows] == pages[0]


def test_queries_of_a_list_do_not_grow_with_its_rows(client_of, django_assert_max_num_queries):
    fill(Sizes(accounts=8, people=70, assets=80))
    client = client_of("administrator")
    for name in BY_NAME:
        client.get(f"/records/{name}/")
        with django_assert_max_num_queries(LIST_QUERIES):
            client.get(f"/records/{name}/")


def test_bulk_delete_is_told_and_undone(actor, client_of):
    ids = [actions.create(actor, "team", {"name": f"T{number}"}).id for number in range(3)]
    client = client_of("administrator")
    answer = client.post("/records/team/delete/", {"id": ids[:2], "query": "sort=-name"}, follow=True)
    assert answer.redirect_chain == [("/records/team/?sort=-name", 302)]
    (message,) = answer.context["messages"]
    assert str(message) == "2 records deleted."
    undo = next(tag for tag in message.extra_tags.split() if tag.startswith("undo=")).removeprefix("undo=")
    assert client.post(undo).status_code == 302
    assert record_type("team").model._default_manager.filter(gone_at=None).count() == 3
    client.post(undo)
    assert record_type("team").model._default_manager.filter(gone_at=None).count() == 3


def test_export_is_safe_in_a_spreadsheet_and_comes_back_as_it_was(actor, client_of):
    made = actions.create(actor, "account", {"name": "=1+1", "phone": "+49 30 1", "categories": '["a","b"]'})
    client = client_of("administrator")
    text = b"".join(client.get("/records/account/export.csv").streaming_content).decode("utf-8-sig")
    assert "'=1+1" in text
    assert ",=1+1" not in text
    actions.update(actor, "account", made.id, {"name": "other", "phone": None, "categories": None})
    me = actor_of(client.person)
    upload = importing.go_on(me, importing.receive(me, "account", "accounts.csv", text))
    assert (upload.updated, upload.created, upload.refused) == (1, 0, 0)
    now = actions.current(record_type("account"), made.id).values
    assert (now["name"], now["phone"], now["categories"]) == ("=1+1", "+49 30 1", '["a","b"]')


# --- one record


def test_form_saves_what_was_changed_and_nothing_else(actor, client_of):
    account = actions.create(actor, "account", {"name": "Northwind", "note": "a\r\nb", "city": ""})
    client = client_of("agent")
    form = client.get(f"/records/account/{account.id}/edit/").context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    answer = client.post(f"/records/account/{account.id}/edit/", {**data, "version": "1", "phone": "12"})
    assert answer.status_code == 302
    saved = Account.objects.get(pk=account.id)
    assert (saved.phone, saved.note, saved.city, saved.version) == ("12", "a\r\nb", "", 2)


def test_form_of_two_people_shows_both_versions_and_keeps_what_was_typed(actor, client_of):
    account = actions.create(actor, "account", {"name": "Northwind", "city": "Leeds"})
    client = client_of("agent")
    page = f"/records/account/{account.id}/edit/"
    data = {"name": "Northwind", "status": "active", "city": "Hull", "phone": "77", "version": "1"}
    actions.update(actor, "account", account.id, {"city": "York", "fax": "5"})
    answer = client.post(page, data)
    assert answer.status_code == 409
    (clash,) = answer.context["clashes"]
    assert (clash["before"], clash["theirs"], clash["mine"]) == ("Leeds", "York", "Hull")
    form = answer.context["form"]
    assert (form["city"].value(), form["phone"].value(), form["fax"].value()) == ("Hull", "77", "5")
    assert answer.context["version"] == 2
    data |= {"version": "2", "keep-city": "theirs", "fax": "5"}
    assert client.post(page, data).status_code == 302
    saved = Account.objects.get(pk=account.id)
    assert (saved.city, saved.phone, saved.fax) == ("York", "77", "5")


def test_refused_values_stand_at_their_fields(client_of):
    client = client_of("agent")
    answer = client.post("/records/account/new/", {"name": " ", "status": "active", "parent": "A-99"})
    assert answer.status_code == 422
    assert answer.context["form"].errors["parent"] == ["Parent account: there is no account with this number or name."]
    answer = client.post("/records/account/new/", {"name": " ", "status": "active"})
    assert answer.context["form"].errors["name"] == ["Name needs a value."]


def test_reference_is_taken_by_number_name_and_id(actor, client_of):
    account = actions.create(actor, "account", {"name": "Northwind"})
    client = client_of("agent")
    for number, given in enumerate(("A-1", "Northwind", account.id)):
        data = {"last_name": f"P{number}", "account": given, "is_active": "on"}
        assert client.post("/records/person/new/", data).status_code == 302
    assert set(Person.objects.values_list("account", flat=True)) == {account.id}


def test_moment_is_entered_and_shown_in_the_readers_zone(client_of):
    client = client_of("agent", time_zone="Europe/Berlin")
    data = {"subject": "Visit", "status": "confirmed", "show_as": "busy", "starts_at": "2026-07-01T09:30"}
    client.post("/records/calendar_item/new/", data)
    (item,) = record_type("calendar_item").model._default_manager.all()
    assert item.starts_at.isoformat() == "2026-07-01T07:30:00+00:00"
    form = client.get(f"/records/calendar_item/{item.pk}/edit/").context["form"]
    assert form["starts_at"].value() == "2026-07-01T09:30"


def test_360_page_shows_everything_related_and_leaves_out_what_is_private(actor, client_of):
    account = actions.create(actor, "account", {"name": "Northwind"})
    person = actions.create(actor, "person", {"last_name": "Fry", "account": account.id})
    asset = actions.create(actor, "installed_asset", {"name": "PC 7", "account": account.id, "person": person.id})
    case = actions.create(actor, "case", {"subject": "Broken", "account": account.id, "asset": asset.id})
    actions.create(actor, "task", {"subject": "Secret task", "account": account.id, "is_private": "true"})
    actions.create(actor, "task", {"subject": "Open task", "account": account.id})
    client = client_of("agent")
    text = client.get(f"/records/account/{account.id}/").content.decode()
    for shown in ("Fry", "PC 7", "Broken", "Open task", "Main", "Not linked with any other system."):
        assert shown in text
    assert "Secret task" not in text
    assert "Broken" in client.get(f"/records/installed_asset/{asset.id}/").content.decode()
    assert "PC 7" in client.get(f"/records/person/{person.id}/").content.decode()
    assert client.get(f"/records/case/{case.id}/").status_code == 200


def test_360_page_names_links_to_other_systems(actor, client_of):
    account = actions.create(actor, "account", {"name": "Northwind"})
    address = Address(settings=connections.settings["default"], title="of the tests", file=None)
    store = DatabaseStore(Database(address))
    ends = {"left": LinkEnd(id=account.id, fingerprint=1), "right": LinkEnd(id="ORG-77", fingerprint=1)}
    store.replace_links(Scope(integration="rmm", flow="organisations"), [Link(number=0, **ends)])
    text = client_of("agent").get(f"/records/account/{account.id}/").content.decode()
    assert "rmm · organisations" in text
    assert "ORG-77" in text


def test_history_page_shows_before_and_after(actor, client_of):
    account = actions.create(actor, "account", {"name": "Northwind", "city": "Leeds"})
    actions.update(actor, "account", account.id, {"city": "York"})
    text = client_of("read-only").get(f"/records/account/{account.id}/history/").content.decode()
    assert "<del>" in text
    assert "Ada Byron" in text


def test_history_leads_to_the_run_that_wrote(client_of):
    run = "0192f0c0ffee0192f0c0ffee0192f0c0"
    place = Place(using="default", now=datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    author = Author(by="Tallystick", via=f"run {run}", run=run)
    step = Step(doing=Doing.CREATE, values={"name": "Pump"})
    (done,) = carry_out(record_type("installed_asset"), [step], author, place, new_id=TimeIds().new)
    text = client_of("agent").get(f"/records/installed_asset/{done.id}/history/").content.decode()
    assert f'href="/runs/{run}/"' in text


def test_choices_find_records_for_a_reference(actor, client_of):
    actions.create(actor, "account", {"name": "Müller"})
    actions.create(actor, "account", {"name": "Other"})
    (hit,) = client_of("agent").get("/records/account/choices/?q=mull").json()["choices"]
    assert (hit["title"], hit["called"]) == ("Müller", "A-1")


def test_queries_of_a_360_page_do_not_grow_with_what_is_related(client_of, django_assert_max_num_queries):
    fill(Sizes(accounts=3, people=90, assets=120))
    client = client_of("administrator")
    for name, most in (("account", 50), ("person", 50), ("installed_asset", 35)):
        id_ = BY_NAME[name].model._default_manager.order_by("number").values_list("pk", flat=True)[0]
        client.get(f"/records/{name}/{id_}/")
        with django_assert_max_num_queries(most):
            client.get(f"/records/{name}/{id_}/")


def test_pages_speak_russian(actor, client_of):
    actions.create(actor, "account", {"name": "Северный Лифт"})
    client = client_of("agent", language="ru")
    text = client.get("/records/account/?q=ЛИФТ").content.decode()
    for shown in ("Клиенты", "Действует", "Северный Лифт", "Состояние"):
        assert shown in text
    refused = client.post("/records/account/new/", {"name": "", "status": "active"})
    assert refused.context["form"].errors["name"] == ["Поле «Название» нужно заполнить."]


def test_samples_are_the_same_at_every_call_and_in_several_scripts(actor):
    now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    made = fill(Sizes(accounts=30, people=100, assets=50), now=now)
    first = list(Account.objects.order_by("number").values_list("id", "name", "city"))
    assert (made["account"], made["person"], made["installed_asset"]) == (30, 100, 50)
    text = "".join(name for _id, name, _city in first)
    assert any("А" <= sign <= "я" for sign in text)
    assert any(sign in "äöüßé" for sign in text)
    with connection.cursor() as cursor:
        for model in reversed([kind.model for kind in RECORD_TYPES]):
            cursor.execute(f'DELETE FROM "{model._meta.db_table}"')
    Numbering.objects.all().delete()
    SearchText.objects.all().delete()
    Relation.objects.all().delete()
    Employment.objects.all().delete()
    fill(Sizes(accounts=30, people=100, assets=50), now=now)
    assert list(Account.objects.order_by("number").values_list("id", "name", "city")) == first
