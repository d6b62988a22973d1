"""Requests for information: asked by a technician, answered by a link in an email or by a note (W8-W11, S8).

The link is signed, expires, and answers once. Whoever opens it sees the question; only sending the form answers. An
answer from a page that was opened before somebody else answered is kept as a further note.
"""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, LinkExpired
from tallystick.runs.world import TimeIds
from tallystick.server.desk import told
from tallystick.server.desk.models import Conversation, Follower, OrderNote, Question, WorkOrder
from tallystick.server.messages import moment, partners, post
from tallystick.server.messages.envelope import Fault
from tallystick.server.messages.outbox import About
from tallystick.server.messages.receiving import Refusal
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.records import queries
from tallystick.server.records.record_types import record_type

LASTS: Final = timedelta(days=7)
LONGEST: Final = 32_000
_LINK: Final = "desk.reply"
_FORM: Final = "desk.reply-form"
_IDS: Final = TimeIds()
Reply = Conversation.Reply


class Via(enum.StrEnum):
    LINK = "link"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A question as its page shows it. `form` goes with the answer."""

    question: Question
    called: str
    subject: str
    form: str


def ask(actor: Actor, order_id: str, text: str) -> Question:
    """A technician asks the help desks that follow the order. Raises NotAllowed, NotFound, InputRefused."""
    actor.check("desk.change_work_order")
    queries.one(record_type("work_order"), actor, order_id)
    text = checked(text)
    now = moment.now()
    with transaction.atomic():
        order = WorkOrder.objects.select_for_update(of=("self",)).get(pk=order_id)
        followers = told.followers_of(order.pk)
        if not followers:
            raise InputRefused(
                _("Nobody follows this work order, so nobody can be asked."),
                hint=_("Write a note instead, or call the requester."),
            )
        number = told.called(order.number)
        question = Question.objects.create(
            id=_IDS.new(),
            order=order,
            text=text,
            asked_by=actor.name[:200],
            asked_at=now,
            nonce=secrets.token_urlsafe(18),
            expires_at=now + LASTS,
        )
        _set(order, Reply.AWAITING, now)
        told.tell(
            order.pk,
            number,
            followers,
            "work_order.information_requested",
            {"question": question.id, "text": text, "asked_by": actor.name[:200], "expires_at": _iso(question)},
        )
        url = link(question)
        for address in dict.fromkeys(one.contact_email for one in followers if one.contact_email):
            post.write(
                address,
                _("{number}: maintenance needs information").format(number=number),
                _(
                    "{who} asks about the work order {number}, {subject}:\n\n{text}\n\nAnswer until {until}:\n{url}\n"
                ).format(
                    who=actor.name,
                    number=number,
                    subject=order.subject,
                    text=text,
                    until=f"{question.expires_at:%Y-%m-%d %H:%M} UTC",
                    url=url,
                ),
                about=About(type="work_order", id=order.pk, called=number),
            )
    return question


def link(question: Question) -> str:
    """The address that answers this question; it may be opened by whoever has it."""
    token = signing.Signer(salt=_LINK).sign_object([question.id, question.nonce])
    return partners.hub_address() + reverse("desk:reply", args=[question.order_id, token])


def show(order_id: str, token: str, *, address: str) -> Shown:
    """What the page of a link shows; changes nothing. Raises LinkExpired."""
    question = _question_of(order_id, token, address)
    if question.answered_at is not None:
        raise _refused(question, "used", address)
    form = signing.Signer(salt=_FORM).sign_object([question.id, secrets.token_hex(8), moment.now().timestamp()])
    return Shown(
        question=question, called=told.called(question.order.number), subject=question.order.subject, form=form
    )


def answer_by_link(order_id: str, token: str, *, form: str, text: str, address: str) -> bool:
    """Answers; whether it was the first answer. Raises LinkExpired, InputRefused."""
    question = _question_of(order_id, token, address)
    text = checked(text)
    mark, opened_at = _page_of(form, question)
    refusal: LinkExpired | None = None
    with transaction.atomic():
        question = Question.objects.select_for_update(of=("self",)).select_related("order").get(pk=question.pk)
        is_first = question.answered_at is None
        if is_first:
            _answered(question, text, by=_answerer(question), via=Via.LINK, form=mark)
        elif _was_open(question, mark, opened_at):
            _note(question.order, question, text, by=_answerer(question), form=mark)
        else:
            refusal = _refused(question, "used", address)
    if refusal is not None:
        raise refusal
    return is_first


def _was_open(question: Question, mark: str, opened_at: datetime | None) -> bool:
    """Whether the page was opened before the question was answered, and has not answered itself."""
    if opened_at is None or question.answered_at is None or opened_at > question.answered_at:
        return False
    return not OrderNote.objects.filter(question=question, form=mark).exists()


def answer_by_note(order: WorkOrder, question_id: str, text: str, *, by: str) -> None:
    """The help desk answers inside the order, in the transaction around. Raises Refusal."""
    question = Question.objects.select_for_update(of=("self",)).filter(pk=question_id, order=order).first()
    if question is None:
        message = _("There is no such question about this work order.")
        raise Refusal(Fault(code="unknown", field="question", message=message))
    if question.answered_at is not None:
        _note(order, question, text, by=by)
    else:
        _answered(question, text, by=by, via=Via.NOTE)


def settle_by_note(order: WorkOrder, *, by: str) -> None:
    """A note of the help desk clears the wait, whatever it answers; in the transaction around (S8)."""
    now = moment.now()
    open_ = Question.objects.select_for_update(of=("self",)).filter(order=order, answered_at__isnull=True)
    for question in open_:
        _close(question, now, Via.NOTE)
    if open_:
        _set(order, Reply.REPLIED, now)


def checked(text: str) -> str:
    """Raises InputRefused."""
    text = text.replace("\r\n", "\n").strip()
    if not text or len(text) > LONGEST or "\0" in text:
        sentence = _("Write something, 32,000 characters at most.")
        raise InputRefused(_("Nothing was sent."), fields={"text": sentence})
    return text


def _answered(question: Question, text: str, *, by: str, via: Via, form: str = "") -> None:
    now = moment.now()
    _note(question.order, question, text, by=by, form=form)
    _close(question, now, via)
    _set(question.order, Reply.REPLIED, now)


def _close(question: Question, now: datetime, via: Via) -> None:
    question.answered_at, question.answered_via = now, via.value
    question.save(update_fields=["answered_at", "answered_via"])
    followers = told.followers_of(question.order_id)
    told.tell(
        question.order_id,
        told.called(question.order.number),
        followers,
        "work_order.information_received",
        {"question": question.pk},
    )


def _note(order: WorkOrder, question: Question, text: str, *, by: str, form: str = "") -> None:
    side, now = OrderNote.Side.HELP_DESK, moment.now()
    OrderNote.objects.create(order=order, question=question, text=text, by=by[:200], side=side, form=form, at=now)


def _set(order: WorkOrder, reply: str, now: datetime) -> None:
    still_open = Question.objects.filter(order=order, answered_at__isnull=True).exists()
    state = Reply.AWAITING if reply == Reply.REPLIED and still_open else reply
    Conversation.objects.update_or_create(order=order, defaults={"reply": state, "reply_at": now})


def _answerer(question: Question) -> str:
    """Whoever has the link is the contact it was sent to, as far as anybody knows."""
    found = Follower.objects.filter(order=question.order).exclude(contact_email="").first()
    return (found.contact_name or found.contact_email) if found is not None else _("Help desk")


def _page_of(form: str, question: Question) -> tuple[str, datetime | None]:
    """The mark of the page an answer came from, and when it was opened; nothing where it is not ours."""
    try:
        id_, mark, seconds = signing.Signer(salt=_FORM).unsign_object(form)
    except (signing.BadSignature, ValueError, TypeError):
        return "", None
    if id_ != question.pk:
        return "", None
    return mark, datetime.fromtimestamp(seconds, tz=moment.now().tzinfo)


def _question_of(order_id: str, token: str, address: str) -> Question:
    """Raises LinkExpired for what is no link of ours, of another order, or too old; each is logged."""
    try:
        id_, nonce = signing.Signer(salt=_LINK).unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        raise _refused(None, "forged", address) from None
    question = Question.objects.select_related("order").filter(pk=id_).first()
    if question is None or not secrets.compare_digest(question.nonce, str(nonce)):
        raise _refused(None, "forged", address)
    if question.order_id != order_id:
        raise _refused(question, "foreign", address)
    if question.expires_at <= moment.now() and question.answered_at is None:
        raise _refused(question, "expired", address)
    return question


def _link_actor(address: str) -> Actor:
    return Actor(person=None, name=_("Link in an email"), permissions=frozenset(), via="link", address=address)


def _refused(question: Question | None, why: str, address: str) -> LinkExpired:
    audit(
        _link_actor(address),
        "desk.reply_refused",
        subject_type="question",
        subject_id="" if question is None else question.pk,
        subject_name="" if question is None else told.called(question.order.number),
        details={"why": why},
    )
    return LinkExpired(
        _("This link has been used already, is too old, or is not right."),
        hint=_("Answer with a note on the case, or ask maintenance to ask again."),
    )


def _iso(question: Question) -> str:
    return question.expires_at.isoformat()
