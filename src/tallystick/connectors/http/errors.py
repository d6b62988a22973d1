"""Foreign faults, from sockets to status codes, as errors of ours."""

from __future__ import annotations

import email.utils
import ssl
from datetime import datetime

import httpx

from tallystick.errors import (
    CertificateRefused,
    PermissionRefused,
    SignInFailed,
    SystemFault,
    TallystickError,
    Throttled,
    Unreachable,
)


class AnswerLost(SystemFault):
    """The request may have arrived, but no whole answer came back: written or not, nobody knows (E28)."""

    code = "answer_lost"


class AnswerTooLarge(SystemFault):
    """The answer is larger than the limit; it was not read to its end."""

    code = "answer_too_large"


NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def of_transport(error: httpx.TransportError, host: str) -> TallystickError:
    """Unreachable or CertificateRefused when certainly nothing was sent, else AnswerLost."""
    verification = _cause(error, ssl.SSLCertVerificationError)
    if verification is not None:
        return CertificateRefused(
            f"The certificate of {host} is refused: {_certificate_fault(verification)}.",
            hint="Renew it on the server, or name its authority in `ca_file`.",
        )
    if isinstance(error, NEVER_SENT):
        if isinstance(error, httpx.TimeoutException):
            return Unreachable(
                f"{host} did not accept a connection in time.",
                hint="Check that it runs and that no firewall is between.",
            )
        if _cause(error, ssl.SSLError) is not None:
            return Unreachable(
                f"{host} does not speak TLS at this port.", hint="Check https or http and the port in `url`."
            )
        return Unreachable(
            f"{host} cannot be reached ({_reason(error)}).", hint="Check the name, the port and that the server runs."
        )
    if isinstance(error, httpx.TimeoutException):
        return AnswerLost(f"{host} did not answer in time.")
    return AnswerLost(f"{host} broke the connection off before its answer was complete.")


def _cause(error: BaseException | None, kind: type[BaseException]) -> BaseException | None:
    while error is not None:
        if isinstance(error, kind):
            return error
        error = error.__cause__ or error.__context__
    return None


def _certificate_fault(error: BaseException) -> str:
    text = getattr(error, "verify_message", "") or str(error)
    return text.rstrip(".")


def _reason(error: BaseException) -> str:
    cause = _cause(error, OSError)
    text = (cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)) or "no connection"
    return text.rstrip(".")


def retry_after_s(headers: httpx.Headers, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, from a number or a date; None without a usable one."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    if text.isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max(0.0, (moment - now).total_seconds())


def of_status(status: int, *, host: str, what: str, user: str = "", wait_s: float | None = None) -> TallystickError:
    """The error for a status that refuses a whole request; `what` names it in words ("the address book X")."""
    match status:
        case 401:
            who = f"the user name {user} and its password" if user else "the sign-in"
            return SignInFailed(
                f"{host} refused {who}.", hint="Correct `username` and `password` (or `token`) of this system."
            )
        case 403:
            return PermissionRefused(
                f"{host} does not permit to read {what}.",
                hint="Ask its administrator for the right, or use another user.",
            )
        case 429 | 503:
            return Throttled(f"{host} asks to slow down ({status}).", retry_after_s=wait_s)
        case _ if 300 <= status < 400:
            return SystemFault(
                f"{host} answered for {what} with a redirect, probably to a sign-in page.",
                hint="Correct `url`, or the sign-in.",
            )
        case _:
            return SystemFault(f"{host} answered {status} for {what}.")
