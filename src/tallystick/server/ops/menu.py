"""What operations add to the navigation and to the palette."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tallystick.server.people.actor import Actor
from tallystick.server.people.words import name_actions
from tallystick.server.ui import navigation, palette

Entry = navigation.Entry
Section = navigation.Section


def add() -> None:
    """Called once, when Django is ready."""
    name_actions(
        {
            "ops.link": _("Records linked by hand"),
            "ops.unlink": _("Records unlinked by hand"),
            "ops.undo_run": _("Run taken back"),
            "ops.stop": _("Integration stopped"),
            "ops.resume": _("Stopped integration resumed"),
        }
    )
    see_runs, see_journal = ("ops.view_run",), ("ops.view_journal",)
    navigation.add(
        Entry(
            section=Section.OVERVIEW,
            order=10,
            title=_("Dashboard"),
            icon="monitoring",
            url="ops:dashboard",
            permissions=see_runs,
            key="g d",
        ),
        Entry(
            section=Section.OVERVIEW,
            order=30,
            title=_("Runs"),
            icon="sync",
            url="ops:runs",
            permissions=see_runs,
            key="g r",
        ),
        Entry(
            section=Section.OVERVIEW,
            order=40,
            title=_("Journal"),
            icon="history",
            url="ops:journal",
            permissions=see_journal,
            key="g j",
        ),
        Entry(
            section=Section.OVERVIEW,
            order=50,
            title=_("Why"),
            icon="help_center",
            url="ops:why",
            permissions=see_journal,
            key="g w",
        ),
        Entry(
            section=Section.INTEGRATION,
            order=40,
            title=_("Links"),
            icon="link",
            url="ops:links",
            permissions=("ops.view_link",),
            key="g l",
        ),
    )
    palette.register(palette.Source(title=_("Runs"), search=_runs, order=60))


def _runs(actor: Actor, query: str, limit: int) -> Iterable[palette.Hit]:
    from tallystick.server.state.of_hub import looking

    if not actor.may("ops.view_run") or len(query) < 6:
        return []
    return [
        palette.Hit(title=_now("Run {run}").format(run=run), url=reverse("ops:run", args=[run]), icon="sync")
        for run in looking().run_by_start(query)[:limit]
    ]
