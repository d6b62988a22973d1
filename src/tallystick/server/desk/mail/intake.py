"""An email is kept as it came before anything else is done; then it is taken, once, in one transaction.

Killed in between, it waits and is taken afterwards. Handed over twice, it is kept once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from tallystick.errors import TallystickError
from tallystick.server.desk.mail import reading, taking
from tallystick.server.desk.models import Email
from tallystick.server.messages import moment
from tallystick.server.messages.post import sound_address
from tallystick.server.ui import mishaps

AT_ONCE: Final = 50
KEPT_FOR: Final = timedelta(days=30)
"""So long an email can be looked at as it came."""
_STABLE: Final = ("message-id", "from", "date", "subject", "to")
log = structlog.get_logger("tallystick.mail")


def keep(raw: bytes, *, envelope_sender: str, sent_for: Sequence[str]) -> int | None:
    """Writes an email down; its number, or None where it is here already. Raises DatabaseError."""
    mail = reading.read(raw)
    author = sound_address(mail.author) or ""
    # relays write headers of their own above: what its sender wrote makes it the same
    _heads, _blank, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    marks = [f"{name}: {mail.first(name)}".encode("utf-8", "replace") for name in _STABLE]
    digest = hashlib.sha256(b"\n".join([*marks, body.rstrip()])).hexdigest()
    if Email.objects.filter(digest=digest).exists():
        return None
    try:
        with transaction.atomic():
            made = Email.objects.create(
                digest=digest,
                message_id=mail.message_id[:900],
                envelope_sender=reading.one_line(envelope_sender)[:320],
                sent_for=[reading.one_line(one)[:320] for one in sent_for][:50],
                author=author[:254],
                author_name=mail.author_name[:200],
                subject=mail.subject[:254],
                raw=raw,
                size=len(raw),
                at=moment.now(),
            )
    except IntegrityError:  # another process was faster
        return None
    return made.pk


def take_waiting() -> int:
    """Takes what is kept and waits; how many. Safe to do in several processes."""
    numbers = Email.objects.filter(state=Email.State.WAITING).order_by("pk").values_list("pk", flat=True)
    return sum(take(number) for number in numbers[:AT_ONCE])


def take(number: int) -> bool:
    """Takes one email; whether there was anything to do. What goes wrong is told on the email, which stays."""
    try:
        with transaction.atomic():
            rows = Email.objects.all()
            if connection.vendor == "postgresql":
                rows = rows.select_for_update(skip_locked=True, of=("self",))
            email = rows.filter(pk=number, state=Email.State.WAITING).first()
            if email is None:
                return False
            taking.take(email)
    except DatabaseError:
        raise
    except TallystickError as error:
        _fail(number, str(error))
    except Exception as error:  # noqa: BLE001  the outermost edge: one email must not keep the others
        reference = mishaps.keep(error)
        log.error("email not taken", number=number, reference=reference)
        _fail(number, _("Something went wrong: reference {reference}.").format(reference=reference))
    return True


def forget_old() -> int:
    """What an email was like on the wire is not kept for ever; what it said is on its case."""
    old = Email.objects.filter(at__lt=moment.now() - KEPT_FOR, state=Email.State.TAKEN, raw__isnull=False)
    return old.update(raw=None)


def _fail(number: int, why: str) -> None:
    Email.objects.filter(pk=number, state=Email.State.WAITING).update(
        state=Email.State.FAILED, why=why[:400], handled_at=moment.now()
    )
