"""What this room adds to the menu, and its acts in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.desk.domain import notices
from tallystick.server.desk.domain.help_desk import REQUEST
from tallystick.server.desk.domain.technician import CHANGE
from tallystick.server.desk.mail import deciding
from tallystick.server.desk.models import Email
from tallystick.server.people.actor import Actor
from tallystick.server.people.words import name_actions
from tallystick.server.ui import navigation
from tallystick.server.ui.navigation import Entry, Section


def add() -> None:
    """Called once, when Django is ready."""
    navigation.add(
        Entry(
            section=Section.OVERVIEW,
            order=40,
            title=_("Notices"),
            icon="notifications",
            url="desk:notices",
            permissions=(REQUEST,),
            count=notices.unread,
            key="g n",
        ),
        Entry(
            section=Section.OVERVIEW,
            order=45,
            title=_("Emails"),
            icon="mail",
            url="desk:emails",
            permissions=(deciding.HANDLE,),
            count=_not_taken,
        ),
        Entry(
            section=Section.OVERVIEW,
            order=50,
            title=_("Workbench"),
            icon="engineering",
            url="desk:workbench",
            permissions=(CHANGE,),
            key="g w",
        ),
        Entry(
            section=Section.RECORDS,
            order=17,
            title=_("Work orders"),
            icon="engineering",
            url="records:work_order",
            permissions=("desk.view_work_order",),
        ),
    )
    name_actions(
        {
            "desk.reply_refused": _("Reply by a link refused"),
            "desk.satisfied_refused": _("Answer of a requester refused"),
            "desk.map_status": _("Status of a maintenance system mapped"),
            "desk.take_email": _("Email taken that was left alone"),
            "desk.add_attachment": _("File added"),
            "desk.remove_attachment": _("File removed"),
        }
    )


def _not_taken(_actor: Actor) -> int:
    """Emails that went wrong: somebody has to look."""
    return Email.objects.filter(state=Email.State.FAILED)[: navigation.MOST_COUNTED + 1].count()
