"""What people do about emails that came in: look at them, and take those that were left alone or went wrong."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from tallystick.errors import AlreadyDecided, InputRefused, NotFound
from tallystick.server.desk.mail import taking
from tallystick.server.desk.models import Email
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.records.models import Case

HANDLE: Final = "desk.handle_email"
OPEN: Final = (Email.State.ASIDE, Email.State.FAILED)


def emails(actor: Actor, *, state: str = "", words: str = "") -> QuerySet[Email, Email]:
    """Those that came in, without what they were on the wire. Raises NotAllowed."""
    actor.check(HANDLE)
    rows = Email.objects.select_related("case").defer("raw")
    if state:
        rows = rows.filter(state=state)
    words = words.strip().replace("\0", "")
    if words:
        found = Q(subject__icontains=words) | Q(author__icontains=words) | Q(author_name__icontains=words)
        rows = rows.filter(found)
    return rows


def email_of(actor: Actor, number: int) -> Email:
    """Raises NotAllowed, NotFound."""
    actor.check(HANDLE)
    found = Email.objects.select_related("case", "person").filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such email."), hint=_("The list of emails shows those there are."))
    return found


def take_anyway(actor: Actor, number: int) -> Case:
    """Makes a case of an email that was left alone, or tries again what went wrong; nothing is sent to its sender.

    Raises NotAllowed, NotFound, InputRefused, AlreadyDecided.
    """
    actor.check(HANDLE)
    with transaction.atomic():
        email = Email.objects.select_for_update(of=("self",)).filter(pk=number).first()
        if email is None:
            raise NotFound(_("There is no such email."), hint=_("The list of emails shows those there are."))
        if email.state not in OPEN:
            raise AlreadyDecided(_("This email was taken already."), hint=_("Open its case; nothing was changed."))
        if email.raw is None:
            raise InputRefused(_("What this email said is not kept any more."))
        case = taking.take(email, by=actor.name)
        if case is None:
            raise InputRefused(_("No case can be made of this email."))
        audit(actor, "desk.take_email", subject=email, details={"aside": email.aside, "case": case.pk})
    return case
