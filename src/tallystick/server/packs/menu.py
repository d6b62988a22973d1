"""What packs add to the navigation, and to pages of the CRM's records."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.packs import assets_tour, tours
from tallystick.server.packs.desk import asset_panel, case_panel
from tallystick.server.packs.views import VIEW
from tallystick.server.people.words import name_actions
from tallystick.server.records import panels
from tallystick.server.ui import navigation
from tallystick.server.ui.navigation import Entry, Section


def add() -> None:
    """Called once, when Django is ready."""
    name_actions({"packs.install": _("Pack installed")})
    navigation.add(
        Entry(
            section=Section.INTEGRATION,
            order=5,
            title=_("Packs"),
            icon="deployed_code",
            url="packs:catalogue",
            permissions=(VIEW,),
        ),
        Entry(section=Section.OVERVIEW, order=70, title=_("Guided tours"), icon="tour", url="packs:tours"),
    )
    tours.add(assets_tour.tour())
    panels.add("installed_asset", asset_panel)
    panels.add("case", case_panel)
