"""The pages of merging and archiving."""

from __future__ import annotations

import pytest

from tallystick.server.records.domain import actions
from tallystick.server.records.models import Account
from tallystick.server.records.record_types import RECORD_TYPES, record_type

pytestmark = pytest.mark.django_db
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def two(actor):
    one = actions.create(actor, "account", {"name": "Northwind", "city": "Leeds", "categories": '["a"]'}).id
    other = actions.create(actor, "account", {"name": EVIL, "city": "York", "phone": "1", "categories": '["b"]'}).id
    return one, other


def test_page_shows_both_side_by_side_and_merges_as_chosen(two, client_of):
    one, other = two
    client = client_of("agent")
    page = client.get(f"/records/account/{one}/merge/?with={other}")
    assert {row["name"]: row["take"] for row in page.context["choices"]} == {
        "name": "survivor",
        "categories": "both",
        "city": "survivor",
        "phone": "loser",
    }
    assert EVIL not in page.content.decode()
    data = {"versions": page.context["versions"], "take-city": "loser", "take-name": "survivor"}
    answer = client.post(f"/records/account/{one}/merge/?with={other}", data)
    assert answer.url == f"/records/account/{one}/"
    now = Account.objects.get(pk=one)
    assert (now.name, now.city, now.phone, now.categories) == ("Northwind", "York", "1", '["a","b"]')
    shown = client.get(answer.url)
    assert [merged["called"] for merged in shown.context["merged"]] == ["A-2"]
    assert [str(message) for message in shown.context["messages"]] == ["A-2 is part of A-1 now; 1 record moved to it."]
    gone = client.get(f"/records/account/{other}/").content.decode()
    assert "This record was merged into another one:" in gone
    assert f'href="/records/account/{one}/"' in gone


def test_merge_is_taken_back_from_either_page(two, client_of):
    one, other = two
    client = client_of("agent")
    client.post(f"/records/account/{one}/merge/?with={other}", {"versions": "1,1"})
    answer = client.post(f"/records/account/{other}/unmerge/", follow=True)
    assert [str(message) for message in answer.context["messages"]][-1] == (
        "The merge is taken back; both records are there again."
    )
    assert Account.objects.filter(gone_at=None).count() == 2


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("A-99", "There is no account with this number or name."),
        ("", "This field is required."),
        ("A-1", "A record cannot be merged with itself."),
    ],
)
def test_other_record_that_is_none_is_told_at_the_field(two, client_of, given, sentence):
    answer = client_of("agent").get(f"/records/account/{two[0]}/merge/", {"with": given})
    assert answer.status_code == 422
    assert answer.context["form"].errors["with"] == [sentence]


def test_change_meanwhile_shows_both_anew_and_keeps_the_choice(actor, two, client_of):
    one, other = two
    actions.update(actor, "account", other, {"city": "Hull"})
    answer = client_of("agent").post(
        f"/records/account/{one}/merge/?with={other}", {"versions": "1,1", "take-city": "loser"}
    )
    assert answer.status_code == 409
    assert "was changed while you compared them" in answer.context["faults"][0]
    (city,) = [row for row in answer.context["choices"] if row["name"] == "city"]
    assert (city["loser"], city["take"]) == ("Hull", "loser")
    assert Account.objects.filter(gone_at=None).count() == 2


def test_two_chosen_in_a_list_are_compared_and_other_counts_told(two, client_of):
    client = client_of("agent")
    assert client.post("/records/account/merge/", {"id": two}).url == f"/records/account/{two[0]}/merge/?with={two[1]}"
    assert client.post("/records/account/merge/", {"id": two[:1]}).url == "/records/account/"


def test_archived_records_leave_the_list_and_come_back(two, client_of):
    client = client_of("agent")
    client.post("/records/account/archive/", {"id": two[1], "query": "sort=-name"})
    assert [row["id"] for row in client.get("/records/account/").context["rows"]] == [two[0]]
    assert "This record is archived." in client.get(f"/records/account/{two[1]}/").content.decode()
    client.post("/records/account/restore/", {"id": two[1]})
    assert record_type("account").model._default_manager.filter(gone_at=None).count() == 2


@pytest.mark.parametrize("kind", RECORD_TYPES, ids=lambda kind: kind.name)
def test_pages_of_merging_want_their_permissions(client_of, kind):
    reader = client_of("read-only")
    paths = ["merge/", "archive/", "x/merge/", "x/unmerge/"]
    assert [reader.post(f"/records/{kind.name}/{path}").status_code for path in paths] == [403] * 4
