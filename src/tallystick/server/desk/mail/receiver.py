"""Takes emails from other mail servers by SMTP, for the addresses of the desk and no others.

It answers that an email is kept only when it is; until then the server before it keeps it and tries again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from django.db import DatabaseError, connections

from tallystick.errors import ConfigurationError
from tallystick.server.configuration import MailIntake
from tallystick.server.desk.mail import addresses, intake
from tallystick.server.desk.mail.certificate import Certificate
from tallystick.server.ui import mishaps

LARGEST_BYTES: Final = 40_000_000
"""Of an email on the wire, where files take a third more than by themselves."""
MOST_RECIPIENTS: Final = 20
LONGEST_LINE: Final = 1_000_000
log = structlog.get_logger("tallystick.mail")


@contextmanager
def receiving(place: MailIntake | None) -> Iterator[None]:
    """While the block lasts, emails are taken; without a place nothing is. Raises ConfigurationError."""
    if place is None:
        yield
        return
    certificate = Certificate(place.certificate, place.key) if place.certificate is not None else None
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail") as pool:
        controller = _Controller(_Handler(pool), hostname=place.host, port=place.port)
        controller.certificate = certificate
        try:
            controller.start()
        except (OSError, TimeoutError) as error:
            raise ConfigurationError(
                f"Emails cannot be taken at {place.host}:{place.port}: {error}.",
                hint="Free the port or write another one in TALLYSTICK_MAIL_LISTEN; one process of several takes them.",
            ) from error
        log.info("emails are taken", host=place.host, port=place.port, address=place.address)
        try:
            yield
        finally:
            controller.stop()


class _Smtp(SMTP):
    line_length_limit = LONGEST_LINE  # HTML on one line is common


class _Controller(Controller):
    certificate: Certificate | None = None

    def factory(self) -> SMTP:
        """One for each connection."""
        return _Smtp(
            self.handler,
            data_size_limit=LARGEST_BYTES,
            enable_SMTPUTF8=True,
            ident="Tallystick",
            hostname="localhost",
            timeout=120,
            tls_context=self.certificate.context() if self.certificate is not None else None,
        )


class _Handler:
    """One thread keeps and takes, so that the network never waits for the database."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        if not addresses.is_desk(address):
            return "550 5.1.1 There is no such address here"
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Right"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        sender = (envelope.mail_from or "").strip("<>")  # a mail server that tells of a fault has none: <>
        keep = _in_database(lambda: _kept(bytes(envelope.content), sender, envelope.rcpt_tos))
        try:
            number = await asyncio.get_running_loop().run_in_executor(self._pool, keep)
        except DatabaseError as error:
            log.warning("an email waits at its sender", error=type(error).__name__)
            return "451 4.3.0 It cannot be kept now, try again later"
        except Exception as error:  # noqa: BLE001  the outermost edge of the thread
            log.error("an email waits at its sender", reference=mishaps.keep(error))
            return "451 4.3.0 It cannot be kept now, try again later"
        if number is not None:
            self._pool.submit(_in_database(lambda: _taken(number)))
        return "250 2.0.0 Kept"


def _kept(raw: bytes, sender: str, sent_for: Sequence[str]) -> int | None:
    return intake.keep(raw, envelope_sender=sender, sent_for=sent_for)


def _taken(number: int) -> bool:
    try:
        return intake.take(number)
    except DatabaseError as error:  # it waits; the background takes it up
        log.warning("an email waits", number=number, error=type(error).__name__)
        return False


def _in_database(do: Callable[[], Any]) -> Callable[[], Any]:
    """A thread of a pool keeps no connection between two emails."""

    def done() -> Any:
        try:
            return do()
        finally:
            connections.close_all()

    return done
