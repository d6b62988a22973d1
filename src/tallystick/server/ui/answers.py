"""Errors of ours as statuses and words. One table for pages, fragments and the API."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from tallystick.errors import (
    AlreadyDecided,
    ChangedMeanwhile,
    ConfigurationError,
    DocumentErrors,
    InputRefused,
    LinkExpired,
    NotAllowed,
    NotFound,
    PlanRefused,
    RecordError,
    ScopeBusy,
    StaleDecision,
    StateTooNew,
    StateUnusable,
    SystemFault,
    TallystickError,
    Throttled,
    Unreachable,
)
from tallystick.server.ui import sayings

STATUSES: Final[tuple[tuple[type[TallystickError], int], ...]] = (
    (NotAllowed, 403),
    (NotFound, 404),
    (LinkExpired, 410),
    (ChangedMeanwhile, 409),
    (StaleDecision, 409),
    (AlreadyDecided, 409),
    (PlanRefused, 409),
    (ScopeBusy, 409),
    (InputRefused, 422),
    (RecordError, 422),
    (StateUnusable, 503),
    (StateTooNew, 503),
    (ConfigurationError, 422),
    (Throttled, 429),
    (Unreachable, 502),
    (SystemFault, 502),
)
"""The first kind that fits counts."""


HEADINGS: Final = {
    403: _("Not allowed"),
    404: _("Not found"),
    409: _("Somebody or something was faster"),
    410: _("No longer there"),
    422: _("That cannot be done so"),
    429: _("Too much at once"),
    502: _("A system does not answer"),
    503: _("The database cannot be used"),
}


class Audience(enum.Enum):
    """Who reads the answer."""

    PAGE = enum.auto()
    FRAGMENT = enum.auto()  # htmx puts it into a page
    PROGRAM = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error as it is answered. `reference` finds it in the log; empty where the sentence says everything."""

    status: int
    code: str
    title: str
    message: str
    hint: str = ""
    reference: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def heading(self) -> str:
        """The title for people, in their language."""
        is_plain = self.title == HTTPStatus(self.status).phrase
        return str(HEADINGS.get(self.status, self.title)) if is_plain else self.title

    def shown(self) -> dict[str, Any]:
        """As problem+json (RFC 9457)."""
        found: dict[str, Any] = {
            "type": f"urn:tallystick:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.message,
            "code": self.code,
        }
        for name in ("hint", "reference", "fields"):
            if value := getattr(self, name):
                found[name] = value
        return found


def problem_of(error: TallystickError) -> Problem:
    """How an error of ours is answered."""
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    fields = error.fields if isinstance(error, InputRefused) else {}
    message = error.message
    if isinstance(error, DocumentErrors):
        message = " ".join(str(fault) for fault in error.faults[:5]) or error.message
    return Problem(
        status=status,
        code=error.code,
        title=HTTPStatus(status).phrase,
        message=sayings.said(message),
        hint=sayings.said(error.hint),
        fields=dict(fields),
    )
