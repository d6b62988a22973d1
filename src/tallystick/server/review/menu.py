"""What the queue adds to the navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.people.actor import Actor
from tallystick.server.people.words import name_actions
from tallystick.server.ui import navigation


def add() -> None:
    """Called once, when Django is ready."""
    name_actions(
        {
            "review.approve_run": _("Held run approved"),
            "review.refuse_run": _("Held run kept held"),
        }
    )
    navigation.add(
        navigation.Entry(
            section=navigation.Section.OVERVIEW,
            order=20,
            title=_("Review queue"),
            icon="rule",
            url="review:queue",
            permissions=("review.view_question",),
            count=_waiting,
            key="g q",
        )
    )


def _waiting(actor: Actor) -> int:
    from tallystick.server.state.of_hub import looking

    return looking().waiting_count(navigation.MOST_COUNTED + 1)
