"""Telling agents what happened: in the hub and by email, as each of them chose (W8, W12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.errors import NotAllowed
from tallystick.server.desk.codes import STATUSES, status_name
from tallystick.server.desk.models import CaseOrder, Happening, Notice, NoticeChoice, StatusMap
from tallystick.server.messages import moment, partners, post
from tallystick.server.messages.course import State
from tallystick.server.messages.models import Peer
from tallystick.server.messages.outbox import About
from tallystick.server.people.actor import Actor
from tallystick.server.people.models import User
from tallystick.server.records.models import Case
from tallystick.server.records.record_types import record_type


def meaning(peer: Peer, status: Mapping[str, Any]) -> str | None:
    """What a status of a maintenance system is to the help desk; None where nobody said. Source: S7."""
    code = str(status.get("code", ""))
    mapped = StatusMap.objects.filter(peer=peer, theirs=code).values_list("means", flat=True).first()
    if mapped is not None:
        return mapped
    kind = str(status.get("kind") or code)
    return kind if kind in STATUSES.codes else None


def tell(about: CaseOrder, happening: Happening, facts: Mapping[str, Any]) -> None:
    """Tells whoever asked for the order, and the owner of the case; in the transaction around."""
    tell_of_case(about.case, happening, facts, case_order=about, also=about.requested_by)


def tell_of_case(
    case: Case,
    happening: Happening,
    facts: Mapping[str, Any],
    *,
    case_order: CaseOrder | None = None,
    also: int | None = None,
) -> None:
    for user in _concerned(case, also):
        choice = NoticeChoice.objects.filter(user=user, happening=happening).first()
        if choice is None or choice.in_hub:
            Notice.objects.create(
                user=user, happening=happening, case=case, case_order=case_order, facts=dict(facts), at=moment.now()
            )
        # a request for information goes to its contact by email from maintenance itself (W9)
        if (choice is None or choice.by_email) and happening is not Happening.QUESTION:
            _mail(user, case, happening, facts)


def wants_email(user: User, happening: Happening) -> bool:
    choice = NoticeChoice.objects.filter(user=user, happening=happening).first()
    return choice is None or choice.by_email


def choose(actor: Actor, choices: Mapping[Happening, tuple[bool, bool]]) -> None:
    """How this person wants to be told: in the hub, by email, for each."""
    if actor.person is None:
        raise NotAllowed(_("Only a person who signs in can be told of something."))
    for happening, (in_hub, by_email) in choices.items():
        NoticeChoice.objects.update_or_create(
            user_id=actor.person, happening=happening, defaults={"in_hub": in_hub, "by_email": by_email}
        )


def read(actor: Actor, numbers: list[int] | None = None) -> int:
    """Takes notices off the worklist; all of this person's where none are named."""
    if actor.person is None:
        return 0
    rows = Notice.objects.filter(user_id=actor.person, read_at__isnull=True)
    if numbers is not None:
        rows = rows.filter(pk__in=numbers)
    return rows.update(read_at=moment.now())


def unread(actor: Actor) -> int:
    return Notice.objects.filter(user_id=actor.person, read_at__isnull=True).count() if actor.person else 0


def worded(happening: str, facts: Mapping[str, Any]) -> str:
    """One sentence in the language of whoever reads it."""
    number = facts.get("number") or _("the work order")
    match happening:
        case Happening.STATUS:
            status = status_name(str(facts.get("status", "")), str(facts.get("status_name", "")))
            return _("{number} is {status} now.").format(number=number, status=status)
        case Happening.DESCRIPTION:
            return _("The description of {number} changed: {subject}").format(
                number=number, subject=facts.get("subject", "")
            )
        case Happening.QUESTION:
            return _("{who} asks about {number}: {text}").format(
                who=facts.get("by") or _("Maintenance"), number=number, text=facts.get("text", "")
            )
        case Happening.NOTE:
            return _("{who} wrote about {number}: {text}").format(
                who=facts.get("by") or _("Maintenance"), number=number, text=facts.get("text", "")
            )
        case Happening.MAIL:
            return _("{who} wrote by email: {text}").format(who=facts.get("by") or "", text=facts.get("text", ""))
        case Happening.REQUESTER:
            if facts.get("is_satisfied"):
                return _("The requester is satisfied.")
            return _("The requester is not satisfied, the case is open again: {text}").format(
                text=facts.get("text", "")
            )
        case _:
            return _request_worded(number, facts)


def _request_worded(number: str, facts: Mapping[str, Any]) -> str:
    match facts.get("state"):
        case State.DONE:
            return _("Maintenance made {number}.").format(number=number)
        case State.REFUSED:
            return _("Maintenance refused the request: {errors}").format(errors=" ".join(facts.get("errors", ())))
        case State.NEEDS_PERSON:
            return _("Whether maintenance took the request is not known; somebody has to look there.")
        case _:
            return _("The request could not be delivered to maintenance.")


def _concerned(case: Case, also: int | None) -> list[User]:
    ids = {also} if also is not None else set()
    owner = case.owner if case.owner_id else None
    if owner is not None and owner.user and owner.user.isdecimal():
        ids.add(int(owner.user))
    if not ids and case.creator and case.creator.isdecimal():
        ids.add(int(case.creator))
    return list(User.objects.filter(pk__in=ids, is_active=True).order_by("pk"))


def _mail(user: User, case: Case, happening: Happening, facts: Mapping[str, Any]) -> None:
    called = record_type("case").called(case.number)
    with translation.override(user.language or "en"):
        sentence = worded(happening, facts)
        url = partners.hub_address() + reverse("records:detail", args=["case", case.pk])
        post.write(
            user.email,
            f"{called}: {sentence}"[:200],
            f"{sentence}\n\n{called} {case.subject}\n{url}\n",
            about=About(type="case", id=case.pk, called=called),
        )
