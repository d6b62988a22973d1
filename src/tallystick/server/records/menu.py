"""What the records add to the navigation and the palette."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

from django.utils.translation import gettext_lazy as _

from tallystick.server.people.actor import Actor
from tallystick.server.people.words import name_actions
from tallystick.server.records import queries
from tallystick.server.records.domain.code_sets import MANAGE
from tallystick.server.records.record_types import BY_NAME, RecordType
from tallystick.server.records.search import glanced
from tallystick.server.records.titles import url_of
from tallystick.server.ui import navigation, palette
from tallystick.server.ui.navigation import Entry, Section

MENU: Final = (
    ("account", "g a"),
    ("person", "g p"),
    ("installed_asset", "g i"),
    ("case", "g c"),
    ("task", "g t"),
    ("calendar_item", "g k"),
    ("service_order", "g o"),
    ("lead", ""),
    ("opportunity", ""),
    ("product", ""),
)
"""Types with an entry of their own, with the keys that lead there; the others stand on the page "More records"."""
FOUND: Final = ("account", "person", "installed_asset", "case", "service_order", "task", "lead", "opportunity")


def add() -> None:
    """Called once, when Django is ready."""
    name_actions(
        {
            "records.add_code": _("Code added"),
            "records.change_code": _("Code changed"),
            "records.remove_code": _("Code removed"),
            "records.order_codes": _("Codes put into another order"),
        }
    )
    for order, (name, key) in enumerate(MENU, start=10):
        kind = BY_NAME[name]
        navigation.add(
            Entry(
                section=Section.RECORDS,
                order=order,
                title=kind.plural,
                icon=kind.icon,
                url=f"records:{name}",
                permissions=(kind.permission("view"),),
                key=key,
            )
        )
    navigation.add(
        Entry(
            section=Section.RECORDS,
            order=9,
            title=_("Calendar"),
            icon="calendar_today",
            url="records:calendar",
            permissions=("records.view_calendar_item", "records.view_task"),
            key="g y",
        )
    )
    rest = tuple(kind.permission("view") for name, kind in BY_NAME.items() if name not in dict(MENU))
    navigation.add(
        Entry(
            section=Section.RECORDS,
            order=80,
            title=_("More records"),
            icon="folder_open",
            url="records:more",
            permissions=rest,
        )
    )
    deletes = tuple(kind.permission("delete") for kind in BY_NAME.values())
    navigation.add(
        Entry(
            section=Section.RECORDS,
            order=90,
            title=_("Deleted objects"),
            icon="delete",
            url="records:deleted",
            permissions=deletes,
        )
    )
    navigation.add(
        Entry(
            section=Section.ADMINISTRATION,
            order=65,
            title=_("Code sets"),
            icon="list_alt",
            url="records:code_sets",
            permissions=(MANAGE,),
        )
    )
    for order, name in enumerate(FOUND, start=10):
        kind = BY_NAME[name]
        palette.register(palette.Source(title=kind.plural, search=partial(_found, kind), order=order))


def _found(kind: RecordType, actor: Actor, words: str, limit: int) -> Iterable[palette.Hit]:
    if len(words) < 2 or not actor.may(kind.permission("view")):
        return []
    column = kind.fields[kind.title_field].attname
    rows = glanced(queries.live(kind, actor), kind, words, using=queries.HUB)
    return [
        palette.Hit(title=title or kind.called(number), url=url_of(kind, id_), note=kind.called(number), icon=kind.icon)
        for id_, number, title in rows.order_by("-changed_at").values_list("pk", "number", column)[:limit]
    ]
