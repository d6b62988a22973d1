"""One tree of errors, grouped by how one recovers (spec/engine.md E30).

An error carries facts and a stable code; it is worded once, at the edge, as a sentence: what happened, to
which record, what to do next. No secret and no whole record ever stands in a message.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Recovery(enum.StrEnum):
    """How one gets on after an error. Source: spec/engine.md E30."""

    RETRY = "retry"
    WAIT = "wait"
    FIX_CONFIGURATION = "fix configuration"
    ASK_PERSON = "ask a person"
    SKIP_RECORD = "skip record"
    BUG = "bug"


class TallystickError(Exception):
    """Root of the tree. `message` is a sentence without secrets, `hint` says what to do next."""

    code = "error"
    recovery = Recovery.BUG

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


# --- fix configuration: a file, a setting or a permission has to change first ---------------------------------


class ConfigurationError(TallystickError):
    """Something a person configured is wrong; nothing was read or written."""

    code = "configuration"
    recovery = Recovery.FIX_CONFIGURATION


class DocumentError(ConfigurationError):
    """The integration file is wrong at a place: `file`, `line` (from 1) and `key` (dotted path)."""

    code = "document"

    def __init__(self, message: str, *, file: str = "", line: int = 0, key: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.file = file
        self.line = line
        self.key = key

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        key = f"{self.key}: " if self.key else ""
        return f"{place}{key}{super().__str__()}"


class DocumentErrors(ConfigurationError):
    """All faults of one integration file, so that a person can mend them in one go."""

    code = "document"

    def __init__(self, faults: tuple[DocumentError, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class UnknownRecordType(ConfigurationError):
    """The system has no such table, collection or entity set."""

    code = "unknown_record_type"


class RecordTypeGone(UnknownRecordType):
    """The system has no such record type any more: its flow pauses until it is back (E11)."""

    code = "record_type_gone"


class UnknownField(ConfigurationError):
    """The record type has no such field."""

    code = "unknown_field"


class KeyNotUnique(ConfigurationError):
    """Two records of one listing carry the same key; the key named in the flow does not identify records."""

    code = "key_not_unique"


class SignInFailed(ConfigurationError):
    """The system refused the user name, password or token (401)."""

    code = "sign_in_failed"


class PermissionRefused(ConfigurationError):
    """Signed in, but not allowed (403)."""

    code = "permission_refused"


class CollectionGone(ConfigurationError):
    """The collection, table or entity set itself answered 404: never a deletion of its records (E1)."""

    code = "collection_gone"


class CertificateRefused(ConfigurationError):
    """The TLS certificate of the system is expired, self-signed or for another host."""

    code = "certificate_refused"


class AddressRefused(ConfigurationError):
    """The address points where connections may not go (inside the network, a metadata service)."""

    code = "address_refused"


class StateTooNew(ConfigurationError):
    """The state database was written by a newer version of the product."""

    code = "state_too_new"


class StateUnusable(ConfigurationError):
    """The state database cannot be opened or written: read-only, damaged, no permission, disk full."""

    code = "state_unusable"


# --- wait or retry: the world is not ready ---------------------------------------------------------------------


class Unreachable(TallystickError):
    """No answer: host down, name unknown, connection refused, time-out before anything was sent."""

    code = "unreachable"
    recovery = Recovery.RETRY


class Throttled(TallystickError):
    """The system asks to slow down; `retry_after_s` is what it said, or None."""

    code = "throttled"
    recovery = Recovery.WAIT

    def __init__(self, message: str, *, retry_after_s: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class SystemFault(TallystickError):
    """The system answered, but wrongly: 500, HTML instead of data, a broken page."""

    code = "system_fault"
    recovery = Recovery.RETRY


class ScopeBusy(TallystickError):
    """Another run holds this scope (E32)."""

    code = "scope_busy"
    recovery = Recovery.WAIT


class CursorRefused(TallystickError):
    """The system no longer accepts the cursor; a full listing is the way on."""

    code = "cursor_refused"
    recovery = Recovery.RETRY


# --- ask a person ----------------------------------------------------------------------------------------------


class StaleDecision(TallystickError):
    """The records changed since the question was shown (E17)."""

    code = "stale_decision"
    recovery = Recovery.ASK_PERSON


class AlreadyDecided(TallystickError):
    """Somebody else answered first."""

    code = "already_decided"
    recovery = Recovery.ASK_PERSON


class PlanRefused(TallystickError):
    """A plan artefact cannot be applied: altered, of another integration file, or already applied."""

    code = "plan_refused"
    recovery = Recovery.ASK_PERSON


class NotAllowed(TallystickError):
    """The person, token or role lacks the permission for this; `permission` names it."""

    code = "not_allowed"
    recovery = Recovery.ASK_PERSON

    def __init__(self, message: str, *, permission: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.permission = permission


class NotFound(TallystickError):
    """What was asked for by its id or name is not there, or not for this person to see."""

    code = "not_found"
    recovery = Recovery.ASK_PERSON


class InputRefused(TallystickError):
    """What a person or program entered cannot be taken; `fields` has a sentence for each field that is wrong."""

    code = "input_refused"
    recovery = Recovery.ASK_PERSON

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.fields = dict(fields or {})


class ChangedMeanwhile(TallystickError):
    """Somebody changed it since this person opened it; `by` and `at` (ISO 8601) say who and when, where known."""

    code = "changed_meanwhile"
    recovery = Recovery.ASK_PERSON

    def __init__(self, message: str, *, by: str = "", at: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.by = by
        self.at = at


class LinkExpired(TallystickError):
    """A one-time link was used already or is too old."""

    code = "link_expired"
    recovery = Recovery.ASK_PERSON


# --- skip the record -------------------------------------------------------------------------------------------


class RecordError(TallystickError):
    """One record cannot be translated, read or written; the others go on (E7)."""

    code = "record"
    recovery = Recovery.SKIP_RECORD
