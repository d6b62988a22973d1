"""Email on its way out: written in the transaction of what it tells, sent afterwards, tried again for a day."""

from __future__ import annotations

import smtplib
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.db import connection, transaction
from email_validator import EmailNotValidError, validate_email

from tallystick.errors import ConfigurationError
from tallystick.server.configuration import MailServer
from tallystick.server.connections import vault
from tallystick.server.messages import moment
from tallystick.server.messages.course import WAITS_S
from tallystick.server.messages.models import Letter
from tallystick.server.messages.outbox import NOTHING, About

TIMEOUT_S: Final = 20
LEASE: Final = timedelta(seconds=6 * TIMEOUT_S)
AT_ONCE: Final = 20


def write(
    to: str,
    subject: str,
    text: str,
    *,
    about: About = NOTHING,
    reply_to: str = "",
    answers: str = "",
    is_written: bool = False,
) -> Letter | None:
    """A letter to be sent once the transaction around it is through; None for an address that cannot be one.

    `answers` is the id of the email it answers; `is_written`: by a person, so that machines do not leave it alone.
    """
    address = sound_address(to)
    if address is None:
        return None
    now = moment.now()
    return Letter.objects.create(
        to=address,
        subject=" ".join(subject.split())[:254],
        text=vault.seal(text),
        mark=f"{uuid.uuid4().hex}",
        reply_to=reply_to,
        answers=answers,
        is_written=is_written,
        created_at=now,
        next_at=now,
        about_type=about.type,
        about=about.id,
    )


def sound_address(text: str) -> str | None:
    """The address as it is written to; None for what is none."""
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def send_due() -> int:
    """Sends what is due; how many were tried. Without a mail server they wait."""
    server: MailServer | None = settings.CONFIGURATION.mail
    if server is None:
        return 0
    tried = 0
    for number in _claimed():
        _send(number, server)
        tried += 1
    return tried


def rotate(again: Callable[[str], str]) -> int:
    """For `tallystick keys rotate`: letters that wait are encrypted anew."""
    count = 0
    for number, text in Letter.objects.exclude(text="").values_list("pk", "text").iterator():
        count += Letter.objects.filter(pk=number, text=text).update(text=again(text))
    return count


def _claimed() -> list[int]:
    now = moment.now()
    with transaction.atomic():
        due = Letter.objects.filter(status=Letter.Status.WAITING, next_at__lte=now).order_by("next_at", "pk")
        if connection.vendor == "postgresql":
            due = due.select_for_update(skip_locked=True)
        numbers = [one.pk for one in due[:AT_ONCE]]
        Letter.objects.filter(pk__in=numbers).update(next_at=now + LEASE)
    return numbers


def _send(number: int, server: MailServer) -> None:
    letter = Letter.objects.get(pk=number)
    try:
        text = vault.unseal(letter.text)
    except ConfigurationError as error:  # the key it was encrypted with is gone
        _note(letter, error.message, is_final=True)
        return
    message = EmailMessage(
        subject=letter.subject,
        body=text,
        from_email=server.sender,
        to=[letter.to],
        reply_to=[letter.reply_to] if letter.reply_to else None,
        headers=_headers(letter, server),
        connection=EmailBackend(
            host=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.security == "starttls",
            use_ssl=server.security == "tls",
            timeout=TIMEOUT_S,
        ),
    )
    fault, is_final = "", False
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _text in error.recipients.values()]
        fault = f"The mail server refused the recipient ({', '.join(map(str, codes))})."
        is_final = all(code >= 500 for code in codes)
    except smtplib.SMTPException as error:
        fault = f"The mail server did not take it: {type(error).__name__}."
    except OSError as error:
        fault = f"The mail server cannot be reached: {type(error).__name__}."
    _note(letter, fault, is_final=is_final)


def _headers(letter: Letter, server: MailServer) -> dict[str, str]:
    domain = server.sender.rpartition("@")[2].rstrip(">") or "localhost"
    headers = {"Message-ID": f"<{letter.mark}@{domain}>"}
    if not letter.is_written:
        headers["Auto-Submitted"] = "auto-replied" if letter.answers else "auto-generated"
    if letter.answers:
        headers["In-Reply-To"] = headers["References"] = f"<{letter.answers}>"
    return headers


def _note(letter: Letter, fault: str, *, is_final: bool) -> None:
    now = moment.now()
    letter.attempts += 1
    letter.why = fault[:400]
    if not fault:
        letter.status, letter.sent_at, letter.next_at = Letter.Status.SENT, now, None
        letter.text = ""  # it may hold a link that acts; nobody needs it any more
    elif is_final or letter.attempts > len(WAITS_S):
        letter.status, letter.next_at = Letter.Status.FAILED, None
    else:
        letter.next_at = now + timedelta(seconds=WAITS_S[letter.attempts - 1])
    letter.save(update_fields=["attempts", "why", "status", "sent_at", "next_at", "text"])
