"""Files people bring: looked at first, the bad rows told with their lines, the others taken once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from tallystick.errors import InputRefused, NotFound
from tallystick.server.people.actor import actor_of
from tallystick.server.records import importer
from tallystick.server.records.domain import actions, importing
from tallystick.server.records.models import Account, Change, Manufacturer, Person, Team, Upload
from tallystick.server.records.rejected import rejected
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
    sentence = "This line is no JSON object."
    assert importing.faults_of(done, 10) == [(2, sentence), (3, sentence)]


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
    text = "name,city\n" + "".join(f"A {number},Leeds\n" for number in range(1_200))
    upload = importing.receive(actor, "account", "a.csv", text)
    upload = importing.go_on(actor, upload)
    assert (upload.created, upload.is_done) == (importing.STEP_ROWS, False)
    assert through(actor, upload).created == 1_200
    assert Account.objects.count() == 1_200


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


def test_pages_lead_from_file_to_result(client_of):
    client = client_of("administrator")
    answer = client.post("/records/team/import/", {"pasted": "name\nRed\n,\nBlue\n"})
    assert answer.status_code == 302
    page = client.get(answer.url)
    assert page.context["found"].good == 2
    begun = client.post(f"{answer.url}go/", follow=True).content.decode()
    assert "It goes on when you leave this page." in begun
    assert importer.go_on_once() == 1
    done = client.get(f"{answer.url}course/").content.decode()
    assert "The file is through." in done
    assert "hx-get" not in done
    assert "pasted lines" in client.get("/records/imports/").content.decode()
    assert client.post("/records/team/import/", {"pasted": "x\n1\n"}).status_code == 422
    assert client.post("/records/team/import/", {}).status_code == 422


# --- by itself


def begun(actor, text, type_="team", name="a.csv"):
    return importing.begin(actor, importing.receive(actor, type_, name, text))


def names(count, first=0):
    return "name\n" + "".join(f"T{number:06}\n" for number in range(first, first + count))


def test_import_goes_on_by_itself_in_the_name_of_whoever_began_it(actor):
    upload = begun(actor, names(1_200))
    assert importer.go_on_once() == 1
    done = importing.upload_of(actor, upload.token)
    assert (done.is_done, done.created, done.error) == (True, 1_200, "")
    assert done.ended_at is not None
    change = Change.objects.filter(record_type="team").first()
    assert (change.by, change.via, change.reason) == ("Ada Byron", "web", "a.csv")
    assert importer.go_on_once() == 0


def test_import_of_a_dead_process_goes_on_where_it_was_and_takes_no_row_twice(actor):
    """Killed after a batch: the place reached stands beside the rows."""
    upload = begun(actor, names(1_200))
    importing.go_on(actor, upload)
    assert importer.go_on_once() == 0  # its process may be alive
    Upload.objects.filter(pk=upload.pk).update(claimed_until=datetime.now(UTC) - timedelta(seconds=1))
    assert importer.go_on_once() == 1
    assert Team.objects.count() == 1_200
    assert importing.upload_of(actor, upload.token).created == 1_200


def test_hub_that_ends_leaves_the_rest_to_the_next_one(actor):
    upload = begun(actor, names(1_200))
    stopping = threading.Event()
    stopping.set()
    importer._through(importer._claimed(), stopping)
    assert Upload.objects.get(pk=upload.pk).claimed_until is None
    assert importer.go_on_once() == 1
    assert Team.objects.count() == 1_200


def test_stopped_import_keeps_what_is_in_and_takes_no_more(actor):
    upload = begun(actor, names(1_200))
    upload = importing.go_on(actor, upload)
    importing.stop(actor, upload)
    stale = importing.upload_of(actor, upload.token)
    importing.go_on(actor, stale)
    assert importer.go_on_once() == 0
    done = importing.upload_of(actor, upload.token)
    assert (done.is_done, done.created, done.error) == (True, 1_000, "Ada Byron stopped it.")
    assert Team.objects.count() == 1_000


def test_import_of_somebody_who_lost_the_right_ends_with_a_sentence(actor, person):
    user = person("agent")
    upload = begun(actor_of(user), "subject\nBroken\n", type_="case")
    user.groups.clear()
    assert importer.go_on_once() == 1
    done = Upload.objects.get(pk=upload.pk)
    assert (done.is_done, done.created) == (True, 0)
    assert done.error.startswith("You are not allowed to do this.")


def test_import_that_breaks_ends_and_the_others_go_on(actor, monkeypatch):
    first, second = begun(actor, names(1)), begun(actor, names(1, first=10))
    taken_ = importing.take

    def broken(*arguments):
        if arguments[4].pk == first.pk:
            raise ZeroDivisionError
        return taken_(*arguments)

    monkeypatch.setattr(importing, "take", broken)
    assert importer.go_on_once() == 2
    assert "not foreseen" in Upload.objects.get(pk=first.pk).error
    assert Upload.objects.get(pk=second.pk).created == 1


def test_every_bad_row_is_kept_and_comes_as_a_file_to_correct(actor):
    text = "name,code\n" + "".join(
        f"{'' if number % 2 else 'N'}{number if not number % 2 else ''},=c{number}\n" for number in range(1_000)
    )
    upload = begun(actor, text + "Too,many,cells\n", type_="manufacturer")
    importer.go_on_once()
    done = importing.upload_of(actor, upload.token)
    assert (done.created, done.refused) == (500, 501)
    lines = "".join(rejected(done)).lstrip("\ufeff").splitlines()
    assert lines[:2] == ["Line,Reason,name,code", "3,Name needs a value.,,'=c1"]
    assert lines[-1] == '1002,"This row has 3 cells, and there are 2 columns.",Too,many,cells'
    assert len(lines) == 1 + 501
    corrected = "\n".join([lines[0], "3,Name needs a value.,Mended,'=c1"])
    again = begun(actor, corrected, type_="manufacturer", name="again.csv")
    importer.go_on_once()
    assert importing.upload_of(actor, again.token).created == 1
    assert Manufacturer.objects.get(name="Mended").code == "=c1"


def test_bad_json_lines_come_as_they_were(actor):
    upload = begun(actor, '{"name": "A"}\nbroken\n{"name": ""}\n', name="a.jsonl")
    importer.go_on_once()
    assert "".join(rejected(importing.upload_of(actor, upload.token))) == 'broken\n{"name": ""}\n'


def test_faults_are_told_in_the_language_of_whoever_began_it(person):
    actor = actor_of(person("administrator", language="ru"))
    upload = begun(actor, "name\na,b\n")
    importer.go_on_once()
    ((_line, sentence),) = importing.faults_of(upload, 1)
    assert sentence.startswith("В этой строке")


def test_file_of_somebody_else_is_not_there_on_any_page(actor, client_of):
    upload = begun(actor, names(3))
    client = client_of("administrator")
    for page in ("", "course/", "rows/"):
        assert client.get(f"/records/team/import/{upload.token}/{page}").status_code == 404
    for page in ("go/", "stop/"):
        assert client.post(f"/records/team/import/{upload.token}/{page}").status_code == 404
    assert upload.token not in client.get("/records/imports/").content.decode()


def test_page_of_another_type_does_not_show_the_import(actor, client_of):
    client = client_of("administrator")
    answer = client.post("/records/team/import/", {"pasted": "name\nRed\n"})
    assert client.get(answer.url.replace("team", "account")).status_code == 404


def test_old_files_are_forgotten_and_running_ones_kept(actor):
    old, running, done = (begun(actor, names(1, first=number)) for number in range(3))
    long_ago = datetime.now(UTC) - timedelta(days=30)
    Upload.objects.update(created_at=long_ago, begun_at=long_ago)
    Upload.objects.filter(pk=old.pk).update(is_begun=False)
    Upload.objects.filter(pk=done.pk).update(is_done=True, ended_at=long_ago)
    importing.forget_old()
    assert list(Upload.objects.values_list("pk", flat=True)) == [running.pk]
