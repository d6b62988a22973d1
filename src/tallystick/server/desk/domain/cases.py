"""The end of a case: solved and told to the requester, satisfied or not by a link, closed, open again (W13, W14, W16).

Nothing here is told to maintenance: closing a case leaves its work orders as they are.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, LinkExpired
from tallystick.runs.world import TimeIds
from tallystick.server.desk.domain import notices
from tallystick.server.desk.domain.help_desk import called, case_of
from tallystick.server.desk.mail import answers
from tallystick.server.desk.models import Happening, Satisfaction
from tallystick.server.messages import moment, partners
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.records.codes import CASE_STATUSES
from tallystick.server.records.domain import actions
from tallystick.server.records.domain.actions import Saved
from tallystick.server.records.models import Case

LASTS: Final = timedelta(days=14)
CHANGE: Final = "records.change_case"
OPEN_AGAIN: Final = "in_progress"
_LINK: Final = "desk.satisfied"
_IDS: Final = TimeIds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    saved: Saved
    told: str  # address the requester was told at; empty where there is none


def resolve(actor: Actor, case_id: str, resolution: str, *, tells: bool = True) -> Resolved:
    """The problem is solved; the requester is told and asked whether they are satisfied (W13).

    Raises NotAllowed, NotFound, InputRefused.
    """
    actor.check(CHANGE)
    case = case_of(actor, case_id)
    if CASE_STATUSES.behaves_like(case.status) in ("closed", "cancelled"):
        raise InputRefused(_("This case is closed; open it again first."))
    told = ""
    with transaction.atomic():
        values: dict[str, str | None] = {"status": "resolved"}
        if resolution.strip():
            values["resolution"] = resolution.strip()
        saved = actions.update(actor, "case", case_id, values)
        address = answers.address_of(case)
        if tells and address:
            _ask(case, address, resolution.strip())
            told = address
    return Resolved(saved=saved, told=told)


def close(actor: Actor, case_id: str) -> Saved:
    """Ends the case; its work orders stay as they are (W14). Raises NotAllowed, NotFound, InputRefused."""
    return _move(actor, case_id, "closed")


def reopen(actor: Actor, case_id: str) -> Saved:
    """The problem is not solved after all (W16). Raises NotAllowed, NotFound, InputRefused."""
    return _move(actor, case_id, OPEN_AGAIN)


def show(token: str, *, address: str) -> Satisfaction:
    """What the requester's link is about; changes nothing. Raises LinkExpired."""
    found = _of(token, address)
    if found.answered_at is not None:
        raise _refused(found, "used", address)
    return found


def answer(token: str, *, is_satisfied: bool, remark: str, address: str) -> Satisfaction:
    """Satisfied: nothing more. Not satisfied: the case is open again, and its agent is told (W13, W16).

    Raises LinkExpired, InputRefused.
    """
    found = _of(token, address)
    remark = remark.replace("\0", "").strip()[:8_000]
    with transaction.atomic():
        found = Satisfaction.objects.select_for_update(of=("self",)).select_related("case").get(pk=found.pk)
        is_used = found.answered_at is not None
        if not is_used:
            found.answered_at, found.is_satisfied, found.remark = moment.now(), is_satisfied, remark
            found.save(update_fields=["answered_at", "is_satisfied", "remark"])
            if not is_satisfied and CASE_STATUSES.behaves_like(found.case.status) in ("resolved", "closed"):
                actions.update(_requester(found, address), "case", found.case_id, {"status": OPEN_AGAIN})
            facts = {"is_satisfied": is_satisfied, "text": remark[:300]}
            notices.tell_of_case(found.case, Happening.REQUESTER, facts)
    if is_used:
        raise _refused(found, "used", address)
    return found


def link(asked: Satisfaction) -> str:
    token = signing.Signer(salt=_LINK).sign_object([asked.pk, asked.nonce])
    return partners.hub_address() + reverse("desk:satisfied", args=[token])


def _ask(case: Case, address: str, resolution: str) -> Satisfaction:
    now = moment.now()
    asked = Satisfaction.objects.create(
        id=_IDS.new(),
        case=case,
        email=address,
        nonce=secrets.token_urlsafe(18),
        asked_at=now,
        expires_at=now + LASTS,
    )
    number = called(case)
    answers.send(
        case,
        address,
        _("solved"),
        _(
            "Your case {number}, {subject}, is solved.\n\n{resolution}\n\nAre you satisfied? Tell us here:\n{url}\n"
        ).format(number=number, subject=case.subject, resolution=resolution, url=link(asked)),
    )
    return asked


def _move(actor: Actor, case_id: str, status: str) -> Saved:
    actor.check(CHANGE)
    case_of(actor, case_id)
    return actions.update(actor, "case", case_id, {"status": status})


def _of(token: str, address: str) -> Satisfaction:
    try:
        id_, nonce = signing.Signer(salt=_LINK).unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        raise _refused(None, "forged", address) from None
    found = Satisfaction.objects.select_related("case").filter(pk=id_).first()
    if found is None or not secrets.compare_digest(found.nonce, str(nonce)):
        raise _refused(None, "forged", address)
    if found.expires_at <= moment.now() and found.answered_at is None:
        raise _refused(found, "expired", address)
    return found


def _requester(asked: Satisfaction, address: str) -> Actor:
    name = asked.case.person.name if asked.case.person_id and asked.case.person is not None else asked.email
    return Actor(
        person=None,
        name=name,
        permissions=frozenset({"records.change_case", "records.view_case"}),
        via="link",
        address=address,
    )


def _refused(asked: Satisfaction | None, why: str, address: str) -> LinkExpired:
    audit(
        Actor(person=None, name=_("Link in an email"), permissions=frozenset(), via="link", address=address),
        "desk.satisfied_refused",
        subject_type="case",
        subject_id="" if asked is None else asked.case_id,
        subject_name="" if asked is None else called(asked.case),
        details={"why": why},
    )
    return LinkExpired(
        _("This link has been used already, is too old, or is not right."),
        hint=_("Write to the help desk if there is something to say."),
    )
