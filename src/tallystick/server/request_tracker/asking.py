"""A ticket as a request for a work order. What is too long is cut and says so; nothing is guessed."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _

from tallystick.connectors.request_tracker.answers import Said, Ticket
from tallystick.connectors.request_tracker.client import RequestTracker
from tallystick.server.desk.mail.reading import plain
from tallystick.server.request_tracker.models import Tracker

SUBJECT: Final = 254
TEXT: Final = 32_000
REQUESTER: Final = 330
FIELDS: Final = ("problem", "shop", "priority", "business_unit", "assets")
"""What of a request stands in custom fields; assets may be several."""


def request_of(tracker: Tracker, tickets: RequestTracker, ticket: Ticket) -> dict[str, Any]:
    """The body of work_order.create. Raises what asking raises."""
    body: dict[str, Any] = {
        "reference": f"#{ticket.id}",
        "subject": cut(ticket.subject or _("Ticket {number}").format(number=ticket.id), SUBJECT),
    }
    description = words_of(tickets.first_said(ticket.id))
    if description:
        body["description"] = description
    for name in FIELDS:
        values = [one.strip() for one in ticket.fields.get(str(tracker.fields.get(name, "")), ()) if one.strip()]
        if name == "assets":
            values = [code for one in values for code in one.replace(",", " ").split()]
        if values:
            body[name] = list(dict.fromkeys(values)) if name == "assets" else values[0]
    if ticket.requestors:
        name, email = tickets.email_of(ticket.requestors[0])
        body["requester"] = cut(name or email or ticket.requestors[0], REQUESTER)
    if ticket.owner:
        name, email = tickets.email_of(ticket.owner)
        if "@" in email and len(email) <= SUBJECT:
            body["contact"] = {"name": name[:200], "email": email}
    return body


def words_of(said: Said) -> str:
    """What somebody wrote, as text; files beside it are named by their count, for they stay on the ticket."""
    text = (plain(said.text) if said.is_html else said.text).replace("\r\n", "\n").replace("\0", "").strip()
    if said.others:
        remark = _("Files on the ticket: {count}").format(count=said.others)
        text = f"{text}\n\n[{remark}]".strip()
    return cut(text, TEXT)


def cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    remark = _("… [cut; the ticket has the whole]")
    return text[: longest - len(remark)] + remark
