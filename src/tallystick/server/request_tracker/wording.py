"""What is written on a ticket, in the language of the hub. The subject of a comment carries the message's id, by which
it is found again when the answer to writing it was lost, and known as the hub's own when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from tallystick.server.desk import operations as desk
from tallystick.server.request_tracker import operations

_MARK: Final = re.compile(r"\[([A-Za-z0-9._:-]{1,64})\]$")


def subject_of(id_: str, body: Mapping[str, Any]) -> str:
    """Always the same for a message, in any language."""
    return f"{body.get('number') or 'Work order'} [{id_}]"


def id_in(subject: str) -> str:
    """The message whose comment has this subject; empty for a comment of somebody else."""
    found = _MARK.search(subject)
    return found[1] if found else ""


def text_of(operation: str, body: Mapping[str, Any]) -> str:
    """Empty where there is nothing to be said."""
    number = str(body.get("number", ""))
    match operation:
        case operations.ANSWER:
            return _answer(body, number)
        case desk.STATUS_CHANGED:
            text = _("Work order {number}: {status}.").format(number=number, status=status_name(body))
            return "\n\n".join(part for part in (text, str(body.get("resolution", ""))) if part)
        case desk.DESCRIPTION_CHANGED:
            text = _("Work order {number} is now described so:").format(number=number)
            parts = (text, str(body.get("subject", "")), str(body.get("description", "")))
            return "\n\n".join(part for part in parts if part)
        case desk.INFORMATION_REQUESTED:
            text = _("{who} asks about work order {number}:").format(who=_who(body, "asked_by"), number=number)
            return "\n\n".join((text, str(body["text"]), _("Answer with a comment on this ticket.")))
        case desk.NOTE_ADDED:
            text = _("{who} writes in work order {number}:").format(who=_who(body, "author"), number=number)
            return "\n\n".join((text, str(body["text"])))
    return ""


def status_name(body: Mapping[str, Any]) -> str:
    status = body.get("status") or {}
    return str(status.get("name") or status.get("code") or "")


def _answer(body: Mapping[str, Any], number: str) -> str:
    errors = "\n".join(f"- {one}" for one in body.get("errors", ()))
    match body["asked"], bool(errors):
        case (("create" | "more"), False):
            return _("Work order {number} was made: {status}.").format(number=number, status=status_name(body))
        case "relate", False:
            return _("This ticket follows work order {number} now: {status}.").format(
                number=number, status=status_name(body)
            )
        case "create", True:
            text = _("Maintenance made no work order:")
            return "\n\n".join((text, errors, _("Correct the ticket; it is asked again when it was changed.")))
        case "more", True:
            text = _("Maintenance made no further work order:")
            return "\n\n".join((text, errors, _("Correct the ticket, then ask once more.")))
        case "relate", True:
            return "\n\n".join((_("Maintenance has not related the work order:"), errors))
    return "\n\n".join((_("Maintenance did not take the comment:"), errors))


def _who(body: Mapping[str, Any], name: str) -> str:
    return str(body.get(name) or _("Maintenance"))
