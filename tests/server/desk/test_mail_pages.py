"""Files and emails through pages and API, each by the rights it takes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile

from tallystick.server.configuration import MailIntake
from tallystick.server.desk.domain import attachments
from tallystick.server.desk.models import Attachment, Email, FileContent
from tallystick.server.messages.models import Letter
from tallystick.server.people.models import AuditEntry, User
from tallystick.server.records.models import Case, Note
from tests.hub import signed_in
from tests.server.api.conftest import Program, token_of
from tests.server.desk.mail import DESK, RITA, Post

PAGE = b"<script>alert(1)</script>"


@pytest.fixture
def post(desk, settings):
    place = MailIntake(address=DESK, host="127.0.0.1", port=2525)
    settings.CONFIGURATION = replace(django_settings.CONFIGURATION, mail_intake=place)
    return Post()


@pytest.fixture
def agent(desk):
    return signed_in(User.objects.get(pk=desk.agent.person))


@pytest.fixture
def technician(desk):
    return signed_in(User.objects.get(pk=desk.technician.person))


@pytest.fixture
def program(desk):
    user = User.objects.get(pk=desk.agent.person)
    return Program(user, token_of(user))


def put(client, path, *files):
    return client.post(path, {"files": [SimpleUploadedFile(name, content, media) for name, content, media in files]})


# --- files


def test_file_is_added_handed_out_to_be_saved_and_removed(desk, agent):
    case = desk.case()
    assert put(agent, f"/desk/case/{case.pk}/files/", ("<b>page.html", PAGE, "text/html")).status_code == 302
    (file,) = Attachment.objects.all()
    shown = agent.get(f"/records/case/{case.pk}/").content.decode()
    assert "&lt;b&gt;page.html" in shown
    answer = agent.get(f"/desk/files/{file.pk}")
    assert answer.content == PAGE
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert agent.post(f"/desk/files/{file.pk}/remove/").status_code == 302
    assert (Attachment.objects.count(), FileContent.objects.count()) == (0, 0)
    assert AuditEntry.objects.get(action="desk.remove_attachment").subject_name == "<b>page.html"


def test_same_file_on_two_records_is_kept_once_and_stays_with_the_other(desk, agent):
    first, second = desk.case(), desk.case()
    for case in (first, second, second):
        put(agent, f"/desk/case/{case.pk}/files/", ("plan.pdf", b"%PDF-1", "application/pdf"))
    assert (Attachment.objects.count(), FileContent.objects.count()) == (2, 1)
    attachments.take_away(desk.agent, Attachment.objects.get(record=first.pk).pk)
    answer = agent.get(f"/desk/files/{Attachment.objects.get().pk}")
    assert (answer.content, answer["Content-Type"]) == (b"%PDF-1", "application/pdf")


def test_files_that_are_too_large_too_many_or_none_are_refused_whole(desk, agent, monkeypatch):
    monkeypatch.setattr(attachments, "MOST_OF_A_RECORD", 2)
    case = desk.case()
    path = f"/desk/case/{case.pk}/files/"
    small = [(f"{number}.txt", b"%d" % number, "text/plain") for number in range(3)]
    for files, sentence in (
        ([], "Choose a file."),
        ([("empty.txt", b"", "text/plain")], "empty.txt is empty."),
        (small, "2.txt is one too many: there may be 2 files."),
        ([("big.bin", b"x" * (attachments.LARGEST_BYTES + 1), "x/y")], "big.bin (10.0 MB) is too large"),
    ):
        answer = put(agent, path, *files)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
        assert Attachment.objects.count() == 0


def test_files_go_by_the_rights_to_their_record(desk, agent, technician, client_of):
    case, order = desk.case(), desk.made("work_order", subject="Paint")
    put(agent, f"/desk/case/{case.pk}/files/", ("plan.pdf", b"%PDF-1", "application/pdf"))
    assert put(technician, f"/desk/work_order/{order}/files/", ("a.txt", b"a", "text/plain")).status_code == 302
    assert put(agent, f"/desk/work_order/{order}/files/", ("b.txt", b"b", "text/plain")).status_code == 403
    reader = client_of("read-only")
    of_case = Attachment.objects.get(record=case.pk)
    assert reader.get(f"/desk/files/{of_case.pk}").status_code == 200
    assert reader.post(f"/desk/files/{of_case.pk}/remove/").status_code == 403
    nobody = client_of("")
    assert nobody.get(f"/desk/files/{of_case.pk}").status_code == 403
    assert agent.get("/desk/account/x/files/").status_code == 404
    assert agent.get("/desk/files/nothing").status_code == 404


def test_files_through_the_api(desk, program):
    case = desk.case()
    made = program.post(f"/desk/cases/{case.pk}/files?name=plan.pdf", "%PDF-1")
    assert made.status_code == 201
    (listed,) = program.call("GET", f"/desk/cases/{case.pk}/files").json()
    assert (listed["name"], listed["bytes"], listed["media"]) == ("plan.pdf", 6, "text/plain")
    answer = program.call("GET", f"/desk/files/{listed['id']}")
    assert (answer.content, answer["X-Content-Type-Options"]) == (b"%PDF-1", "nosniff")
    too_large = program.post(f"/desk/cases/{case.pk}/files?name=big", "x" * (attachments.LARGEST_BYTES + 1))
    assert (too_large.status_code, too_large.json()["fields"]) == (422, {"body": "A file may have 10 MB."})
    assert program.call("DELETE", f"/desk/files/{listed['id']}").status_code == 204
    assert program.call("GET", f"/desk/cases/{case.pk}/files").json() == []


# --- emails


def test_case_by_email_is_worked_on_its_page(post, desk, agent):
    case = post.write().case
    shown = agent.get(f"/records/case/{case.pk}/").content.decode()
    assert "Sender not proven" in shown
    assert "has the address of Rita Requester" in shown
    assert agent.post(f"/desk/cases/{case.pk}/requester/", {"person": desk.requester}).status_code == 302
    assert Case.objects.get(pk=case.pk).person_id == desk.requester
    assert agent.post(f"/desk/cases/{case.pk}/write/", {"text": "Which lamp?"}).status_code == 302
    assert Letter.objects.latest("pk").to == RITA
    empty = agent.post(f"/desk/cases/{case.pk}/write/", {"text": " "})
    assert (empty.status_code, Note.objects.count()) == (422, 1)


def test_email_that_was_left_alone_is_looked_at_and_taken_all_the_same(post, agent):
    email = post.write("Out <script>alert(1)</script> of office", headers={"Auto-Submitted": "auto-replied"})
    assert "A machine answered" in agent.get("/desk/emails/?state=aside").content.decode()
    page = agent.get(f"/desk/emails/{email.pk}/").content.decode()
    assert "Out &lt;script&gt;" in page
    raw = agent.get(f"/desk/emails/{email.pk}/email.eml")
    assert raw.content == bytes(email.raw)
    assert raw["Content-Disposition"].startswith("attachment")
    assert agent.post(f"/desk/emails/{email.pk}/take/").status_code == 302
    email.refresh_from_db()
    assert (email.state, email.handled_by, Letter.objects.count()) == ("taken", "Olga Agent", 0)
    again = agent.post(f"/desk/emails/{email.pk}/take/")
    assert (again.status_code, Case.objects.count()) == (409, 1)


def test_emails_are_for_those_who_handle_them(post, technician, client_of):
    email = post.write()
    for client in (technician, client_of("read-only")):
        assert client.get("/desk/emails/").status_code == 403
        assert client.get(f"/desk/emails/{email.pk}/email.eml").status_code == 403
        assert client.post(f"/desk/emails/{email.pk}/take/").status_code == 403


def test_emails_are_searched_and_none_is_told(post, agent):
    assert "No email yet" in agent.get("/desk/emails/").content.decode()
    post.write(subject="Lamp is dark")
    assert "Lamp is dark" in agent.get("/desk/emails/?q=lamp").content.decode()
    assert "No email fits" in agent.get("/desk/emails/?q=heating").content.decode()


def test_emails_and_letters_through_the_api(post, program):
    email = post.write(headers={"Precedence": "bulk"})
    (listed,) = program.call("GET", "/desk/emails?state=aside").json()["items"]
    assert (listed["number"], listed["aside"], listed["case"]) == (email.pk, "list", None)
    taken = program.call("POST", f"/desk/emails/{email.pk}/take", {}).json()
    assert taken["state"] == "taken"
    written = program.call("POST", f"/desk/cases/{taken['case']}/letters", {"text": "Which lamp?"})
    assert (written.status_code, written.json()["to"]) == (201, RITA)
    assert program.call("POST", f"/desk/emails/{email.pk}/take", {}).status_code == 409
    assert Email.objects.get().handled_by == "Olga Agent (A program)"
