"""Emails as people and machines send them, and a hub that takes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from tallystick.server.desk.mail import intake
from tallystick.server.desk.models import Email

DESK = "desk@hub.example"
RITA = "rita@example.com"


@dataclass
class Post:
    """Writes to the desk; each email another one."""

    count: int = 0
    sent: list[EmailMessage] = field(default_factory=list)

    def letter(self, text: str = "It is dark.", **given: Any) -> EmailMessage:
        """`files`: name -> content; `headers`: further ones."""
        self.count += 1
        message = EmailMessage()
        message["From"] = given.get("author", f"Rita Requester <{RITA}>")
        message["To"] = given.get("to", DESK)
        message["Subject"] = given.get("subject", "Lamp in hall 3")
        message["Message-ID"] = given.get("message_id", f"<m{self.count}@mail.example.com>")
        message["Date"] = "Sun, 01 Mar 2026 12:00:00 +0000"
        for name, value in given.get("headers", {}).items():
            message[name] = value
        message.set_content(text)
        for name, content in given.get("files", {}).items():
            message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
        return message

    def arrive(self, message: EmailMessage | bytes, *, sender: str = RITA, to: str = DESK) -> Email:
        """The email is kept and taken, as the receiver does it."""
        raw = message if isinstance(message, bytes) else message.as_bytes()
        number = intake.keep(raw, envelope_sender=sender, sent_for=[to])
        assert number is not None
        intake.take(number)
        return Email.objects.get(pk=number)

    def write(self, text: str = "It is dark.", *, sender: str = RITA, **given: Any) -> Email:
        return self.arrive(self.letter(text, **given), sender=sender, to=given.get("to", DESK))
