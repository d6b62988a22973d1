"""People at work in the systems of the demo, so that there is something to see: edits here, there and at both ends."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from tallystick.errors import TallystickError
from tallystick.server.demo.address_book import AddressBook
from tallystick.server.demo.beginning import AGENT
from tallystick.server.demo.register import Register

PAUSE_S: Final = (4.0, 9.0)
CLASH_EVERY: Final = 6
"""Every so many edits two people edit the same asset."""
MISHAP_AT: Final = 5
"""The edit at which a telephone goes wrong and deletes cards."""
MISHAP_CARDS: Final = 15
PHONES: Final = "phones"
"""The integration with the address book."""
log = structlog.get_logger("tallystick.demo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    register: Register
    book: AddressBook


@contextmanager
def going_on(places: Places, *, is_first: bool) -> Iterator[None]:
    """While the block lasts, people work. `is_first`: the demo was made just now, so its mishap is still to come."""
    stopping = threading.Event()
    thread = threading.Thread(target=_live, args=(places, stopping, is_first), name="demo-life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(timeout=10)


def _live(places: Places, stopping: threading.Event, is_first: bool) -> None:
    from django.db import connections

    chance = random.Random()  # noqa: S311
    edit = 0
    is_to_come = is_first
    try:
        while not stopping.wait(chance.uniform(*PAUSE_S)):
            edit += 1
            try:
                if is_to_come and edit >= MISHAP_AT:
                    mishap(places.book)
                    is_to_come = False
                elif edit % CLASH_EVERY == 0:
                    _clash(places, chance)
                elif edit % 2:
                    places.register.work(chance)
                else:
                    _work(chance)
            except TallystickError as error:
                log.warning("nobody edited", code=error.code, message=str(error))
    finally:
        connections.close_all()


def mishap(book: AddressBook) -> None:
    """A telephone deletes cards, all of them between two runs: a run amid them would believe the few that it misses.

    Raises ScopeBusy while a run goes on, and deletes none then.
    """
    from tallystick.server.designer.workspaces import workspace

    with workspace(PHONES, by="Demo") as opened:
        (flow,) = opened.chosen(())
        with opened.store.exclusive(opened.scope(flow)):
            book.remove(book.paths()[-MISHAP_CARDS:])


def _work(chance: random.Random) -> None:
    """Olga edits an asset in the hub."""
    asset = _some_asset(chance)
    values = {
        "note": chance.choice(("Checked on site.", "Customer asks for a replacement.", "Fan cleaned.")),
        "warranty_until": f"{chance.randint(2027, 2031)}-12-31",
    }
    name = chance.choice(list(values))
    _update(asset, {name: values[name]})


def _clash(places: Places, chance: random.Random) -> None:
    """Olga and the stores describe the same asset at the same time, and not alike."""
    from tallystick.server.records.models import InstalledAsset

    id_ = _some_asset(chance)
    asset = InstalledAsset.objects.get(pk=id_)
    places.register.rename(asset.serial_number or "", f"{asset.name} / shelf {chance.choice('ABCDEF')}")
    _update(id_, {"name": f"{asset.name} (spare)"})


def _some_asset(chance: random.Random) -> str:
    from tallystick.server.records.models import InstalledAsset

    live = InstalledAsset.objects.filter(gone_at__isnull=True)
    first, last = live.order_by("number").first(), live.order_by("-number").first()
    if first is None or last is None:
        raise TallystickError("There is no asset left to edit.")
    found = live.filter(number__gte=chance.randint(first.number, last.number)).order_by("number").first()
    return str((found or first).pk)


def _update(id_: str, values: dict[str, str | None]) -> None:
    from tallystick.server.people.actor import actor_of
    from tallystick.server.people.models import User
    from tallystick.server.records.domain.actions import update

    update(actor_of(User.objects.get(email=AGENT)), "installed_asset", id_, values)
