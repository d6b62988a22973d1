"""An email becomes a case, or a note of the case it answers; in the transaction of whoever calls.

What an email says of its sender gives no rights and proves nothing: a person is proposed, somebody of the desk decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.server.desk.domain import attachments, notices
from tallystick.server.desk.domain.attachments import Given
from tallystick.server.desk.mail import addresses, answers, reading, threads
from tallystick.server.desk.mail.judging import Aside, judge
from tallystick.server.desk.models import Email, Happening
from tallystick.server.messages import moment
from tallystick.server.people.actor import Actor
from tallystick.server.records.codes import CASE_STATUSES
from tallystick.server.records.domain import actions
from tallystick.server.records.entry import LIVE
from tallystick.server.records.models import Case, Person
from tallystick.server.records.record_types import record_type
from tallystick.server.records.values import stamp

HOUR: Final = timedelta(hours=1)
MOST_FILES: Final = 20
LONGEST_TEXT: Final = 30_000
LONGEST_SUBJECT: Final = 254
FOR: Final = "help_desk"
OPEN_AGAIN: Final = "in_progress"
_RIGHTS: Final = frozenset(f"records.{verb}_{kind}" for verb in ("view", "add", "change") for kind in ("case", "note"))


def take(email: Email, *, by: str = "") -> Case | None:
    """The case it went to; None where it was left alone. `by`: a person who wants it taken whatever it looks like.

    Raises InputRefused for what no case can hold.
    """
    with translation.override(settings.LANGUAGE_CODE):
        return _take(email, by)


def _take(email: Email, by: str) -> Case | None:
    mail = reading.read(bytes(email.raw or b""))
    judged = judge(
        mail,
        envelope_sender=email.envelope_sender,
        own=_own(),
        is_ours=threads.is_ours(mail),
        lately=_lately(email),
    )
    thread = threads.thread_of(mail, email.sent_for)
    email.handled_at, email.handled_by, email.why = moment.now(), by[:200], ""
    email.aside = judged.aside.value if judged.aside is not None else ""
    if judged.aside is not None and not by:
        email.state = Email.State.ASIDE
        if judged.aside is Aside.UNDELIVERED:
            _tell_undelivered(email, mail)
        email.save()
        return None
    actor = _writer(email)
    text, files = _fitting(mail)
    case = thread.case
    if case is None:
        case = _new_case(actor, email, mail, text, thread.named)
    else:
        _add_note(actor, case, email, mail, text)
    kept = attachments.keep(record_type("case"), case.pk, files[:MOST_FILES], by=actor.name, email=email)
    refused = [*kept.refused, *_too_many(files)]
    email.state, email.case = Email.State.TAKEN, case
    email.is_answer, email.is_proven = thread.case is not None, thread.is_proven
    email.person = _proposed(email.author)
    email.why = " ".join(refused)[:400]
    email.save()
    if refused:
        _write_note(actor, case, _("Files that were not kept"), "\n".join(refused), is_internal=True)
    if judged.may_answer and not by:
        answers.acknowledge(case, email, refused=refused)
    return case


def _own() -> frozenset[str]:
    place, server = addresses.intake(), settings.CONFIGURATION.mail
    found = {place.address.casefold()} if place is not None else set()
    if server is not None:
        found.add(server.sender.rpartition("<")[2].rstrip("> ").casefold())
    return frozenset(found)


def _lately(email: Email) -> int:
    if not email.author:
        return 0
    rows = Email.objects.filter(author__iexact=email.author, at__gt=email.at - HOUR, pk__lt=email.pk)
    return rows.count()


def _writer(email: Email) -> Actor:
    name = f"{email.author or email.envelope_sender} (email)"  # whatever it calls itself: no name is proven
    return Actor(person=None, name=name[-150:], permissions=_RIGHTS, via="email", address=email.author)


def _fitting(mail: reading.Mail) -> tuple[str, list[Given]]:
    """The text as far as a record can hold it; the whole of a longer one is a file."""
    files = [Given(name=one.name, media=one.media, content=one.content) for one in mail.files]
    text = mail.text or _("(The email has no text.)")
    if len(text) > LONGEST_TEXT:
        whole = Given(name="message.txt", media="text/plain", content=text.encode())
        files.insert(0, whole)
        text = text[:LONGEST_TEXT] + "\n\n" + _("[The rest stands in message.txt.]")
    return text, files


def _new_case(actor: Actor, email: Email, mail: reading.Mail, text: str, named: str) -> Case:
    values = {
        "subject": (mail.subject or _("(no subject)"))[:LONGEST_SUBJECT],
        "kind": FOR,
        "source": "email",
        "description": text,
    }
    case = Case.objects.get(pk=actions.create(actor, "case", values).id)
    if named:
        sentence = _(
            "The subject names {called}, and nothing shows that the email belongs there: merge the two if it does."
        ).format(called=named)
        _write_note(actor, case, "", sentence, is_internal=True)
    return case


def _add_note(actor: Actor, case: Case, email: Email, mail: reading.Mail, text: str) -> None:
    _write_note(actor, case, mail.subject, text)
    if CASE_STATUSES.behaves_like(case.status) == "resolved":  # not solved after all (W16)
        actions.update(actor, "case", case.pk, {"status": OPEN_AGAIN})
    facts = {"by": email.author_name or email.author, "email": email.author, "text": text[:300]}
    notices.tell_of_case(case, Happening.MAIL, facts)


def _write_note(actor: Actor, case: Case, subject: str, text: str, *, is_internal: bool = False) -> None:
    values: dict[str, Any] = {
        "case": case.pk,
        "subject": subject[:LONGEST_SUBJECT] or None,
        "body": text,
        "is_internal": "true" if is_internal else "false",
        "written_at": stamp(moment.now()),
    }
    actions.create(actor, "note", values)


def _tell_undelivered(email: Email, mail: reading.Mail) -> None:
    """A letter about a case came back: its case says so."""
    letter = threads.letter_of(mail)
    thread = threads.thread_of(mail, email.sent_for)
    if thread.case is None:
        return
    email.case = thread.case
    to = letter.to if letter is not None else _("the requester")
    sentence = _("An email to {to} came back: {subject}").format(to=to, subject=mail.subject or _("(no subject)"))
    _write_note(_writer(email), thread.case, "", sentence, is_internal=True)
    notices.tell_of_case(thread.case, Happening.MAIL, {"by": email.author_name or email.author, "text": sentence})


def _proposed(author: str) -> Person | None:
    """Whoever has this address, where that is one person: to be confirmed by somebody."""
    if not author:
        return None
    spellings = list(dict.fromkeys((author, author.lower())))
    rows = Person.objects.filter(LIVE).filter(Q(email1__in=spellings) | Q(email2__in=spellings)).order_by("pk")
    found = list(rows[:2])
    return found[0] if len(found) == 1 else None


def _too_many(files: Sequence[Given]) -> list[str]:
    return [
        _("{name} was not kept: {most} files of an email are.").format(name=one.name, most=MOST_FILES)
        for one in files[MOST_FILES:][:50]
    ]
