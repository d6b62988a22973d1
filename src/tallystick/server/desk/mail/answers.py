"""Letters to requesters: that an email arrived, what an agent writes; answers to each come back to its case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.server.desk.domain.replying import checked
from tallystick.server.desk.mail import addresses, threads
from tallystick.server.desk.models import Email
from tallystick.server.messages import moment, post
from tallystick.server.messages.models import Letter
from tallystick.server.messages.outbox import About
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.domain import actions
from tallystick.server.records.models import Case, Person
from tallystick.server.records.record_types import record_type
from tallystick.server.records.values import stamp

MOST_AN_HOUR: Final = 5
"""So many letters that the hub writes by itself go to one address within an hour."""
CHANGE: Final = "records.change_case"
ADD_NOTE: Final = "records.add_note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """`to` is where the letter goes."""

    note: str
    to: str


def address_of(case: Case) -> str:
    """Where its requester is written to: the person's address, else that of the first email; empty: nowhere."""
    person = case.person if case.person_id else None
    if person is not None and person.email1:
        return post.sound_address(person.email1) or ""
    first = Email.objects.filter(case=case, state=Email.State.TAKEN, is_answer=False).exclude(author="")
    return first.order_by("pk").values_list("author", flat=True).first() or ""


def write(actor: Actor, case_id: str, text: str) -> Written:
    """Writes to the requester; it stands on the case as a note too. Raises NotAllowed, NotFound, InputRefused."""
    actor.check(CHANGE)
    actor.check(ADD_NOTE)
    case = _case(actor, case_id)
    text = checked(text)
    to = address_of(case)
    if not to:
        raise InputRefused(
            _("Nothing was sent: nobody is to be written to."),
            hint=_("Give the case a requester who has an email address."),
        )
    values = {"case": case.pk, "body": text, "is_internal": "false", "written_at": stamp(moment.now())}
    with transaction.atomic():
        note = actions.create(actor, "note", values)
        send(case, to, case.subject, f"{text}\n\n{actor.name}", is_written=True)
    return Written(note=note.id, to=to)


def send(case: Case, to: str, subject: str, text: str, *, is_written: bool = False) -> Letter | None:
    """A letter about a case, in the transaction around: answers to it come back to the case."""
    called = threads.called(case)
    reply_to = addresses.reply_address(case.number, case.pk)
    above = _("##- Please write above this line -##") + "\n\n" if reply_to else ""
    last = Email.objects.filter(case=case, author__iexact=to).exclude(message_id="").order_by("-pk").first()
    return post.write(
        to,
        f"{called}: {subject}",
        f"{above}{text}",
        about=About(type="case", id=case.pk, called=called),
        reply_to=reply_to,
        answers=last.message_id if last is not None else "",
        is_written=is_written,
    )


def acknowledge(case: Case, email: Email, *, refused: Sequence[str]) -> Letter | None:
    """Tells the sender which case their email became, and what of it was not kept; no more than a few in an hour."""
    if email.is_answer and not refused:
        return None
    since = moment.now() - timedelta(hours=1)
    lately = Letter.objects.filter(to__iexact=email.author, created_at__gt=since, is_written=False, about_type="case")
    if not email.author or lately.count() >= MOST_AN_HOUR:
        return None
    with translation.override(settings.LANGUAGE_CODE):
        parts = [_("Your email is here as the case {called}.").format(called=threads.called(case))]
        if refused:
            parts.append(_("Not kept were:") + "\n" + "\n".join(refused))
            parts.append(_("Ask the help desk for another way to send them; everything else arrived."))
        if addresses.intake() is not None:
            parts.append(_("To add something, answer this email."))
        return send(case, email.author, email.subject or case.subject, "\n\n".join(parts) + "\n")


def set_requester(actor: Actor, case_id: str, person: str) -> None:
    """Somebody of the desk says who wrote. Raises NotAllowed, NotFound, InputRefused."""
    actor.check(CHANGE)
    case = _case(actor, case_id)
    if not Email.objects.filter(case=case, person=person).exists():
        raise InputRefused(
            _("This person was not proposed for the case."), hint=_("Edit the case to give it any other requester.")
        )
    actions.update(actor, "case", case.pk, {"person": person})


def proposed_for(case: Case) -> Person | None:
    """Who may have written the first email of a case that has no requester yet."""
    if case.person_id:
        return None
    first = Email.objects.filter(case=case, state=Email.State.TAKEN, is_answer=False).order_by("pk").first()
    if first is None or first.person_id is None:
        return None
    return Person.objects.filter(pk=first.person_id, gone_at__isnull=True).first()


def _case(actor: Actor, case_id: str) -> Case:
    found = queries.one(record_type("case"), actor, case_id)
    if not isinstance(found, Case):
        raise TypeError("a case is a Case")
    if found.gone_at is not None:
        raise InputRefused(_("This case was deleted; restore it first."))
    return found
