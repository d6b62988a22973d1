"""What this room adds to the menu and to the palette."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tallystick.server.people.actor import Actor
from tallystick.server.people.words import name_actions
from tallystick.server.ui import navigation, palette
from tallystick.server.ui.navigation import Entry, Section


def add() -> None:
    """Called once, when Django is ready."""
    name_actions(
        {
            "designer.add_integration": _("Integration added"),
            "designer.change_integration": _("Integration changed"),
            "designer.delete_integration": _("Integration deleted"),
            "designer.enable_integration": _("Integration enabled"),
            "designer.disable_integration": _("Integration disabled"),
            "designer.drain_integration": _("Integration drained"),
            "designer.pause_integration": _("Integration paused"),
            "designer.resume_integration": _("Integration resumed"),
            "designer.run_integration": _("Run asked for"),
            "designer.apply_plan": _("Plan applied"),
            "designer.learn_weights": _("Learning of match weights asked for"),
            "designer.use_weights": _("Learned match weights switched on"),
            "designer.drop_weights": _("Learned match weights switched back"),
        }
    )
    navigation.add(
        Entry(
            section=Section.INTEGRATION,
            order=10,
            title=_("Integrations"),
            icon="sync_alt",
            url="designer:list",
            permissions=("designer.view_integration",),
            key="g i",
        )
    )
    palette.register(palette.Source(title=_("Integrations"), search=found))


def found(actor: Actor, query: str, limit: int) -> Iterable[palette.Hit]:
    if not actor.may("designer.view_integration"):
        return []
    from tallystick.server.designer.queries import integrations_for

    rows = integrations_for(actor).filter(Q(name__icontains=query) | Q(title__icontains=query))[:limit]
    return [palette.Hit(title=str(one), note=one.name, url=reverse("designer:one", args=[one.name])) for one in rows]
