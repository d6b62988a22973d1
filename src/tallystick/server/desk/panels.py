"""What the desk adds to the pages of records: a case shows its work orders, a work order leads to the workbench."""

from __future__ import annotations

from functools import partial
from typing import Any

from tallystick.server.desk.domain import attachments
from tallystick.server.desk.domain.help_desk import FOR, REQUEST
from tallystick.server.desk.domain.replying import LONGEST
from tallystick.server.desk.mail import answers, deciding
from tallystick.server.desk.models import CaseOrder, Conversation, Email, Satisfaction
from tallystick.server.desk.shown import case_order_shown
from tallystick.server.messages.queries import VIEW
from tallystick.server.people.actor import Actor
from tallystick.server.records import panels
from tallystick.server.records.codes import CASE_STATUSES
from tallystick.server.records.models import Case
from tallystick.server.records.panels import Panel

MOST = 50
MOST_EMAILS = 10
MOST_FILES = 10


def add() -> None:
    """Called once, when Django is ready."""
    panels.add("case", case_panel)
    panels.add("case", end_panel)
    panels.add("case", email_panel)
    panels.add("case", partial(files_panel, type_="case"))
    panels.add("work_order", partial(files_panel, type_="work_order"))
    panels.add("work_order", order_panel)


def case_panel(actor: Actor, case_id: str) -> Panel | None:
    """The work orders of a case, and what can be done for it in maintenance."""
    if not actor.may_any(REQUEST, "desk.view_work_order"):
        return None
    case = Case.objects.filter(pk=case_id).first()
    rows = CaseOrder.objects.select_related("case", "peer", "transaction").filter(case=case_id).order_by("-pk")[:MOST]
    if case is None or (case.kind != FOR and not rows):
        return None
    shown = [case_order_shown(one) for one in rows]
    may_request = actor.may(REQUEST) and case.kind == FOR
    facts = {
        "rows": shown,
        "case": case,
        "may_request": may_request,
        "may_see_messages": bool(shown) and actor.may(VIEW),
    }
    return Panel(template="desk/case_panel.html", panel=facts)


def end_panel(actor: Actor, case_id: str) -> Panel | None:
    """Solved, closed, open again; and what the requester said."""
    case = Case.objects.select_related("person").filter(pk=case_id).first()
    if case is None or not actor.may("records.change_case"):
        return None
    status = CASE_STATUSES.behaves_like(case.status)
    asked = Satisfaction.objects.filter(case=case_id).order_by("-asked_at").first()
    email = answers.address_of(case)
    facts: dict[str, Any] = {
        "case": case,
        "asked": asked,
        "email": email,
        "is_open": status not in ("resolved", "closed", "cancelled"),
        "is_closed": status in ("closed", "cancelled"),
    }
    return Panel(template="desk/end_panel.html", panel=facts, is_aside=True)


def email_panel(actor: Actor, case_id: str) -> Panel | None:
    """Who wrote by email, how far that is proven, and a way to write back."""
    case = Case.objects.select_related("person").filter(pk=case_id).first()
    if case is None:
        return None
    rows = list(Email.objects.filter(case=case).defer("raw").order_by("-pk")[:MOST_EMAILS])
    to = answers.address_of(case)
    may_write = bool(to) and actor.may(answers.CHANGE) and actor.may(answers.ADD_NOTE)
    if not rows and not may_write:
        return None
    facts: dict[str, Any] = {
        "case": case,
        "rows": rows,
        "to": to,
        "may_write": may_write,
        "proposed": answers.proposed_for(case) if actor.may("records.view_person") else None,
        "may_change": actor.may(answers.CHANGE),
        "may_open": actor.may(deciding.HANDLE),
        "most": LONGEST,
    }
    return Panel(template="desk/email_panel.html", panel=facts)


def files_panel(actor: Actor, id_: str, *, type_: str) -> Panel | None:
    rows = list(attachments.of(actor, type_, id_)[:MOST_FILES])
    may_change = actor.may(attachments.kind_of(type_).permission("change"))
    if not rows and not may_change:
        return None
    facts = {"rows": rows, "type": type_, "id": id_, "may_change": may_change, "most": MOST_FILES}
    return Panel(template="desk/files_panel.html", panel=facts)


def order_panel(actor: Actor, order_id: str) -> Panel | None:
    if not actor.may("desk.change_work_order"):
        return None
    reply = Conversation.objects.filter(pk=order_id).first()
    return Panel(template="desk/order_panel.html", panel={"order": order_id, "reply": reply}, is_aside=True)
