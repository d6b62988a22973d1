"""The certificate that emails are taken under, encrypted by STARTTLS; renewed files are used without a restart."""

from __future__ import annotations

import ssl
from pathlib import Path

import structlog

from tallystick.errors import ConfigurationError

log = structlog.get_logger("tallystick.mail")


class Certificate:
    """`key` None: it stands in the file of the certificate. Raises ConfigurationError for files that do not fit."""

    def __init__(self, certificate: Path, key: Path | None) -> None:
        self._certificate, self._key = certificate, key
        try:
            self._seen, self._context = self._changed_at(), self._read()
        except (OSError, ValueError) as error:  # an SSLError is an OSError
            raise ConfigurationError(
                f"Emails cannot be taken under the certificate {certificate}: {_why(error)}.",
                hint="Name the file of the certificate with its chain in TALLYSTICK_MAIL_CERTIFICATE, that of its key "
                "without a password in TALLYSTICK_MAIL_KEY.",
            ) from error

    def context(self) -> ssl.SSLContext:
        """For the next connection; files that do not fit leave the one before in use."""
        try:
            changed_at = self._changed_at()
            if changed_at != self._seen:
                self._seen, self._context = changed_at, self._read()
                log.info("the certificate of emails was read again", file=str(self._certificate))
        except (OSError, ValueError) as error:
            log.warning("the certificate of emails stays as it was", file=str(self._certificate), error=_why(error))
        return self._context

    def _changed_at(self) -> tuple[int, ...]:
        return tuple(file.stat().st_mtime_ns for file in (self._certificate, self._key) if file is not None)

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._certificate, self._key, password=_none)
        return context


def _none() -> bytes:
    """OpenSSL would ask at the terminal."""
    return b""


def _why(error: Exception) -> str:
    return (getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)).rstrip(".")
