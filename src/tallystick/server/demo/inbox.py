"""The mail server of the demo: everybody's inbox. It takes what the hub sends, keeps each letter as a file, and lets
whoever plays a requester write to the desk.
"""

from __future__ import annotations

import re
import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any, Final

from aiosmtpd.controller import Controller
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, NotFound
from tallystick.server.configuration import MailIntake
from tallystick.server.desk.mail import reading
from tallystick.server.desk.mail.reading import File, Mail

SENDER: Final = "Service desk <desk@tallystick.example>"
ADDRESS: Final = "desk@tallystick.example"
SHOWN: Final = 200
TIMEOUT_S: Final = 20
_NAME: Final = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{6} [\w -]{0,80}\.eml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One that the hub sent. `name` is its file's."""

    name: str
    at: datetime
    mail: Mail

    @property
    def to(self) -> str:
        return self.mail.first("to")

    @property
    def reply_to(self) -> str:
        return self.mail.first("reply-to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody who plays a requester writes. `answers` is the id of the letter it answers."""

    author: str
    to: str
    subject: str
    text: str
    answers: str = ""
    files: tuple[File, ...] = ()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, port: int) -> Iterator[None]:
    """While the block lasts, letters are taken for whomever."""
    folder.mkdir(exist_ok=True)
    controller = Controller(_Keeper(folder), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def letters(folder: Path, words: str = "") -> list[Letter]:
    """The last ones, the newest first."""
    names = sorted((file.name for file in folder.glob("*.eml") if _NAME.fullmatch(file.name)), reverse=True)
    found: list[Letter] = []
    wanted = words.casefold().split()
    for name in names:
        letter = _read(folder, name)
        about = f"{letter.to} {letter.mail.subject} {letter.mail.text}".casefold()
        if all(word in about for word in wanted):
            found.append(letter)
        if len(found) == SHOWN:
            break
    return found


def letter_of(folder: Path, name: str) -> Letter:
    """Raises NotFound."""
    if not _NAME.fullmatch(name) or not (folder / name).is_file():
        raise NotFound(_("There is no such letter."), hint=_("The inbox lists those there are."))
    return _read(folder, name)


def send(place: MailIntake, draft: Draft) -> None:
    """Hands an email over to the hub, as the requester's mail server would. Raises InputRefused."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = draft.author, draft.to, draft.subject
    message["Message-ID"] = make_msgid(domain="requesters.example")
    if draft.answers:
        message["In-Reply-To"] = message["References"] = f"<{draft.answers}>"
    message.set_content(draft.text)
    for file in draft.files:
        main, _slash, sub = file.media.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub or "octet-stream", filename=file.name)
    try:
        with smtplib.SMTP(place.host, place.port, timeout=TIMEOUT_S) as server:
            server.send_message(message, draft.author, [draft.to])
    except smtplib.SMTPRecipientsRefused:
        raise InputRefused(
            _("Nothing was sent."), fields={"to": _("The hub takes no emails for this address.")}
        ) from None
    except smtplib.SMTPException as error:
        said = getattr(error, "smtp_error", b"")
        why = said.decode("utf-8", "replace") or str(error)
        raise InputRefused(_("The hub did not take it: {why}").format(why=why)) from error
    except OSError as error:
        raise InputRefused(_("The hub takes no emails now: {why}.").format(why=error.strerror or error)) from error


class _Keeper:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        content = bytes(envelope.content)
        words = re.sub(r"[^\w-]+", "-", reading.read(content).subject or "letter").strip("-")[:60]
        (self._folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f} {words}.eml").write_bytes(content)
        return "250 Kept"


def _read(folder: Path, name: str) -> Letter:
    raw = (folder / name).read_bytes()
    at = datetime.strptime(name[:22], "%Y%m%d-%H%M%S-%f").replace(tzinfo=UTC)
    return Letter(name=name, at=at, mail=reading.read(raw, is_whole=True))
