"""Cases by email: made, added to, left alone, answered; whatever a sender says of itself proves nothing."""

from __future__ import annotations

import smtplib
import time
from dataclasses import replace

import pytest
from django.conf import settings as django_settings
from django.db import connection

from tallystick.errors import InputRefused, NotAllowed
from tallystick.server.configuration import MailIntake
from tallystick.server.demo.inbox import free_port
from tallystick.server.desk.domain import attachments, cases
from tallystick.server.desk.mail import addresses, answers, intake, receiver, taking
from tallystick.server.desk.mail.judging import MOST_AN_HOUR
from tallystick.server.desk.models import Attachment, Email, Notice
from tallystick.server.messages.models import Letter
from tallystick.server.records.domain import actions, merging
from tallystick.server.records.models import Case, Note
from tests.server.desk.mail import DESK, RITA, Post


@pytest.fixture
def post(desk, settings):
    place = MailIntake(address=DESK, host="127.0.0.1", port=2525)
    settings.CONFIGURATION = replace(django_settings.CONFIGURATION, mail_intake=place)
    return Post()


@pytest.fixture
def case(post, desk):
    """A case that came by email, with an owner who is told of it."""
    made = post.write().case
    person = desk.made("person", last_name="Olga", user=str(desk.agent.person))
    actions.update(desk.boss, "case", made.pk, {"owner": person})
    made.refresh_from_db()
    return made


def last_letter() -> Letter:
    return Letter.objects.latest("pk")


def reply_to(case: Case) -> str:
    return addresses.reply_address(case.number, case.pk)


def notes(case: Case) -> list[str]:
    return list(Note.objects.filter(case=case).order_by("number").values_list("body", flat=True))


# --- a new case


def test_email_becomes_a_case_and_its_sender_is_told_its_number_W2(post, desk):
    email = post.write("It is dark.\nSince Monday.", files={"plan.pdf": b"%PDF-1"})
    case = email.case
    assert (case.subject, case.description, case.source, case.kind, case.status) == (
        "Lamp in hall 3",
        "It is dark.\nSince Monday.",
        "email",
        "help_desk",
        "open",
    )
    assert case.created_by == "rita@example.com (email)"
    letter = last_letter()
    assert (letter.to, letter.subject) == (RITA, f"C-{case.number}: Lamp in hall 3")
    assert letter.reply_to == reply_to(case)
    assert letter.answers == "m1@mail.example.com"
    (file,) = attachments.of(desk.agent, "case", case.pk)
    assert (file.name, attachments.hand_out(desk.agent, file.pk)[1]) == ("plan.pdf", b"%PDF-1")


def test_sender_is_proposed_and_never_believed(post, desk):
    email = post.write()
    assert (email.case.person_id, email.person_id, email.is_proven) == (None, desk.requester, False)
    assert answers.proposed_for(email.case).pk == desk.requester
    answers.set_requester(desk.agent, email.case_id, desk.requester)
    assert Case.objects.get(pk=email.case_id).person_id == desk.requester


def test_person_nobody_proposed_is_not_made_the_requester(post, desk):
    email = post.write(author="Eve <eve@example.net>", sender="eve@example.net")
    with pytest.raises(InputRefused):
        answers.set_requester(desk.agent, email.case_id, desk.requester)


def test_sender_who_claims_to_be_an_agent_gets_no_rights(post, desk):
    email = post.write(author="Olga Agent <olga@example.org>", sender="evil@example.net", subject="C-1: close this")
    case = email.case
    assert (case.person_id, case.owner_id, case.creator) == (None, None, None)
    with pytest.raises(NotAllowed):
        actions.delete(taking._writer(email), "case", [case.pk])


def test_same_email_handed_over_twice_is_one_case(post):
    message = post.letter()
    post.arrive(message)
    again = b"Received: from another.example by relay.example\r\n" + message.as_bytes()
    assert intake.keep(again, envelope_sender=RITA, sent_for=[DESK]) is None
    assert Case.objects.count() == 1


def test_two_emails_with_one_id_and_other_texts_are_both_kept(post):
    post.write("One", message_id="<same@x>")
    post.write("Two", message_id="<same@x>")
    assert Case.objects.count() == 2


def test_email_without_subject_text_or_readable_sender_is_kept(post):
    email = post.arrive(b"Subject: \r\nTo: desk@hub.example\r\n\r\n", sender="x@example.org")
    assert (email.state, email.aside, Case.objects.count()) == ("aside", "no_sender", 0)
    bare = post.arrive(b"From: a@example.org\r\n\r\n", sender="a@example.org")
    assert (bare.case.subject, bare.case.description) == ("(no subject)", "(The email has no text.)")


def test_text_that_is_too_long_is_kept_whole_as_a_file(post, desk):
    email = post.write("word " * 20_000)
    assert email.case.description.endswith("[The rest stands in message.txt.]")
    (file,) = attachments.of(desk.agent, "case", email.case_id)
    assert attachments.hand_out(desk.agent, file.pk)[1] == ("word " * 20_000).strip().encode()


def test_file_that_is_too_large_is_told_and_everything_else_arrives(post, monkeypatch):
    monkeypatch.setattr(attachments, "LARGEST_BYTES", 1_000_000)
    email = post.write(files={"video.pdf": b"v" * 1_200_000, "plan.pdf": b"%PDF-1"})
    sentence = "video.pdf (1.2 MB) is too large: a file may have 1 MB."
    assert [one.name for one in Attachment.objects.filter(record=email.case_id)] == ["plan.pdf"]
    assert email.why == sentence
    assert notes(email.case) == [sentence]
    from tallystick.server.connections import vault

    assert sentence in vault.unseal(last_letter().text)
    assert email.raw is not None  # the file can still be had from it


def test_more_files_than_an_email_may_have_are_named(post):
    email = post.write(files={f"{number}.pdf": b"%d" % number for number in range(taking.MOST_FILES + 1)})
    assert Attachment.objects.filter(record=email.case_id).count() == taking.MOST_FILES
    assert "20.pdf was not kept" in email.why


# --- an answer


def test_answer_to_the_signed_address_is_a_note_and_the_agent_is_told(post, desk, case):
    email = post.write("It is the left one.", subject="AW: something", to=reply_to(case))
    assert (email.case_id, email.is_answer, email.is_proven) == (case.pk, True, True)
    assert notes(case) == ["It is the left one."]
    assert Notice.objects.get(happening="mail").facts["text"] == "It is the left one."
    assert Case.objects.count() == 1


def test_answer_to_the_id_of_our_letter_is_a_note(post, case):
    mark = last_letter().mark
    email = post.write("The left one.", headers={"In-Reply-To": f"<{mark}@hub.example>"})
    assert (email.case_id, email.is_answer) == (case.pk, True)


def test_answer_to_somebody_elses_email_counts_with_the_number_of_the_case_alone(post, case):
    headers = {"References": "<m1@mail.example.com>"}
    colleague = {"author": "cara@example.com", "sender": "cara@example.com"}
    named = post.write("Me too.", subject=f"Re: C-{case.number}: Lamp", headers=headers, **colleague)
    assert (named.case_id, named.is_answer, named.is_proven) == (case.pk, True, False)
    bare = post.write("Me too, I say.", subject="Re: Lamp", headers=headers, **colleague)
    assert bare.case_id != case.pk


def test_number_of_a_case_alone_proves_nothing_and_is_told(post, case):
    email = post.write("Close it.", subject=f"C-{case.number} is done", author="eve@example.net", sender="eve@x.org")
    assert email.case_id != case.pk
    assert f"names C-{case.number}" in notes(email.case)[0]
    assert notes(case) == []


@pytest.mark.parametrize("how", ["another case", "made up", "no number"])
def test_address_with_a_wrong_signature_makes_a_new_case(post, case, how):
    other = post.write("Another thing.").case
    signature = reply_to(other).rpartition("-")[2]
    forged = {
        "another case": f"desk+c{case.number}-{signature}",
        "made up": f"desk+c{case.number}-aaaaaaaaaaaaaaaa@hub.example",
        "no number": "desk+c-x@hub.example",
    }[how]
    email = post.write("Mine.", to=forged)
    assert email.case_id not in (case.pk, other.pk)


def test_answer_opens_a_resolved_case_and_leaves_a_closed_one_W13_W16(post, desk, case):
    cases.resolve(desk.agent, case.pk, "A new bulb.")
    post.write("Still dark.", to=reply_to(case))
    assert Case.objects.get(pk=case.pk).status == "in_progress"
    cases.close(desk.agent, case.pk)
    post.write("Thanks.", to=reply_to(case))
    assert (Case.objects.get(pk=case.pk).status, notes(case)) == ("closed", ["Still dark.", "Thanks."])


def test_answer_about_a_merged_case_goes_to_the_one_it_became(post, desk, case):
    place = reply_to(case)
    kept = desk.case(subject="Hall 3 is dark")
    merging.merge(desk.boss, "case", kept.pk, case.pk)
    assert post.write("Still dark.", to=place).case_id == kept.pk


def test_answer_about_a_deleted_case_is_a_new_case(post, desk, case):
    place = reply_to(case)
    actions.delete(desk.boss, "case", [case.pk])
    email = post.write("Still dark.", to=place)
    assert (email.is_answer, email.case.description) == (False, "Still dark.")


# --- left alone


@pytest.mark.parametrize(
    ("headers", "aside"),
    [
        ({"Auto-Submitted": "auto-replied"}, "automatic"),
        ({"Precedence": "bulk"}, "list"),
        ({"List-Id": "<news.example.com>"}, "list"),
    ],
)
def test_automatic_emails_and_lists_make_no_case_and_get_no_answer(post, headers, aside):
    email = post.write(headers=headers)
    assert (email.state, email.aside, Case.objects.count(), Letter.objects.count()) == ("aside", aside, 0, 0)


def test_letter_of_ours_that_comes_back_is_left_alone(post, case):
    letter = last_letter()
    email = post.write(message_id=f"<{letter.mark}@hub.example>", author="relay@example.org")
    assert (email.state, email.aside) == ("aside", "own")
    assert post.write(author=DESK).aside == "own"


def test_hub_that_answers_itself_stops_at_once(post, case):
    """Somebody made the desk's own address the requester's: the letter goes to the desk, and no further."""
    letter = last_letter()
    raw = (
        f"From: {DESK}\r\nTo: {letter.reply_to}\r\nSubject: {letter.subject}\r\nMessage-ID: <{letter.mark}@x>\r\n\r\nHi"
    )
    before = Letter.objects.count()
    assert post.arrive(raw.encode(), sender=DESK, to=letter.reply_to).state == "aside"
    assert (Letter.objects.count(), notes(case)) == (before, [])


def test_two_machines_without_any_mark_stop_answering_each_other(post, desk):
    """A ticket system that answers each email with a new one, as the hub does."""
    for number in range(MOST_AN_HOUR + 10):
        post.write(f"Your request {number} was received.", author="tickets@other.example", sender="bot@other.example")
    assert Letter.objects.filter(to="tickets@other.example").count() == answers.MOST_AN_HOUR
    assert Email.objects.filter(aside="too_many").count() == 10
    assert Case.objects.count() == MOST_AN_HOUR
    desk.clock.move(3_700)
    assert post.write("One more.", author="tickets@other.example").state == "taken"


def test_undelivered_letter_is_told_on_its_case(post, desk, case):
    mark = last_letter().mark
    headers = {"In-Reply-To": f"<{mark}@hub.example>"}
    email = post.write(subject="Undelivered Mail", author="mailer@example.org", sender="", headers=headers)
    assert (email.state, email.aside) == ("aside", "undelivered")
    assert notes(case) == [f"An email to {RITA} came back: Undelivered Mail"]
    assert Notice.objects.filter(happening="mail", case=case).count() == 1


# --- answers of agents


def test_agent_writes_to_whoever_sent_the_email(post, desk, case):
    written = answers.write(desk.agent, case.pk, "Which lamp is it?")
    letter = last_letter()
    assert (written.to, letter.to, letter.is_written) == (RITA, RITA, True)
    assert letter.answers == "m1@mail.example.com"
    assert notes(case) == ["Which lamp is it?"]
    assert post.write("The left one.", to=letter.reply_to).case_id == case.pk


def test_case_nobody_wrote_for_has_nobody_to_write_to(post, desk):
    case = desk.case(person=None)
    with pytest.raises(InputRefused, match="nobody is to be written to"):
        answers.write(desk.agent, case.pk, "Hello?")
    assert notes(case) == []


def test_writing_takes_the_rights_of_an_agent(post, desk, case, actor_with):
    with pytest.raises(NotAllowed):
        answers.write(actor_with("records.view_case"), case.pk, "Hello")


def test_solved_case_asks_the_sender_of_its_email_W13(post, desk, case):
    assert cases.resolve(desk.agent, case.pk, "A new bulb.").told == RITA
    assert last_letter().reply_to == reply_to(case)


# --- what goes wrong


def test_email_that_cannot_be_taken_is_kept_and_told_and_others_go_on(post, monkeypatch):
    def breaks(_email):
        raise ValueError("a bug")

    monkeypatch.setattr(intake.taking, "take", breaks)
    broken = post.write()
    assert broken.state == "failed"
    assert "reference" in broken.why
    monkeypatch.undo()
    assert post.write("Another.").state == "taken"
    assert Email.objects.get(pk=broken.pk).raw is not None


def test_process_that_dies_after_keeping_takes_it_afterwards_once_E29(post):
    number = intake.keep(post.letter().as_bytes(), envelope_sender=RITA, sent_for=[DESK])
    assert Email.objects.get(pk=number).state == "waiting"
    assert [intake.take_waiting(), intake.take_waiting(), Case.objects.count()] == [1, 0, 1]


def test_what_an_email_was_on_the_wire_is_forgotten_after_a_month(post, desk):
    email = post.write()
    desk.clock.move(31 * 86_400)
    assert intake.forget_old() == 1
    email.refresh_from_db()
    assert (email.raw, email.case.description) == (None, "It is dark.")


# --- over the wire


@pytest.mark.django_db(transaction=True)
def test_mail_server_hands_emails_over_for_the_desk_alone(post):
    place = MailIntake(address=DESK, host="127.0.0.1", port=free_port())
    with receiver.receiving(place), smtplib.SMTP(place.host, place.port, timeout=200) as server:
        message = post.letter("Лампа не горит", files={"plan.pdf": b"%PDF-1"})
        assert server.sendmail(RITA, [DESK], message.as_bytes()) == {}
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            server.sendmail(RITA, ["somebody@else.example"], message.as_bytes())
        server.rset()
        assert server.mail(RITA, [f"SIZE={receiver.LARGEST_BYTES + 1}"])[0] == 552
    for _wait in range(100):
        if Email.objects.filter(state="taken").exists():
            break
        time.sleep(0.05)
    assert Case.objects.get().description == "Лампа не горит"
    if connection.vendor == "sqlite":
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_email_without_an_envelope_sender_is_left_alone_as_undelivered(post):
    place = MailIntake(address=DESK, host="127.0.0.1", port=free_port())
    with receiver.receiving(place), smtplib.SMTP(place.host, place.port, timeout=200) as server:
        letter = post.letter("It did not arrive.", author="mailer-daemon@mail.example.com")
        assert server.sendmail("", [DESK], letter.as_bytes()) == {}
    intake.take_waiting()
    email = Email.objects.get()
    assert (email.envelope_sender, email.state, email.aside) == ("", "aside", "undelivered")
    assert (Case.objects.count(), Letter.objects.count()) == (0, 0)
    if connection.vendor == "sqlite":
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_email_that_cannot_be_kept_stays_with_the_server_before(post, monkeypatch):
    from django.db import OperationalError

    def full(*_given, **_named):
        raise OperationalError("disk full")

    monkeypatch.setattr(intake, "keep", full)
    place = MailIntake(address=DESK, host="127.0.0.1", port=free_port())
    with receiver.receiving(place), smtplib.SMTP(place.host, place.port, timeout=200) as server:
        with pytest.raises(smtplib.SMTPDataError) as told:
            server.sendmail(RITA, [DESK], post.letter().as_bytes())
        assert told.value.smtp_code == 451
