"""A message and its answer as they travel: JSON, read strictly. No Django here."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

LARGEST_BYTES: Final = 1024 * 1024
DEEPEST: Final = 30
_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_MEMBERS: Final = frozenset({"id", "operation", "version", "subject", "sent_at", "body"})


class Malformed(ValueError):
    """Not a message, or not an answer; the text is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a request: `field` is its place in the body, empty for the whole."""

    code: str
    field: str = ""
    message: str

    def shown(self) -> dict[str, str]:
        return {"code": self.code, "field": self.field, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """`id` is the correlation id: a message that is sent again keeps it."""

    id: str
    operation: str
    version: int
    body: Mapping[str, Any]
    subject: str = ""  # messages of one subject are delivered in order
    sent_at: datetime | None = None


class Outcome(enum.StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the receiver says: a body, or what is wrong with the request. Source: spec/work-orders.md W6, W7."""

    outcome: Outcome
    body: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[Fault, ...] = ()

    @property
    def is_accepted(self) -> bool:
        return self.outcome is Outcome.ACCEPTED


def accepted(body: Mapping[str, Any] | None = None) -> Answer:
    return Answer(outcome=Outcome.ACCEPTED, body=body or {})


def refused(*errors: Fault) -> Answer:
    return Answer(outcome=Outcome.REFUSED, errors=errors)


def encode(message: Envelope) -> bytes:
    shown = {
        "id": message.id,
        "operation": message.operation,
        "version": message.version,
        "subject": message.subject,
        "sent_at": message.sent_at.astimezone(UTC).isoformat() if message.sent_at else None,
        "body": dict(message.body),
    }
    return _dumped(shown)


def decode(raw: bytes) -> Envelope:
    """Raises Malformed."""
    given = _object(raw, "The message")
    if unknown := sorted(set(given) - _MEMBERS):
        raise Malformed(f"The message has members that are not known: {', '.join(unknown)[:200]}.")
    id_, name, version, body = (given.get(member) for member in ("id", "operation", "version", "body"))
    if not isinstance(id_, str) or not _ID.fullmatch(id_):
        raise Malformed("The message needs an `id` of 1 to 64 letters, digits, dots, colons, dashes or underscores.")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > 80:
        raise Malformed("The message needs the name of an `operation`, like work_order.create.")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= 999:
        raise Malformed("The message needs the `version` of its operation, a whole number.")
    if not isinstance(body, dict):
        raise Malformed("The message needs a `body`, an object.")
    subject = given.get("subject") or ""
    if not isinstance(subject, str) or len(subject) > 100:
        raise Malformed("The `subject` of a message is a text of up to 100 characters.")
    return Envelope(id=id_, operation=name, version=version, body=body, subject=subject, sent_at=_moment(given))


def encode_answer(id_: str, answer: Answer) -> bytes:
    shown = {
        "id": id_,
        "outcome": answer.outcome.value,
        "body": dict(answer.body),
        "errors": [fault.shown() for fault in answer.errors],
    }
    return _dumped(shown)


def decode_answer(raw: bytes, id_: str) -> Answer:
    """The answer to the message of this id. Raises Malformed, also for an error in the clothes of an answer."""
    given = _object(raw, "The answer")
    if given.get("id") != id_:
        raise Malformed("The answer is not to this message: its `id` is another.")
    try:
        outcome = Outcome(given.get("outcome", ""))
    except ValueError:
        raise Malformed("The answer says neither accepted nor refused.") from None
    body, errors = given.get("body"), given.get("errors")
    body, errors = {} if body is None else body, [] if errors is None else errors
    if not isinstance(body, dict) or not isinstance(errors, list):
        raise Malformed("The `body` of an answer is an object, its `errors` are a list.")
    faults = tuple(_fault(one) for one in errors[:100])
    if outcome is Outcome.ACCEPTED and faults:
        raise Malformed("The answer says accepted and has errors inside.")
    if outcome is Outcome.REFUSED and not faults:
        raise Malformed("The answer says refused and has no errors.")
    return Answer(outcome=outcome, body=body, errors=faults)


def fault_of(given: Mapping[str, Any]) -> Fault:
    """A fault as `shown` gave it."""
    return Fault(
        code=str(given.get("code", "")), field=str(given.get("field", "")), message=str(given.get("message", ""))
    )


def _fault(given: object) -> Fault:
    if not isinstance(given, dict) or not isinstance(given.get("message"), str) or not given["message"].strip():
        raise Malformed("Each of the `errors` has a `message`.")
    one = fault_of(given)
    return Fault(code=one.code[:60], field=one.field[:100], message=one.message[:1_000])


def _object(raw: bytes, what: str) -> dict[str, Any]:
    if len(raw) > LARGEST_BYTES:
        raise Malformed(f"{what} is larger than 1 MiB.")
    try:
        text = raw.decode("utf-8")
        given = json.loads(text, parse_constant=_no_number)
        if "\\" in text or "\0" in text:
            json.dumps(given, ensure_ascii=False).encode("utf-8")  # an escape may hide what is no character
    except (ValueError, RecursionError):
        raise Malformed(f"{what} is not JSON that can be read.") from None
    if "\\u0000" in text or "\0" in text:
        raise Malformed(f"{what} holds a NUL character.")
    if not isinstance(given, dict):
        raise Malformed(f"{what} is not an object.")
    if _depth(given) > DEEPEST:
        raise Malformed(f"{what} is nested too deeply.")
    return given


def _depth(value: object) -> int:
    deepest, level = 0, [value]
    while level:
        deepest += 1
        if deepest > DEEPEST:
            break
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return deepest


def _moment(given: Mapping[str, Any]) -> datetime | None:
    text = given.get("sent_at")
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        raise Malformed("`sent_at` is a moment like 2026-11-22T09:30:00Z.") from None


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _dumped(shown: Mapping[str, Any]) -> bytes:
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
