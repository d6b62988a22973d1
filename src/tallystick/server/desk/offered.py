"""Lists that maintenance offers help desks: assets, problem tree, shops, priorities, statuses (W3)."""

from __future__ import annotations

from typing import Any, Final

from tallystick.server.desk.codes import STATUSES
from tallystick.server.desk.models import Problem, Shop, WorkPriority, WorkStatus
from tallystick.server.messages import lists
from tallystick.server.messages.lists import Entry
from tallystick.server.messages.models import Peer
from tallystick.server.records.entry import LIVE
from tallystick.server.records.models import InstalledAsset
from tallystick.server.records.record_types import record_type
from tallystick.server.records.search import glanced

LONGEST: Final = 2_000
ASSETS_AT_ONCE: Final = 50
HUB: Final = "default"


def _problems(_asker: Peer, words: str) -> list[Entry]:
    rows = Problem.objects.filter(LIVE, is_active=True).select_related("parent").order_by("code")
    found = [
        {"code": one.code, "name": one.name, "parent": one.parent.code if one.parent else None}
        for one in rows[:LONGEST]
    ]
    return _narrowed(found, words)


def _shops(_asker: Peer, words: str) -> list[Entry]:
    rows = Shop.objects.filter(LIVE, is_open=True).order_by("code")
    return _narrowed([{"code": one.code, "name": one.name} for one in rows[:LONGEST]], words)


def _priorities(_asker: Peer, words: str) -> list[Entry]:
    rows = WorkPriority.objects.filter(LIVE).order_by("rank", "code")
    return _narrowed([{"code": one.code, "name": one.name} for one in rows[:LONGEST]], words)


def _statuses(_asker: Peer, words: str) -> list[Entry]:
    own = [
        {"code": one.code, "name": one.name, "kind": one.meaning}
        for one in WorkStatus.objects.filter(LIVE).order_by("code")[:LONGEST]
    ]
    return _narrowed(
        [{"code": code, "name": str(STATUSES.title(code)), "kind": code} for code in STATUSES.codes] + own, words
    )


def _assets(_asker: Peer, words: str) -> list[Entry]:
    """The first that fit: there may be very many."""
    kind = record_type("installed_asset")
    rows = InstalledAsset.objects.using(HUB).filter(LIVE)
    narrowed: Any = glanced(rows, kind, words, using=HUB) if words.strip() else rows
    values = narrowed.order_by("-changed_at", "pk").values_list("number", "name", "serial_number")[:ASSETS_AT_ONCE]
    return [{"code": kind.called(number), "name": name, "serial_number": serial} for number, name, serial in values]


def _narrowed(entries: list[Entry], words: str) -> list[Entry]:
    wanted = words.casefold().split()
    if not wanted:
        return entries
    return [one for one in entries if all(word in f"{one['code']} {one['name']}".casefold() for word in wanted)]


def add() -> None:
    """Makes the lists known to this process."""
    for name, reader in (
        ("assets", _assets),
        ("problems", _problems),
        ("shops", _shops),
        ("priorities", _priorities),
        ("statuses", _statuses),
    ):
        lists.register(name, reader)
