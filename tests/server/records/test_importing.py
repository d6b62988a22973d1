"""Files people bring: looked at first, the bad rows told with their lines, the others taken once."""

from __future__ import annotations

import pytest

from tallystick.errors import InputRefused, NotFound
from tallystick.server.people.actor import actor_of
from tallystick.server.records.domain import actions, importing
from tallystick.server.records.models import Account, Change, Person
from tallystick.server.records.table_files import columns_of, rows_of, text_of

pytestmark = pytest.mark.django_db


def through(actor, upload):
    while not upload.is_done:
        upload = importing.go_on(actor, upload)
    return upload


def taken(actor, type_, text, name="file.csv"):
    return through(actor, importing.receive(actor, type_, name, text))


def test_preview_names_bad_rows_by_line_and_writes_nothing(actor):
    text = 'name,status\n"Two\nlines",active\n,active\nAcme,busy\nZeta,active\nToo,many,cells\n'
    upload = importing.receive(actor, "account", "a.csv", text)
    found = importing.preview(actor, upload)
    assert (found.rows, found.good) == (5, 2)
    assert found.faults == [
        (4, "Name needs a value."),
        (5, "Status takes one of active, prospect, inactive and nothing else."),
        (7, "This row has 3 cells, and there are 2 columns."),
    ]
    assert not Account.objects.exists()
    assert not Change.objects.exists()
    done = through(actor, upload)
    assert (done.created, done.refused) == (2, 3)
    assert sorted(Account.objects.values_list("name", flat=True)) == ["Two\nlines", "Zeta"]


def test_json_lines_keep_numbers_lists_and_nulls(actor):
    text = (
        '{"name": "A", "employee_count": 7, "credit_limit": 10.50, "categories": ["x;y"], "note": null}\nbroken\n[1]\n'
    )
    done = taken(actor, "account", text, "a.jsonl")
    assert (done.created, done.refused) == (1, 2)
    account = Account.objects.get()
    assert (account.employee_count, str(account.credit_limit), account.categories) == (7, "10.5000", '["x;y"]')
    assert done.faults == '[[2, "This line is no JSON object."], [3, "This line is no JSON object."]]'


def test_columns_are_found_by_title_and_semicolons_divide(actor):
    taken(actor, "person", "First name;Last name;Main company\nZoë;Fry;\n")
    assert Person.objects.get().name == "Zoë Fry"


def test_references_by_number_and_name_and_rows_that_update(actor):
    account = actions.create(actor, "account", {"name": "Northwind"})
    person = actions.create(actor, "person", {"last_name": "Fry"})
    text = f"number,last_name,account\nP-{person.number},Fry,A-1\n,Okafor,Northwind\n,Patel,Nobody\nP-99,X,\n"
    done = taken(actor, "person", text)
    assert (done.updated, done.created, done.refused) == (1, 1, 2)
    assert set(Person.objects.values_list("name", "account")) == {("Fry", account.id), ("Okafor", account.id)}


def test_step_asked_for_twice_is_taken_once(actor):
    upload = importing.receive(actor, "team", "a.csv", "name\nRed\nBlue\n")
    stale = importing.upload_of(actor, upload.token)
    importing.go_on(actor, upload)
    again = importing.go_on(actor, stale)
    assert (again.created, again.is_done) == (2, True)


def test_long_file_goes_in_step_by_step(actor):
    text = "name,city\n" + "".join(f"A {number},Leeds\n" for number in range(2_300))
    upload = importing.receive(actor, "account", "a.csv", text)
    upload = importing.go_on(actor, upload)
    assert (upload.created, upload.is_done) == (importing.STEP_ROWS, False)
    assert through(actor, upload).created == 2_300
    assert Account.objects.count() == 2_300


def test_upload_of_somebody_else_is_not_there(actor, person):
    upload = importing.receive(actor, "team", "a.csv", "name\nRed\n")
    with pytest.raises(NotFound):
        importing.upload_of(actor_of(person("administrator")), upload.token)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("x.xlsx", b"PK\x03\x04\0\0", "x.xlsx is no text file."),
        ("x.csv", b"name\nM\xfcller\n", "x.csv is not in UTF-8: line 2 holds other bytes."),
    ],
)
def test_wrong_file_is_refused_with_a_sentence(name, data, sentence):
    with pytest.raises(InputRefused) as caught:
        text_of(data, name)
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The file is empty."),
        ("\n\nx\n", "The file has no columns: its first line is empty."),
        ("name,name\n", "The column name stands in the file twice."),
        ("colour,taste\nred,sweet\n", "None of the columns is a field of this type: colour, taste."),
    ],
)
def test_file_that_says_nothing_is_refused_with_a_sentence(actor, text, sentence):
    with pytest.raises(InputRefused) as caught:
        importing.receive(actor, "team", "a.csv", text)
    assert caught.value.message == sentence


def test_file_of_a_spreadsheet_in_utf_16_is_read():
    text = text_of("name\nZoë\n".encode("utf-16"), "a.csv")
    assert [row.cells for row in rows_of(text, "csv")] == [{"name": "Zoë"}]
    assert columns_of(text, "csv") == ("name",)


def test_pages_lead_from_file_to_result(actor, client_of):
    client = client_of("administrator")
    answer = client.post("/records/team/import/", {"pasted": "name\nRed\n,\nBlue\n"})
    assert answer.status_code == 302
    page = client.get(answer.url)
    assert page.context["found"].good == 2
    done = client.post(f"{answer.url}go/", headers={"HX-Request": "true"})
    assert "The file is through." in done.content.decode()
    assert client.post("/records/team/import/", {"pasted": "x\n1\n"}).status_code == 422
    assert client.post("/records/team/import/", {}).status_code == 422
