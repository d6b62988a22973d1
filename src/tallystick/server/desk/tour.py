"""The guided tour of the work order pack. Source: spec/work-orders.md; scenarios S5-S8."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext_lazy, ngettext

from tallystick.server.desk.domain.help_desk import REQUEST
from tallystick.server.desk.domain.technician import CHANGE
from tallystick.server.desk.mail import addresses, deciding
from tallystick.server.desk.models import CaseOrder, Conversation, Email, OrderNote, Satisfaction, WorkOrder
from tallystick.server.desk.operations import PACK
from tallystick.server.messages.course import State
from tallystick.server.messages.models import Direction, Peer, Transaction
from tallystick.server.messages.queries import VIEW
from tallystick.server.packs.tours import Place, Standing, Step, Tour
from tallystick.server.records.record_types import record_type

_CASE: Final = ("records.view_case",)
_ORDER: Final = ("desk.view_work_order",)
_COUNTED: Final = 10_000
"""More are not counted: the page stays quick."""


def _has_inbox() -> bool:
    return settings.CONFIGURATION.inbox is not None and addresses.intake() is not None


def _count(rows: Any) -> int:
    return int(rows.order_by()[:_COUNTED].count())


def _came() -> Standing:
    count = _count(Email.objects.filter(state=Email.State.TAKEN, is_answer=False))
    note = ngettext("{number} case came by email.", "{number} cases came by email.", count)
    return Standing(is_done=count > 0, note=note.format(number=count))


def _left_alone() -> Standing:
    count = _count(Email.objects.filter(state=Email.State.ASIDE))
    note = ngettext("{number} email was left alone.", "{number} emails were left alone.", count)
    return Standing(is_done=count > 0, note=note.format(number=count))


def _asked() -> Standing:
    count = _count(CaseOrder.objects.exclude(number=""))
    note = ngettext("{number} work order is on a case.", "{number} work orders are on cases.", count)
    return Standing(is_done=count > 0, note=note.format(number=count))


def _refused() -> Standing:
    waiting = _count(CaseOrder.objects.filter(transaction__state=State.REFUSED))
    corrected = _count(
        Transaction.objects.filter(
            direction=Direction.OUT, operation="work_order.create", state=State.DONE, attempts__gt=1
        )
    )
    note = ngettext(
        "{number} refused request waits to be corrected.", "{number} refused requests wait to be corrected.", waiting
    )
    return Standing(is_done=corrected > 0, note=note.format(number=waiting))


def _worked() -> Standing:
    count = _count(WorkOrder.objects.filter(gone_at__isnull=True, started_at__isnull=False))
    note = ngettext("{number} work order was begun.", "{number} work orders were begun.", count)
    return Standing(is_done=count > 0, note=note.format(number=count))


def _replied() -> Standing:
    awaiting = _count(Conversation.objects.filter(reply=Conversation.Reply.AWAITING))
    answers = _count(OrderNote.objects.filter(question__isnull=False))
    note = ngettext("{number} technician awaits a reply.", "{number} technicians await a reply.", awaiting)
    return Standing(is_done=answers > 0, note=note.format(number=awaiting))


def _told() -> Standing:
    count = _count(CaseOrder.objects.filter(status__in=("completed", "closed")))
    note = ngettext("{number} work order is completed.", "{number} work orders are completed.", count)
    return Standing(is_done=count > 0, note=note.format(number=count))


def _satisfied() -> Standing:
    asked = Satisfaction.objects.all()
    count = _count(asked.filter(answered_at__isnull=False))
    note = ngettext("{number} requester answered.", "{number} requesters answered.", count)
    return Standing(is_done=count > 0, note=note.format(number=count))


def _kept() -> Standing:
    count = _count(Transaction.objects.all())
    note = ngettext("{number} message is kept.", "{number} messages are kept.", count)
    return Standing(is_done=count > 0, note=note.format(number=count))


def _others() -> Standing:
    count = _count(Peer.objects.filter(is_own=False, is_enabled=True))
    note = ngettext("{number} other system is a partner.", "{number} other systems are partners.", count)
    return Standing(is_done=count > 0, note=note.format(number=count))


def tour() -> Tour:
    cases = Place(title=record_type("case").plural, url="records:case", permissions=_CASE)
    asked = Place(
        title=gettext_lazy("Cases of the help desk"), url="records:case", query="kind=help_desk", permissions=_CASE
    )
    inbox = Place(
        title=gettext_lazy("Inbox of the demo"), url="demo:inbox", permissions=(*_CASE, CHANGE), is_there=_has_inbox
    )
    notices = Place(title=gettext_lazy("Notices"), url="desk:notices", permissions=(REQUEST,))
    bench = Place(title=gettext_lazy("Workbench"), url="desk:workbench", permissions=(CHANGE,))
    return Tour(
        name=PACK,
        title=gettext_lazy("Work orders from a help desk: guided tour"),
        summary=gettext_lazy(
            "From an email that something is broken to a requester who is satisfied: what the help desk and maintenance"
            " tell each other on the way, and where it is seen."
        ),
        steps=(
            Step(
                title=gettext_lazy("A requester writes"),
                text=gettext_lazy(
                    "An email to the help desk becomes a case; answers to it become notes of that case, by an address"
                    " only this hub can make. Whoever wrote is proposed as the requester, and somebody of the desk"
                    " says so: what an email tells of its sender proves nothing."
                ),
                see=gettext_lazy(
                    "Write one as a requester, then open its case: the card Emails has who it says it is from, and the"
                    " card Files what came with it."
                ),
                places=(
                    Place(
                        title=gettext_lazy("Write as a requester"),
                        url="demo:write",
                        permissions=_CASE,
                        is_there=_has_inbox,
                    ),
                    cases,
                ),
                standing=_came,
            ),
            Step(
                title=gettext_lazy("Machines are left alone"),
                text=gettext_lazy(
                    "Answers of somebody on holiday, lists, letters that come back and floods of one sender make no"
                    " case and get no answer, so that two machines never write to each other for ever. All of them are"
                    " kept, and a person can take any all the same."
                ),
                see=gettext_lazy("What was left alone, with the reason."),
                places=(
                    Place(
                        title=gettext_lazy("Emails"),
                        url="desk:emails",
                        query="state=aside",
                        permissions=(deciding.HANDLE,),
                    ),
                ),
                standing=_left_alone,
            ),
            Step(
                title=gettext_lazy("The case asks for work"),
                text=gettext_lazy(
                    "On a case of the help desk: Work order - new. Problem, shop and priority are maintenance's own"
                    " lists, assets are searched there while you type. The case shows number and status as soon as"
                    " maintenance answers."
                ),
                see=gettext_lazy("The card Work orders of a case; a case may have several."),
                places=(asked,),
                standing=_asked,
            ),
            Step(
                title=gettext_lazy("Every error at once"),
                text=gettext_lazy(
                    "Maintenance refuses what it cannot do and names all that is wrong. Nothing was made; correct the"
                    " request and send it again, as a further attempt of the same message."
                ),
                see=gettext_lazy("A case whose work order is Refused: Correct and send again."),
                places=(
                    Place(
                        title=gettext_lazy("Refused requests"),
                        url="messaging:monitor",
                        query="state=refused&direction=out",
                        permissions=(VIEW,),
                    ),
                    asked,
                ),
                standing=_refused,
            ),
            Step(
                title=gettext_lazy("A technician works"),
                text=gettext_lazy(
                    "The workbench has a technician's own orders, on a telephone too: take it, begin, put on hold,"
                    " complete, write notes that the help desk reads on the case."
                ),
                see=gettext_lazy("Sign in as the technician, take an order and begin it."),
                places=(
                    bench,
                    Place(title=record_type("work_order").plural, url="records:work_order", permissions=_ORDER),
                ),
                standing=_worked,
            ),
            Step(
                title=gettext_lazy("A question, answered by a link"),
                text=gettext_lazy(
                    "The technician asks; whoever asked for the work gets an email with a link. Opening it shows the"
                    " question, only sending the form answers, once, within seven days. A note on the case answers"
                    " as well."
                ),
                see=gettext_lazy("The letter in the inbox; then Awaiting a reply turns into Replied on the workbench."),
                places=(
                    inbox,
                    Place(
                        title=gettext_lazy("Awaiting a reply"),
                        url="desk:workbench",
                        query="tab=awaiting",
                        permissions=(CHANGE,),
                    ),
                ),
                standing=_replied,
            ),
            Step(
                title=gettext_lazy("The work is done"),
                text=gettext_lazy(
                    "Completing the order tells the case, and its agent in the hub and by email, as each of them chose."
                    " The order closes by itself after the days of its business unit; the case is not touched."
                ),
                see=gettext_lazy("The notice, and how you are told."),
                places=(
                    notices,
                    Place(
                        title=record_type("maintenance_unit").plural,
                        url="records:maintenance_unit",
                        permissions=("desk.view_maintenance_unit",),
                    ),
                ),
                standing=_told,
            ),
            Step(
                title=gettext_lazy("Is the requester satisfied?"),
                text=gettext_lazy(
                    "Resolved tells the requester, with a link to say whether it is so. Not satisfied opens the case"
                    " again, and another work order can follow. Closing a case tells maintenance nothing."
                ),
                see=gettext_lazy("Resolve a case, then follow the link in the letter."),
                places=(cases, inbox),
                standing=_satisfied,
            ),
            Step(
                title=gettext_lazy("Everything is kept"),
                text=gettext_lazy(
                    "Each message is one transaction with its attempts: answered, refused, lost and looked up, or"
                    " waiting for a person. Nothing is sent twice because an answer was lost."
                ),
                see=gettext_lazy("Search by number, name or word; open one for its body and its attempts."),
                places=(Place(title=gettext_lazy("Messages"), url="messaging:monitor", permissions=(VIEW,)),),
                standing=_kept,
            ),
            Step(
                title=gettext_lazy("Others take part"),
                text=gettext_lazy(
                    "Another help desk or another maintenance system takes either half: the messages are published"
                    " with their schemas, and signed both ways."
                ),
                see=gettext_lazy("Partners, with the address and secret that each gets once."),
                places=(
                    Place(title=gettext_lazy("Partners"), url="messaging:peers", permissions=("messaging.view_peer",)),
                ),
                standing=_others,
            ),
        ),
    )
