"""Trying a connection: does it answer, what does it hold. Nothing is written to the system."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tallystick.errors import TallystickError, Unreachable
from tallystick.model.schema import Description
from tallystick.runs.world import SystemClock, TimeIds
from tallystick.server.connections import health, vault
from tallystick.server.connections.described import keep, restored
from tallystick.server.connections.domain.change import check_secrets_stay, connection_of
from tallystick.server.connections.models import Connection
from tallystick.server.connections.opening import open_system
from tallystick.server.connections.settings_given import taken
from tallystick.server.connections.words import TALKS
from tallystick.server.people.actor import Actor

T = TypeVar("T")
PATIENCE_S: Final = 25.0
"""Whoever waits for a page is told after this time, whatever the connector does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`message` is one sentence: what was found, or what happened; `hint` what to do next."""

    is_ok: bool
    message: str
    hint: str
    code: str  # of the error
    seconds: float


def test(actor: Actor, name: str) -> Trial:
    """Connects, says what was found, and keeps it as the connection's health. Raises NotAllowed, NotFound."""
    actor.check("connections.test_connection")
    connection = connection_of(name)
    trial, description = _tried(connection.connector, lambda: _secrets_and_all(connection))
    Connection.objects.filter(pk=connection.pk).update(tested_at=timezone.now(), tested_by=actor.name)
    if description is None:
        health.note(connection.pk, _Told(trial.message, hint=trial.hint, code=trial.code))
    else:
        health.note(connection.pk, None, found=trial.message)
        keep(connection, description)
    return trial


def try_out(actor: Actor, *, connector: str, settings: Mapping[str, Any], of: str = "") -> Trial:
    """The same of settings that are not kept yet; `of`: the connection whose secrets stay where none are given.

    Raises NotAllowed, InputRefused.
    """
    actor.check("connections.test_connection")
    actor.check("connections.change_connection" if of else "connections.add_connection")
    kept = vault.opened(connection_of(of).secrets) if of else {}
    given = taken(connector, settings, kept=kept)
    if of:
        check_secrets_stay(connection_of(of), given)
    trial, _description = _tried(connector, lambda: {**given.plain, **given.secrets})
    return trial


def discover(actor: Actor, name: str, *, is_fresh: bool = False) -> Description:
    """What the system holds and can do, as it was last asked, or with `is_fresh` as it is now.

    Raises NotAllowed, NotFound, and what describing raises.
    """
    actor.check("connections.test_connection")
    connection = connection_of(name)
    if connection.described is not None and not is_fresh:
        return restored(connection.described)
    try:
        description = _in_time(lambda: _described(connection.connector, _secrets_and_all(connection)))
    except TallystickError as error:
        health.note(connection.pk, error)
        raise
    health.note(connection.pk, None, found=_found(description))
    keep(connection, description)
    return description


class _Told(TallystickError):
    """An error as it was told before."""

    def __init__(self, message: str, *, hint: str, code: str) -> None:
        super().__init__(message, hint=hint)
        self.code = code


def _secrets_and_all(connection: Connection) -> dict[str, Any]:
    return {**connection.settings, **vault.opened(connection.secrets)}


def _tried(connector: str, settings: Callable[[], Mapping[str, Any]]) -> tuple[Trial, Description | None]:
    started_s = time.monotonic()
    try:
        given = settings()
        description = _in_time(lambda: _described(connector, given))
    except TallystickError as error:
        seconds = time.monotonic() - started_s
        hint = error.hint or _("Correct the settings, or try again later.")
        return Trial(is_ok=False, message=error.message, hint=hint, code=error.code, seconds=seconds), None
    seconds = time.monotonic() - started_s
    return Trial(is_ok=True, message=_found(description), hint="", code="", seconds=seconds), description


def _described(connector: str, settings: Mapping[str, Any]) -> Description:
    system = open_system(connector, settings, clock=SystemClock(), ids=TimeIds(), is_impatient=True)
    try:
        return system.describe()
    finally:
        system.close()


def _found(description: Description) -> str:
    count = len(description.record_types)
    product = description.product or description.connector
    if description.connector in TALKS:
        return _("Reached {product}; it talks to maintenance by messages.").format(product=product)
    if not count:
        return _("Reached {product}; it offers no record types to this account.").format(product=product)
    names = ", ".join(kind.name for kind in description.record_types[:5])
    more = ", …" if count > 5 else ""
    return ngettext(
        "Reached {product}: {count} record type ({names}).", "Reached {product}: {count} record types ({names}).", count
    ).format(product=product, count=f"{count:,}", names=f"{names}{more}")


def _in_time(work: Callable[[], T]) -> T:
    """What `work` gives; a system that keeps silent is left to itself after a while. Raises what it raises."""
    results: list[T] = []
    errors: list[BaseException] = []

    def do() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001  raised again by who waits
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=do, name="connection trial", daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    if errors:
        raise errors[0]
    if not results:
        raise Unreachable(
            _("The system did not answer within {seconds} seconds.").format(seconds=f"{PATIENCE_S:.0f}"),
            hint=_("Check its address, and whether a firewall stands between."),
        )
    return results[0]
